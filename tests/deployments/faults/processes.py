"""Processes that hang, and replicas that take the place of others."""

from __future__ import annotations

import os
import signal
import time

import psutil

from benchmarks.support.service import Service, wait_for
from tests.deployments.faults.clients import GAP_S


def replaced(service: Service, deployment: str, before: list[int]) -> bool:
    """Whether all of `before` have gone, and as many others are there."""
    now = service.replicas(deployment)
    return len(now) == len(before) and not set(now) & set(before)


def hang(pid: int) -> float:
    """Have a process hang until it is killed; the result are the seconds that this took."""
    began = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_for(lambda: not psutil.pid_exists(pid), 3 * GAP_S)
    except AssertionError:
        os.kill(pid, signal.SIGCONT)  # or the service could not stop
        raise
    return time.monotonic() - began
