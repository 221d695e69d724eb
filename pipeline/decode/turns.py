"""Which lane a worker works for next: documents have a share of its time beside short requests."""

from __future__ import annotations

from pipeline.decode.lanes import Lane

# Of the time in which jobs of both lanes are there, so much is bulk's: however many short requests
# come, a document goes on. With the smaller batch it makes a quarter of the tokens of that.
BULK_SHARE = 0.3


class Turns:
    """One worker's turns, by the time that each lane has had.

    Each turn of bulk leaves a debt, which interactive turns pay off. The one that an interactive
    job finds under way when it comes counts too: a document costs a short request little more than
    the rest of one turn.
    """

    def __init__(self) -> None:
        self._debt = 0.0  # seconds of bulk that are not paid for; below zero, its due

    def next(self, *, interactive: bool, bulk: bool) -> Lane:
        """The lane that goes on, where there are jobs of these lanes."""
        return "bulk" if bulk and not (interactive and self._debt > 0) else "interactive"

    def note(self, lane: Lane, seconds: float, *, beside: bool) -> None:
        """A turn of `lane` took so long, `beside` jobs of the other one or not.

        Time that nobody else wanted neither makes bulk wait for longer nor gives it a claim.
        """
        if lane == "bulk":
            self._debt = seconds + (self._debt if beside else 0.0)
        else:
            self._debt -= seconds * BULK_SHARE / (1 - BULK_SHARE)
            if not beside:
                self._debt = max(0.0, self._debt)
