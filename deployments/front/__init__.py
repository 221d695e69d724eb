"""HAProxy in front of the ingress replicas: its configuration, its start and its end."""
