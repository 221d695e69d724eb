"""The translation itself: text in, text out, in one process. Knows neither Ray nor HTTP."""

import os

# ONNX Runtime tells its makers of its use, and keeps an id of the machine for that, unless this is
# set before it is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
