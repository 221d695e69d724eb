"""The real service: a Ray cluster of its own, on free ports and in its own folder."""

from __future__ import annotations

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from benchmarks.support.processes import command, cpu_seconds, descendants

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN_S = 120  # on two cores that others use as well


class Service:
    """A service that `python -m deployments` runs, and its processes."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str] | None = None, **args: Any
    ) -> None:
        """`environment` is added to this process's; `args` override configs/service.yaml."""
        self.folder, self.environment = folder, environment or {}
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = yaml.safe_load((ROOT / "serve_config.yaml").read_text(encoding="utf-8"))
        config["applications"][0]["args"].update(args)
        self.config = folder / "serve_config.yaml"
        self.config.write_text(yaml.safe_dump(config), encoding="utf-8")
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the launcher and return at once."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "CSANMT_PORT": str(self.port),
            "RAY_TMPDIR": str(self.folder),
            "XDG_STATE_HOME": str(self.folder),
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            **self.environment,
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deployments", str(self.config)],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                # as in a terminal, where Ctrl-C reaches Ray's processes too
                start_new_session=True,
            )
        return self.process

    def start(self) -> Service:
        """Start, and return once it is ready."""
        process = self.launch()
        wait_for(
            lambda: b"Ready at" in self.log.read_bytes() or process.poll() is not None,
            STARTS_WITHIN_S,
        )
        assert process.poll() is None, self.output()
        return self

    def output(self) -> str:
        """What the launcher and Ray have printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> int:
        """Stop as Ctrl-C in a terminal does, and return the exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        try:
            return self.process.wait(60)
        finally:
            for pid in descendants(self.process.pid):
                os.kill(pid, signal.SIGKILL)
            self.process.kill()

    def replicas(self, deployment: str) -> list[int]:
        """Process ids of a deployment's replicas; the beginning of its name is enough."""
        assert self.process is not None
        name = re.compile(rf"ray::ServeReplica:csanmt:{deployment}")
        return [pid for pid in descendants(self.process.pid) if name.match(command(pid))]

    def cpu(self, deployment: str) -> float:
        """Seconds of CPU that the living replicas of a deployment have used."""
        return cpu_seconds(dict.fromkeys(self.replicas(deployment), "")).get("", 0.0)

    def translate(self, text: str, **fields: Any) -> httpx.Response:
        """What the service answers."""
        return httpx.post(f"{self.url}/translate", json={"text": text, **fields}, timeout=60)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    """Return once the condition holds; raises AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.1)


@contextmanager
def sending(service: Service, text: str, clients: int, pause: float) -> Iterator[list[int | str]]:
    """Let clients send requests, one after another each, and list how these end.

    That is 200, or what came instead. `pause` are the seconds between a client's requests.
    """
    outcomes: list[int | str] = []
    ended = threading.Event()

    def send() -> None:
        with httpx.Client(timeout=60) as client:
            while not ended.is_set():
                outcomes.append(_outcome(client, service, text))
                time.sleep(pause)

    with ThreadPoolExecutor(clients) as pool:
        senders = [pool.submit(send) for _ in range(clients)]
        try:
            yield outcomes
        finally:
            ended.set()
            for sender in senders:
                sender.result()


def _outcome(client: httpx.Client, service: Service, text: str) -> int | str:
    try:
        answer = client.post(f"{service.url}/translate", json={"text": text})
    except httpx.HTTPError as error:
        return type(error).__name__
    return 200 if answer.status_code == 200 else f"{answer.status_code} {answer.text}"
