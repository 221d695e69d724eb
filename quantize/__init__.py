"""Build time only: model sources become verified INT8 bundles that `pipeline` serves."""

import pipeline  # noqa: F401  # before ONNX Runtime, which it keeps quiet
