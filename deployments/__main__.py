"""`python -m deployments [serve_config.yaml]` starts the service, and stops it in good order."""

import sys

from deployments.launcher import main

sys.exit(main())
