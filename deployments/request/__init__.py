"""The walk of one request over the deployments: retries, deadlines, shared calls."""
