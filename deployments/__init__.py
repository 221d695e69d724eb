"""The service: Ray Serve deployments, HTTP dialects and the web page around `pipeline`."""
