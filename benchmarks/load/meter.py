"""CPU and memory of the service's processes while something happens."""

from __future__ import annotations

from benchmarks.load.results import Processes
from benchmarks.support.processes import cpu_seconds
from benchmarks.support.running import memory_by_part, parts


class Meter:
    """CPU and memory of the service's processes between two moments."""

    def __init__(self, root: int | None) -> None:
        self.root = root
        self.before_mb = self.memory()
        self.began: dict[str, float] = {}
        self.used: dict[str, float] = {}

    def memory(self) -> dict[str, float]:
        """MB by part."""
        found = memory_by_part(parts(self.root)) if self.root else {}
        return {name: round(sum(each), 1) for name, each in found.items()}

    def mark(self, event: str) -> None:
        """The moment of an event: `begin` or `end`."""
        if self.root and event == "begin":
            self.began = cpu_seconds(parts(self.root))
        elif self.root and event == "end":
            now = cpu_seconds(parts(self.root))
            # A process that ended between takes its share with it.
            self.used = {name: max(0.0, now[name] - self.began.get(name, 0.0)) for name in now}

    def per_request(self, requests: int) -> Processes | None:
        """CPU ms of each of so many requests."""
        if not self.root:
            return None
        each = {name: used * 1000 / max(1, requests) for name, used in self.used.items()}
        ordered = sorted(each.items(), key=lambda item: -item[1])
        return Processes(
            cpu_ms=round(sum(each.values()), 2),
            parts_ms={name: round(used, 2) for name, used in ordered},
            before_mb=self.before_mb,
            after_mb=self.memory(),
        )
