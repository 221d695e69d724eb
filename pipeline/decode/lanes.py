"""Who goes first: the sentences that wait, and the rules by which they get their turn."""

from __future__ import annotations

import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal

from pipeline.decode.options import DecodingOptions, Hypothesis
from pipeline.errors import DeadlineExceeded, EngineStopped

Lane = Literal["interactive", "bulk"]
LANES: tuple[Lane, ...] = ("interactive", "bulk")  # in order of precedence
BULK_UNITS = 8  # a text of more sentences is a document: one-line requests go ahead of it
# Share of the token budget that is closed to bulk, so that a short request finds room at once.
RESERVED = 0.25
JOINS_A_STEP = 8  # encoding more at once would hold up the rows that are being decoded
FIRST_JOINS = 64  # where there are none: sentences that start together make the fullest batches


def lane_for(units: int) -> Lane:
    """The lane for a request of `units` sentences."""
    return "bulk" if units > BULK_UNITS else "interactive"


@dataclass(eq=False)
class Job:
    """A sentence on its way through the engine, and the future that its caller awaits."""

    ids: tuple[int, ...]  # of the source, without the end symbol
    options: DecodingOptions
    lane: Lane
    deadline: float | None  # on the monotonic clock
    future: Future[tuple[Hypothesis, ...]] = field(default_factory=Future)

    @property
    def limit(self) -> int:
        """Most target tokens, the end symbol included."""
        return self.options.limit(len(self.ids))

    @property
    def cost(self) -> int:
        """Tokens it is expected to hold in the cache, over its beams."""
        beams = 1 if self.options.greedy else self.options.beam_size
        target = min(self.limit, 2 * len(self.ids) + 8)
        return beams * (len(self.ids) + 1 + target)

    def compatible_with(self, other: Job) -> bool:
        """Whether both may be rows of one batch."""
        ours, theirs = self.options, other.options
        return (ours.greedy, ours.beam_size) == (theirs.greedy, theirs.beam_size)

    def drop_if_unwanted(self) -> bool:
        """Whether nobody waits for it any more.

        That is so once its caller cancelled it or its deadline passed, which then fails its future
        with DeadlineExceeded.
        """
        if self.future.cancelled():
            return True
        if self.deadline is None or time.monotonic() < self.deadline:
            return False
        if self.future.set_running_or_notify_cancel():
            self.future.set_exception(
                DeadlineExceeded("the time given for this translation has passed")
            )
        return True

    def fail(self) -> None:
        """Fail the future with EngineStopped, where its caller still waits."""
        if not self.future.done() and self.future.set_running_or_notify_cancel():
            self.future.set_exception(
                EngineStopped("the engine was stopped before this sentence was done")
            )
