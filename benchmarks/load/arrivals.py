"""What is sent, and when each request is due: fixed before the first is sent."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from quantize.sentences import TEST_SETS, read_lines

SHORT, LONG = "short", "long"
SHORTEST, LONGEST = 4, 24  # characters of a short text
LONG_CHARACTERS = 2000
LONG_SHARE = 0.05  # of the requests of a mix
SOURCE = TEST_SETS / "flores-dev.zh"


@dataclass(frozen=True)
class Arrival:
    """A request: seconds from the beginning until it is due, its class, and its text."""

    due: float
    kind: str
    text: str


@dataclass(frozen=True)
class Texts:
    """What requests ask for: short texts, and sentences of which long ones are made."""

    short: Sequence[str]
    sentences: Sequence[str]

    @property
    def probe(self) -> str:
        """The text of single requests, always the same: the one of median length."""
        return sorted(self.short, key=lambda text: (len(text), text))[len(self.short) // 2]

    def make_long(self, chance: random.Random) -> str:
        """Sentences one after another, cut at the length of a long text."""
        text = ""
        while len(text) < LONG_CHARACTERS:
            text += chance.choice(self.sentences)
        return text[:LONG_CHARACTERS]


def read_texts() -> Texts:
    """Those of the FLORES test set."""
    lines = [line.strip() for line in read_lines(SOURCE)]
    return Texts([line for line in lines if SHORTEST <= len(line) <= LONGEST], lines)


def schedule(
    texts: Texts, rate: float, seconds: float, seed: int, long_share: float = 0.0
) -> list[Arrival]:
    """Requests at a constant rate; at random, but the same for a seed, which are long."""
    chance = random.Random(seed)
    arrivals = []
    for index in range(max(1, round(rate * seconds))):
        is_long = chance.random() < long_share
        text = texts.make_long(chance) if is_long else chance.choice(texts.short)
        arrivals.append(Arrival(index / rate, LONG if is_long else SHORT, text))
    return arrivals
