"""`python -m benchmarks.engines` (`make bench`): this engine beside others, on the same weights and
the same work.
"""
