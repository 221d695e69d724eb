"""HTTP: the ingress deployment, its routes and middleware, and the dialects of its clients."""
