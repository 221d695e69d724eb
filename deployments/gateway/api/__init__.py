"""Our own API, under /v1: rich answers, streams, and what is served."""
