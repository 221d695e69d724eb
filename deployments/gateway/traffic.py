"""What is under way in one ingress replica."""

from __future__ import annotations

from dataclasses import dataclass

# Methods whose requests mean work: they are admitted, or refused for load. The others are answered
# from memory and pass whatever the load is, health checks above all; their bodies are not read.
WORK = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass
class Traffic:
    """What is under way in this replica. One event loop changes it."""

    bodies: int = 0  # requests whose body is still arriving
    buffered: int = 0  # bytes of these bodies
    working: int = 0  # requests that were admitted
    draining: bool = False  # new ones are refused

    @property
    def under_way(self) -> int:
        """Requests that have not been answered yet, of those that mean work."""
        return self.bodies + self.working
