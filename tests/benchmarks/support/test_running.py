"""The service's processes by their part in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest

from benchmarks.support.running import answers, memory_by_part, part, parts
from benchmarks.support.service import free_port


@pytest.fixture
def titled(request: pytest.FixtureRequest) -> Iterator[int]:
    """A process that titles itself as the test says."""
    sleep = shutil.which("sleep")
    assert sleep is not None
    with subprocess.Popen([request.param, "60"], executable=sleep) as process:
        time.sleep(0.1)
        yield process.pid
        process.kill()


@pytest.mark.parametrize(
    ("titled", "expected"),
    [
        ("ray::ServeReplica:csanmt:translate-csanmt-zh-en-tiny", "translate"),
        ("ray::ServeReplica:csanmt:ingress", "ingress"),
        ("ray::ProxyActor", "proxy"),
        ("ray::HAProxyManager", "proxy"),
        ("/somewhere/haproxy", "proxy"),
        ("ray::ServeController.listen_for_change", "controller"),
        ("ray::DashboardAgent", "Ray"),
        ("/somewhere/raylet", "Ray"),
    ],
    indirect=["titled"],
)
def test_a_process_has_the_part_that_its_title_says(titled: int, expected: str) -> None:
    assert part(titled) == expected
    assert parts(os.getpid())[titled] == expected


def test_memory_is_listed_by_part_and_ended_processes_are_left_out() -> None:
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    found = memory_by_part({os.getpid(): "tests", ended.pid: "none"})
    assert list(found) == ["tests"]
    assert found["tests"][0] > 10


def test_a_port_where_nothing_listens_does_not_answer() -> None:
    assert not answers(free_port())
