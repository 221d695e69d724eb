"""One file a change, the oldest first. A change adds; what it takes away was unused for a release,
since during an update replicas of both run.
"""
