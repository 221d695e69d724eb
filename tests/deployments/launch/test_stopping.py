"""What signals do to the launcher, in a process of its own that starts others as Ray does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from benchmarks.support.service import ROOT, wait_for
from deployments.launch.stopping import prepare_child

Launcher = subprocess.Popen[str]

# Says who its children are: a process and that one's, which outlives it, as Ray's agents do.
SCRIPT = """
import os, signal, subprocess, sys, threading, time
from deployments.launch import stopping

stopping.HURRY_S = 0.5
stop = stopping.Stop()
stop.listen()
child = subprocess.Popen(
    [sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True, start_new_session=True
)

def by_ray(*_):
    raise SystemExit(15)

for number in stopping.SIGNALS:
    signal.signal(number, by_ray)
"""
CHILD = """
import subprocess, time
other = subprocess.Popen(["sleep", "60"], start_new_session=True)
print(other.pid, flush=True)
time.sleep(60)
"""
TELL = "print(os.getpid(), child.pid, child.stdout.readline().strip(), flush=True)\n"


@pytest.fixture
def launch() -> Iterator[Callable[[str], tuple[Launcher, list[int]]]]:
    """Runs the script with what is to follow; the process, and all there are."""
    found: list[int] = []

    def start(rest: str) -> tuple[Launcher, list[int]]:
        script = f"CHILD = {CHILD!r}\n{SCRIPT}{TELL}{rest}"
        process = subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        found.extend(int(pid) for pid in process.stdout.readline().split())
        return process, found

    yield start
    for pid in filter(psutil.pid_exists, found):
        os.kill(pid, signal.SIGKILL)


def outcome(process: Launcher, pids: list[int]) -> tuple[int, str]:
    """Exit status and output, once it has ended; of its processes none is left."""
    output, _ = process.communicate(timeout=20)
    assert len(pids) == 3
    wait_for(lambda: not any(map(psutil.pid_exists, pids)), 2)
    return process.returncode, output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_before_there_is_anything_to_finish_a_signal_ends_all(
    launch: Callable[[str], tuple[Launcher, list[int]]], number: signal.Signals
) -> None:
    process, pids = launch("time.sleep(60)")
    process.send_signal(number)
    assert outcome(process, pids) == (0, "Stopping\n")


def test_a_signal_ends_all_although_the_main_thread_hangs(
    launch: Callable[[str], tuple[Launcher, list[int]]],
) -> None:
    process, pids = launch("lock = threading.Lock(); lock.acquire(); lock.acquire()")
    process.send_signal(signal.SIGTERM)
    assert outcome(process, pids) == (0, "Stopping\n")


def test_what_is_said_of_processes_that_die_is_not_heard(
    launch: Callable[[str], tuple[Launcher, list[int]]],
) -> None:
    process, pids = launch("child.wait(); print('it died', flush=True); stop.in_order(20)")
    process.send_signal(signal.SIGTERM)
    _, output = outcome(process, pids)
    assert output == "Stopping\n"


ORDERLY = """
stop.in_order(20)
print("in order", flush=True)
stop.asked.wait()
print("asked", flush=True)
stop.hurry.wait()
print("hurry", flush=True)
"""


def test_a_stop_in_order_is_left_to_the_main_thread(
    launch: Callable[[str], tuple[Launcher, list[int]]],
) -> None:
    process, pids = launch(f"{ORDERLY}stopping.end_children()")
    assert process.stdout is not None and process.stdout.readline() == "in order\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "asked\n"
    assert all(map(psutil.pid_exists, pids))
    process.send_signal(signal.SIGINT)
    assert outcome(process, pids) == (0, "hurry\n")


def test_a_stop_that_hangs_ends_with_the_second_signal(
    launch: Callable[[str], tuple[Launcher, list[int]]],
) -> None:
    process, pids = launch(f"{ORDERLY}time.sleep(60)")
    assert process.stdout is not None and process.stdout.readline() == "in order\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "asked\n"
    process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    status, output = outcome(process, pids)
    assert status == 1
    assert output.splitlines()[-1] == (
        "error: the stop took more than 0.5 s: all processes were killed"
    )
    assert time.monotonic() - begun < 5


def test_a_stop_in_order_that_hangs_ends_in_its_time(
    launch: Callable[[str], tuple[Launcher, list[int]]],
) -> None:
    process, pids = launch("stop.in_order(0.5); print('in order', flush=True); time.sleep(60)")
    assert process.stdout is not None and process.stdout.readline() == "in order\n"
    process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    assert outcome(process, pids) == (
        1,
        "error: the stop took more than 0.5 s: all processes were killed\n",
    )
    assert 0.4 < time.monotonic() - begun < 5


WATCH = """
stopping.adopt_orphans()
stop.watch("raylet", child.pid)
print("watching", flush=True)
"""


def test_a_child_that_is_watched_ends_all(
    launch: Callable[[str], tuple[Launcher, list[int]]],
) -> None:
    process, pids = launch(f"{WATCH}time.sleep(60)")
    assert process.stdout is not None and process.stdout.readline() == "watching\n"
    os.kill(pids[1], signal.SIGKILL)
    assert outcome(process, pids) == (
        1,
        "error: Ray's raylet has ended, and the service with it: start it again\n",
    )


def test_the_first_reason_to_end_counts(
    launch: Callable[[str], tuple[Launcher, list[int]]],
) -> None:
    process, pids = launch(f"{WATCH}time.sleep(60)")
    assert process.stdout is not None and process.stdout.readline() == "watching\n"
    process.send_signal(signal.SIGTERM)
    assert outcome(process, pids) == (0, "Stopping\n")


def test_children_may_end_once_they_are_told_to(
    launch: Callable[[str], tuple[Launcher, list[int]]],
) -> None:
    ended = "stop.let_children_end(); stopping.end_children(); time.sleep(0.3); print('ended')"
    process, pids = launch(WATCH + ended)
    assert outcome(process, pids) == (0, "watching\nended\n")


def test_adopted_processes_that_end_leave_nothing(
    launch: Callable[[str], tuple[Launcher, list[int]]],
) -> None:
    process, pids = launch(
        "stopping.adopt_orphans(); stopping.forget_orphans(); print('on', flush=True); "
        "stop.in_order(20); stop.asked.wait(); stopping.end_children()"
    )
    assert process.stdout is not None and process.stdout.readline() == "on\n"
    for pid in pids[1:]:
        os.kill(pid, signal.SIGKILL)
        wait_for(partial(gone, pid), 5)
    process.send_signal(signal.SIGTERM)
    assert outcome(process, pids) == (0, "")


def gone(pid: int) -> bool:
    """Whether not even a zombie is left."""
    return not psutil.pid_exists(pid)


def blocked(pid: int) -> int:
    """The signals that a process's main thread blocks, a bit each."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    (mask,) = (line.split()[1] for line in lines if line.startswith("SigBlk:"))
    return int(mask, 16)


def test_what_ray_starts_listens_to_sigterm() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        prepared = partial(prepare_child, os.getpid())
        with subprocess.Popen(["sleep", "60"], preexec_fn=prepared) as child:
            mask = blocked(child.pid)
            child.terminate()
            assert child.wait(10) == -signal.SIGTERM
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert not mask & 1 << signal.SIGTERM - 1


def test_what_ray_starts_does_not_begin_where_its_parent_has_ended() -> None:
    assert subprocess.run(["true"], preexec_fn=partial(prepare_child, 0)).returncode == 1
