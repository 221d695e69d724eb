"""How the launcher hears that it should stop, and how nothing that it started outlives it.

A handler of signals would not do: Ray replaces it while it starts, in Python and in C++, and its
own end the process in the middle of C++ code, which then crashes or hangs. So every thread blocks
both signals, no handler is ever called, and one thread waits for them.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

SIGNALS = {signal.SIGINT, signal.SIGTERM}
HURRY_S = 10  # for the rest of a stop, from the second signal on
ENDS_WITHIN_S = 5  # after it was killed
ENDING = threading.Lock()  # of this process, by the thread that was first
PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


class Stop:
    """What signals have asked for: the first for a stop in good order, the second for a quick one.

    Until `in_order` is called there is nothing to be finished, and the first signal ends all that
    was started, and this process, at once.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.hurry = threading.Event()
        self._deciding = threading.Lock()
        self._in_order = False
        self._children_may_end = threading.Event()

    def listen(self) -> None:
        """Called by the main thread before there is another: threads inherit what it blocks."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        threading.Thread(target=self._hear, name="signals", daemon=True).start()

    def in_order(self, within_s: float) -> None:
        """From now on whoever waits for `asked` ends this process, in so many seconds: Ray's calls
        may never return.
        """
        with self._deciding:
            if not self._in_order:
                self._in_order = True
                limit = threading.Thread(target=self._limit, args=(within_s,), daemon=True)
                limit.start()

    def watch(self, program: str, pid: int) -> None:
        """End all, and this process, when this child does.

        Without Ray's raylet or GCS nothing is answered, and calls to Ray wait for minutes; but
        whoever started the service can start it again once it has ended.
        """
        threading.Thread(target=self._watch, args=(program, pid), daemon=True).start()

    def let_children_end(self) -> None:
        """From now on they end because this process ends them."""
        self._children_may_end.set()

    def _hear(self) -> None:
        signal.sigwait(SIGNALS)
        with self._deciding:
            if not self._in_order:
                end(1, "Stopping", 0)
            self.asked.set()
        signal.sigwait(SIGNALS)
        self.hurry.set()
        self._take(HURRY_S)

    def _limit(self, seconds: float) -> None:
        self.asked.wait()
        self._take(seconds)

    def _take(self, seconds: float) -> None:
        time.sleep(seconds)
        end(2, f"error: the stop took more than {seconds:g} s: all processes were killed", 1)

    def _watch(self, program: str, pid: int) -> None:
        with suppress(ChildProcessError):  # it has ended, and was waited for
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        if not self._children_may_end.is_set():
            end(2, f"error: Ray's {program} has ended, and the service with it: start it again", 1)


def end(stream: int, line: str, status: int) -> None:
    """Kill all that was started and end this process with a line, whatever its other threads do.

    The first call counts, and none returns.
    """
    ENDING.acquire()
    with suppress(OSError):
        os.write(stream, f"{line}\n".encode())
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for output in (1, 2):  # for what Ray's client says of the processes that die
        os.dup2(nowhere, output)
    end_children()
    os._exit(status)


def adopt_orphans() -> None:
    """Processes whose parent dies become children of this one, if it is their ancestor."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def forget_orphans() -> None:
    """From now on no process that is adopted and ends has to be waited for.

    Called by the main thread, after all children have been started: they would inherit this.
    """
    if sys.platform == "linux":
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def end_children() -> None:
    """Kill this process's children, and theirs, which become its own, until none is left."""
    if sys.platform != "linux":
        return
    adopt_orphans()
    deadline = time.monotonic() + ENDS_WITHIN_S
    while time.monotonic() < deadline:
        for pid in children():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        except ChildProcessError:
            return
        time.sleep(0.01)


def children() -> list[int]:
    """Processes that this one has started or adopted and not waited for yet."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            _, _, fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")
            if int(fields.split()[1]) == os.getpid():
                found.append(int(path.parent.name))
    return found


def prepare_child(parent: int) -> None:
    """Called in a new process of Ray's before it becomes another program.

    It listens to SIGTERM, and does not begin where its parent has ended already, of which it could
    not be told.
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    if os.getppid() != parent:
        os._exit(1)
