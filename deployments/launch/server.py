"""Starts the service from serve_config.yaml and stops it on SIGTERM or SIGINT.

What can be found wrong before Ray starts is one line and exit status 2; a deployment that fails is
one line and exit status 1. To stop, the ingress replicas refuse new requests, those under way are
answered, and only then is Ray Serve shut down. (`serve run` does neither: it stays after failures
and cuts requests.) A Ray of our own that is not ready yet has nothing to finish, and is killed.

CSANMT_HOST and CSANMT_PORT, read here, replace http_options.host and http_options.port.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import re
import sys
import time
import urllib.error
import urllib.request
from itertools import count
from typing import Any

from pydantic import ValidationError

from deployments.config import ServiceConfig, first_of
from deployments.launch.lean import deploy
from deployments.launch.stopping import Stop, end_children
from pipeline.errors import UserError

TICK_S = 0.1  # between two looks at whether it is ready
STATUS_TICKS = 10
SHUTDOWN_S = 10  # for the rest of a stop, once no request is under way


def fail(line: str, status: int) -> int:
    """Print why the launcher ends; the result is its exit status."""
    print(f"error: {line}", file=sys.stderr, flush=True)
    return status


class Server:
    """A running service.

    `document` is what the file at `path` says, serve_config.yaml; `application` is the name under
    which it deploys the service, `url` where that will answer.
    """

    def __init__(
        self,
        document: dict[str, Any],
        path: str,
        application: str,
        service: ServiceConfig,
        url: str,
        stop: Stop,
    ) -> None:
        self.document, self.path, self.application = document, path, application
        self.service, self.url, self.stop = service, url, stop
        # Whatever proxy the environment names is for other machines.
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.ready = False

    def run(self, started: float) -> int:
        """Deploy, wait until the service translates, then until it is asked to stop.

        Returns the exit status.
        """
        try:
            try:
                deploy(self.document, self.stop.watch, self.connected)
            except ValidationError as error:
                return fail(f"{self.path}: {first_of(error)}", 2)
            except UserError as error:
                return fail(str(error), 1)
            except Exception as error:  # Ray raises bare ones where it cannot start
                return fail(f"Ray did not start: {' '.join(str(error).split())}", 1)
            failure = self.wait_until_ready()
            if failure:
                return fail(failure, 1)
            if self.ready:
                self.in_order()
                print(f"Ready at {self.url} after {time.monotonic() - started:.1f} s", flush=True)
            self.stop.asked.wait()
            rest = ": requests under way are answered first" if self.ready else ""
            print(f"Stopping{rest}", flush=True)
            return 0
        finally:
            self.in_order()
            self.stop.asked.set()  # also after a failure its time begins now
            try:
                self.end()
            finally:
                self.stop.let_children_end()
                end_children()

    def in_order(self) -> None:
        """From now on a stop lets requests finish, and has a time that is limited all the same."""
        self.stop.in_order(self.service.shutdown_s + SHUTDOWN_S)

    def connected(self) -> None:
        """Called once Ray runs: in one that is not our own, what was deployed must go."""
        if os.environ.get("RAY_ADDRESS") != "local":
            self.in_order()

    def wait_until_ready(self) -> str | None:
        """None once /readyz answers 200 or a stop is asked for, else why the deployment failed."""
        from ray import serve

        for tick in count(1):
            if self.stop.asked.wait(TICK_S):
                return None
            self.ready = self.answers()
            if self.ready:
                return None
            if tick % STATUS_TICKS == 0:  # it costs as much as a replica's start if asked each time
                status = serve.status().applications.get(self.application)
                if status is not None and status.status == "DEPLOY_FAILED":
                    return f"the deployment failed: {reason(status)}"
        return None

    def answers(self) -> bool:
        """Whether /readyz says that the service translates."""
        try:
            with self.opener.open(self.url + "readyz", timeout=2) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def end(self) -> None:
        """Shut down Ray Serve and Ray, as far as they run."""
        import ray

        if ray.is_initialized():
            asyncio.run(self.shut_down())
            self.stop.let_children_end()
            with contextlib.redirect_stdout(io.StringIO()):
                ray.shutdown()

    async def shut_down(self) -> None:
        """Drain if it was ready, then delete everything.

        In one event loop, as Serve's handles are bound to it.
        """
        from ray import serve

        if self.ready:
            await self.drain()
        # Ray reports the actors that we stop as failed.
        with contextlib.redirect_stdout(io.StringIO()):
            await serve.shutdown_async()

    async def drain(self) -> None:
        """Refuse new requests and wait until none is under way, for at most the time that the
        settings give.
        """
        from ray import serve

        deadline = time.monotonic() + self.service.shutdown_s
        handle = serve.get_app_handle(self.application)

        async def everywhere(method: str) -> list[Any]:
            return await handle.broadcast(method).results_async(timeout_s=5, return_exceptions=True)

        await everywhere("drain")
        idle = 0  # checks in a row without a request: one may be on its way from the proxy
        while idle < 2 and time.monotonic() < deadline and not self.stop.hurry.is_set():
            await asyncio.sleep(0.1)
            idle = 0 if any(count for count in await everywhere("under_way")) else idle + 1


def reason(status: Any) -> str:
    """The last error that a failed application's status quotes, on one line."""
    messages = [status.message, *(deployment.message for deployment in status.deployments.values())]
    errors = [
        line.strip()
        for text in messages
        for line in text.splitlines()
        if re.match(r"\s*[\w.]*Error\b.*: ", line)
    ]
    line = errors[-1] if errors else " ".join(" ".join(messages).split())
    return re.sub(r"^[\w.]*Error[^:]*: ", "", line)
