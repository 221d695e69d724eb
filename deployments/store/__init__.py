"""The state: glossaries, keys, usage and documents, in one database that all replicas share."""
