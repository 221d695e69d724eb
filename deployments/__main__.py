"""`python -m deployments [serve_config.yaml]` starts the service, and stops it in good order."""

from __future__ import annotations

import sys

from deployments.launch.stopping import Stop

if __name__ == "__main__":
    stop = Stop()
    stop.listen()
    from deployments.launch.command import main  # only now: it takes a while

    sys.exit(main(stop))
