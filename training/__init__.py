"""How the project's own CSANMT models are made: from a parallel corpus to a source folder that
`quantize` builds.
"""

import pipeline  # noqa: F401  # before ONNX Runtime, which it keeps quiet
