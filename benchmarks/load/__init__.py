"""How the service bears load: `python -m benchmarks.load`."""
