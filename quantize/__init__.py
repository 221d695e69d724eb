"""Build time only: model sources become verified INT8 bundles that `pipeline` serves."""
