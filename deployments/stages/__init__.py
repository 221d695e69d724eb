"""The three deployments behind the ingress, and what travels between them."""
