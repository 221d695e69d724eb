"""What the service and its parts cost, each measured by one command."""
