"""What is said of processes."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.support.processes import command, cpu_seconds, descendants, memory_mb
from benchmarks.support.service import wait_for

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=0)
child.wait()
"""


def test_living_descendants_are_found_and_ended_ones_are_not() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE) as parent:
        wait_for(lambda: len(descendants(parent.pid)) == 1, 20)
        (child,) = descendants(parent.pid)
        wait_for(lambda: command(child).endswith("sys.stdin.read()"), 20)
        assert memory_mb(child) > 1
        assert parent.stdin is not None
        parent.stdin.close()
        parent.wait(20)
    assert descendants(parent.pid) == []
    assert command(child) == ""
    assert cpu_seconds({child: "child"}) == {}


def test_cpu_seconds_are_summed_by_kind() -> None:
    spin = "import time\nwhile time.process_time() < 0.2: pass\nprint('done', flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", spin], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.1)
        used = cpu_seconds({process.pid: "spinning"})
        process.kill()
    assert list(used) == ["spinning"]
    assert 0.15 < used["spinning"] < 5
