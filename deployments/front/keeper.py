"""Becomes HAProxy, and leaves a process behind that sees to its end.

Ray kills all that HAProxy's manager has started when the manager dies. The front door should stay
open until there is a new manager, so HAProxy leaves the manager's process group; and it must not
outlive the service, so it is kept: ended with Ray on this machine, or when no new manager has
taken over in time.

A script of the standard library alone, which Ray runs as `keeper.py HAPROXY -db -f FILE …`.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import suppress
from pathlib import Path

TAKEN_OVER_WITHIN_S = 30  # else nobody is left who would
ENDS_WITHIN_S = 5


def main(arguments: list[str]) -> None:
    """Does not return: this process becomes HAProxy, under the same id, as Ray expects."""
    configuration = Path(arguments[arguments.index("-f") + 1])
    manager, raylet = os.getppid(), int(os.environ["RAY_RAYLET_PID"])
    watched = [os.pidfd_open(pid) for pid in (os.getpid(), manager, raylet)]
    os.setsid()
    if os.fork() == 0:
        if os.fork() == 0:  # twice: HAProxy is nobody's parent
            keep(configuration, *watched)
        os._exit(0)
    os.wait()
    if "-sf" not in arguments:
        arguments = [*arguments, *taking_over(configuration)]
    pid_file(configuration).write_text(str(os.getpid()), encoding="utf-8")
    os.execv(arguments[0], arguments)


def pid_file(configuration: Path) -> Path:
    """Holds the id of the HAProxy that was started last."""
    return configuration.with_suffix(".pid")


def running(configuration: Path) -> int | None:
    """The id of the HAProxy that serves although its manager died."""
    with suppress(OSError, ValueError):
        pid = int(pid_file(configuration).read_text(encoding="utf-8"))
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if str(configuration).encode() in command:
            return pid
    return None


def taking_over(configuration: Path) -> list[str]:
    """HAProxy's arguments to take the listeners over from that one, and to let it end."""
    pid = running(configuration)
    socket = configuration.with_name("admin.sock")
    return [] if pid is None else ["-sf", str(pid), "-x", str(socket)]


def keep(configuration: Path, haproxy: int, manager: int, raylet: int) -> None:
    """Return once HAProxy has ended, or been told to; its files go with Ray.

    The last three are open pidfds.
    """
    if ended(haproxy, manager, raylet) == {manager}:
        ended(haproxy, raylet, seconds=TAKEN_OVER_WITHIN_S)
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(haproxy, signal.SIGTERM)
    if ended(raylet, seconds=0):
        ended(haproxy, seconds=ENDS_WITHIN_S)
        with suppress(OSError):  # the manager may clear away as well
            for path in configuration.parent.iterdir():
                path.unlink()
            configuration.parent.rmdir()


def ended(*processes: int, seconds: float | None = None) -> set[int]:
    """Those that have ended, once one has or the time is over."""
    poll = select.poll()
    for process in processes:
        poll.register(process, select.POLLIN)
    return {found for found, _ in poll.poll(None if seconds is None else seconds * 1000)}


if __name__ == "__main__":
    main(sys.argv[1:])
