"""A service that runs for the length of a block, and its processes by their part in it."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from benchmarks.support.processes import command, descendants, memory_mb
from benchmarks.support.service import STARTS_WITHIN_S, Service, wait_for

ACTORS = {
    "ProxyActor": "proxy",
    "HAProxyManager": "proxy",
    "ServeController": "controller",
}


def part(pid: int) -> str:
    """What a process does in the service; `Ray` is all that Ray has beside it."""
    words = command(pid)
    if replica := re.match(r"ray::ServeReplica:csanmt:([a-z]+)", words):
        return replica[1]
    if actor := re.match(r"ray::(\w+)", words):
        return ACTORS.get(actor[1], "Ray")
    return "proxy" if "haproxy" in words.split(" ")[0] else "Ray"


def parts(root: int) -> dict[int, str]:
    """The launcher and every process that it started, each with its part."""
    return {pid: part(pid) for pid in (root, *descendants(root))}


def memory_by_part(processes: Mapping[int, str]) -> dict[str, list[float]]:
    """MB of each process of a part (PSS), the largest part first."""
    found: dict[str, list[float]] = {}
    for pid, name in processes.items():
        with suppress(psutil.Error):  # ended meanwhile
            used = memory_mb(pid)
            found.setdefault(name, []).append(round(used, 1))
    return dict(sorted(found.items(), key=lambda item: -sum(item[1])))


@contextmanager
def running(environment: Mapping[str, str], args: Mapping[str, Any]) -> Iterator[Service]:
    """A service that is launched, not yet ready, in a folder of its own; stopped at the end.

    `environment` and `args` are Service's.
    """
    folder = Path(tempfile.mkdtemp(prefix="cs", dir="/tmp"))  # sockets need a short path
    service = Service(folder, environment=environment, **args)
    try:
        service.launch()
        yield service
    except BaseException:
        service.stop()
        raise
    else:
        if status := service.stop():
            raise SystemExit(f"the service ended with status {status}:\n{service.output()}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def await_first_answer(service: Service) -> float:
    """Seconds from now until a client has its first translation.

    Returns once the launcher has said that it is ready, too. Raises SystemExit if it ends.
    """
    assert service.process is not None
    process, began = service.process, time.monotonic()
    while not answers(service.port):
        if process.poll() is not None or time.monotonic() > began + STARTS_WITHIN_S:
            raise SystemExit(f"the service does not start:\n{service.output()}")
        time.sleep(0.1)
    seconds = time.monotonic() - began
    wait_for(lambda: "Ready at" in service.output(), STARTS_WITHIN_S)
    return seconds


def answers(port: int) -> bool:
    """Whether a request for a translation has one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=STARTS_WITHIN_S)
    headers = {"Content-Type": "application/json"}
    try:
        connection.request("POST", "/translate", json.dumps({"text": "你好"}), headers)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
