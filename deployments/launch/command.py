"""The command `python -m deployments`."""

from __future__ import annotations

import argparse
import time

from deployments.config import read
from deployments.launch.address import claim, set_front
from deployments.launch.checks import (
    ENVIRONMENT,
    check,
    check_folder,
    find_application,
    name_hosts,
    set_environment,
)
from deployments.launch.server import Server, fail
from deployments.launch.stopping import Stop
from deployments.private import keep_files_private
from pipeline.config import resolve
from pipeline.errors import UserError


def main(stop: Stop) -> int:
    """Run the service; the result is the exit status (deployments/launch/server.py)."""
    parser = argparse.ArgumentParser(
        "python -m deployments",
        description="Starts the service, and stops it in good order on SIGTERM or Ctrl+C.",
    )
    parser.add_argument(
        "config", nargs="?", default="serve_config.yaml", help="of Ray Serve (%(default)s)"
    )
    parsed = parser.parse_args()
    started = time.monotonic()
    try:
        set_environment(resolve(ENVIRONMENT))
        keep_files_private()
        check_folder()
        document = read(resolve(parsed.config))
        application = find_application(document, parsed.config)
        service = check(application, parsed.config)
        url = claim(document)
        name_hosts(application, service, document["http_options"]["host"])
        set_front(application, document, service)
    except UserError as error:
        return fail(str(error), 2)
    name = str(application.get("name", "default"))
    return Server(document, parsed.config, name, service, url, stop).run(started)
