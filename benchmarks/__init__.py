"""Measurements that anyone can run again: python -m benchmarks.NAME."""

import pipeline  # noqa: F401  # before ONNX Runtime, which it keeps quiet
