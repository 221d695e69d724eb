"""HAProxy's end: with Ray, or when nobody takes it over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.support.service import wait_for
from deployments.front import keeper

# Plays Ray's manager of HAProxy, and `sleep` HAProxy.
MANAGER = """
import subprocess, sys, time
command = [sys.executable, "-I", "-S", *sys.argv[1:]]
print(subprocess.Popen(command, stdout=subprocess.DEVNULL).pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """Plays Ray's raylet."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Plays HAProxy: keeps its arguments, and ends when it is told to."""
    path = tmp_path / "front.py"
    path.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n", encoding="utf-8")
    path.chmod(0o700)
    return path


Manage = Callable[[], tuple[subprocess.Popen[str], int]]


@pytest.fixture
def manage(sleeper: subprocess.Popen[bytes], program: Path, tmp_path: Path) -> Iterator[Manage]:
    """Starts a manager; the result is its process and that of its HAProxy."""
    started: list[subprocess.Popen[str]] = []
    fronts: list[int] = []

    def start() -> tuple[subprocess.Popen[str], int]:
        arguments = [keeper.__file__, str(program), "-db", "-f", str(tmp_path / "haproxy.cfg")]
        manager = subprocess.Popen(
            [sys.executable, "-c", MANAGER, *arguments],
            env={**os.environ, "RAY_RAYLET_PID": str(sleeper.pid)},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert manager.stdout is not None
        front = int(manager.stdout.readline())
        wait_for(lambda: keeper.running(tmp_path / "haproxy.cfg") == front, 10)
        started.append(manager)
        fronts.append(front)
        return manager, front

    yield start
    for manager in started:
        manager.kill()
        manager.communicate()
    for front in fronts:
        if lives(front):
            os.kill(front, signal.SIGKILL)


def lives(pid: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False


def test_it_keeps_its_process_id_and_leaves_the_managers_group(manage: Manage) -> None:
    manager, front = manage()
    assert os.getpgid(manager.pid) == manager.pid and os.getsid(front) == front
    os.killpg(manager.pid, signal.SIGKILL)
    manager.wait()
    assert lives(front)


def test_it_ends_with_ray_and_so_do_its_files(
    manage: Manage, sleeper: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    _, front = manage()
    sleeper.kill()
    sleeper.wait()
    wait_for(lambda: not lives(front), 5)
    wait_for(lambda: not tmp_path.exists(), 5)


def test_it_ends_with_ray_also_after_its_manager(
    manage: Manage, sleeper: subprocess.Popen[bytes]
) -> None:
    manager, front = manage()
    manager.kill()
    manager.wait()
    assert lives(front)
    sleeper.kill()
    sleeper.wait()
    wait_for(lambda: not lives(front), 5)


def test_the_next_manager_takes_it_over(manage: Manage, tmp_path: Path) -> None:
    configuration = tmp_path / "haproxy.cfg"
    assert keeper.taking_over(configuration) == []
    manager, front = manage()
    manager.kill()
    manager.wait()
    expected = ["-sf", str(front), "-x", str(tmp_path / "admin.sock")]
    assert keeper.taking_over(configuration) == expected
    _, other = manage()
    command = Path(f"/proc/{other}/cmdline")  # the keeper's, and then what it became
    ending = "\0".join([*expected, ""])
    wait_for(lambda: command.read_text(encoding="utf-8").endswith(ending), 10)
    assert keeper.running(configuration) == other


def test_an_id_that_now_is_another_process_is_not_taken_for_it(tmp_path: Path) -> None:
    configuration = tmp_path / "haproxy.cfg"
    keeper.pid_file(configuration).write_text(str(os.getpid()), encoding="utf-8")
    assert keeper.running(configuration) is None


def test_nobody_keeps_it_open_for_long(
    sleeper: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "TAKEN_OVER_WITHIN_S", 0.2)
    with subprocess.Popen(["sleep", "60"]) as front, subprocess.Popen(["true"]) as manager:
        manager_fd = os.pidfd_open(manager.pid)
        raylet, haproxy = os.pidfd_open(sleeper.pid), os.pidfd_open(front.pid)
        keeper.keep(tmp_path / "haproxy.cfg", haproxy, manager_fd, raylet)
        assert tmp_path.exists()
        assert front.wait(5) == -signal.SIGTERM
    for descriptor in (manager_fd, raylet, haproxy):
        os.close(descriptor)
