"""`python -m deployments`: what is checked before Ray starts, and the service's start and stop."""
