"""Which requests are begun: those that the translators can finish in time.

Each ingress replica decides for itself, before it does any work: it knows how many source tokens it
has given the translators of a model, takes the other replicas to have as many, and learns from each
answer how fast the translator that gave it is when it is full. Short texts may wait
`limits.queue_wait_s`, since somebody looks at them, documents `limits.document_wait_s`, and be done
in half of the time that they have. Documents take turns, so one waits for no more of another than
it has itself. Longer queues would make everybody wait and nobody be served sooner.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from deployments.config import Limits
from deployments.errors import Overloaded
from deployments.stages.messages import Load
from pipeline.decode.lanes import Lane

DOCUMENT = 400  # characters; longer texts are taken for documents until their sentences are counted
PATIENCE = 0.5  # of a text's time: the rest is for what comes meanwhile
SILENT_S = 10  # a translator that has not answered for so long, while others do, is gone
LEARNING = 0.02  # how much of a text's tokens a character is learnt from one text
# How long the front door refuses by itself, in milliseconds: little beside what waits at that time.
HOLD_MS: dict[Lane, int] = {"interactive": 250, "bulk": 1000}
LONGEST_RETRY_S = 120


class Place:
    """What one request has to do with the translators until it is answered."""

    def __init__(self, capacity: Capacity, lane: Lane, tokens: float) -> None:
        self._capacity = capacity
        self.lane, self.tokens = lane, tokens  # its own that are not finished

    def settle(self, lane: Lane, tokens: int, characters: int) -> None:
        """The text was prepared: it is in this lane, and so many tokens are to be translated."""
        self._capacity.learn_tokens(tokens, characters)
        self.lane, self.tokens = lane, tokens

    def finish(self, tokens: int, load: Load) -> None:
        """So many of them are, by the translator whose load that is."""
        self._capacity.learn(load)
        self.tokens = max(0.0, self.tokens - tokens)


class Capacity:
    """Of one model's translators, as one of `replicas` ingress replicas knows it."""

    def __init__(
        self, limits: Limits, replicas: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limits, self._replicas, self._clock = limits, replicas, clock
        self._loads: dict[str, tuple[float, Load]] = {}  # and when they were heard
        self._places: set[Place] = set()
        self._per_character = 0.7  # tokens

    @contextmanager
    def enter(self, characters: int) -> Iterator[Place]:
        """A place for a text; raises Overloaded where it could not be translated in time."""
        lane: Lane = "bulk" if characters > DOCUMENT else "interactive"
        tokens = characters * self._per_character
        self._refuse_late(lane, tokens, characters)
        place = Place(self, lane, tokens)
        self._places.add(place)
        try:
            yield place
        finally:
            self._places.discard(place)

    def _refuse_late(self, lane: Lane, tokens: float, characters: int) -> None:
        """Raises Overloaded if a text of so many would wait, or take, too long."""
        rate = sum(load.rates[lane] for _, load in self._loads.values())
        before = self._before(lane, tokens)
        if not rate or not before:
            return  # one that comes alone is begun, however slow this machine is
        limits = self._limits
        longest_s = limits.queue_wait_s if lane == "interactive" else limits.document_wait_s
        queue_s = self._replicas * before / rate
        whole_s = queue_s + tokens / rate - PATIENCE * limits.seconds(characters)
        late_s = max(queue_s - longest_s, whole_s)
        if late_s <= 0:
            return
        # Where a text is only too long for now, a shorter one may have room.
        least = self._before(lane, min(tokens, DOCUMENT * self._per_character))
        raise Overloaded(
            retry_after_s=min(LONGEST_RETRY_S, max(1, math.ceil(min(queue_s, late_s + 1)))),
            hold_ms=HOLD_MS[lane] if self._replicas * least / rate > longest_s else 0,
        )

    def _before(self, lane: Lane, tokens: float) -> float:
        """Tokens of others that are finished before so many of a new text are."""
        others = (place.tokens for place in self._places if place.lane == lane)
        return sum(others if lane == "interactive" else (min(other, tokens) for other in others))

    def learn(self, load: Load) -> None:
        """A translator has answered."""
        now = self._clock()
        self._loads[load.replica] = now, load
        for replica, (heard, _) in list(self._loads.items()):
            if heard < now - SILENT_S:
                del self._loads[replica]

    def learn_tokens(self, tokens: int, characters: int) -> None:
        """A text of so many characters has so many tokens."""
        self._per_character += LEARNING * (tokens / max(1, characters) - self._per_character)
