"""What travels between the deployments beside the pipeline's own types. Immutable and picklable.

Refusals are values, not exceptions: an exception would reach the caller as Ray's own, with a
traceback, and would hit the neighbours of a shared call.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from deployments.errors import Internal, MalformedText, Restarting, TimedOut, described
from pipeline.answer.translation import Attempt, Review
from pipeline.decode.lanes import Lane
from pipeline.decode.options import AS_GIVEN, Hypothesis, Strictness
from pipeline.errors import DeadlineExceeded, EngineStopped, InvalidText
from pipeline.glossary import Entry
from pipeline.text.sentences import Splitting

logger = logging.getLogger("ray.serve")

Item = TypeVar("Item")
Answer = TypeVar("Answer")


ONE_SUSPECT = "one_suspect"  # the code with which a replica sends a suspect away for a moment


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a deployment did not do its part: the code of an error (deployments/errors.py)."""

    code: str


def refusal(error: Exception) -> Refusal:
    """What the service calls an error of the pipeline; any other is a fault, which is logged."""
    match error:
        case InvalidText():
            return Refusal(MalformedText.code)
        case DeadlineExceeded():
            return Refusal(TimedOut.code)
        case EngineStopped():
            return Refusal(Restarting.code)
        case _:
            logger.error("%s", described(error))
            return Refusal(Internal.code)


def guarded(work: Callable[[Item], Answer]) -> Callable[[Item], Answer | Refusal]:
    """`work` on one item of a call: where it fails, its neighbours are answered all the same."""

    def attempt(item: Item) -> Answer | Refusal:
        try:
            return work(item)
        except Exception as error:
            return refusal(error)

    return attempt


@dataclass(frozen=True, slots=True)
class PrepareItem:
    """A text, where its sentences end, and the name of the model that is to translate it.

    This and the other items are `suspect` once a replica died that had them.
    """

    model: str
    text: str
    split_sentences: Splitting = "on"
    terms: tuple[Entry, ...] = ()  # of a glossary, those that the text has
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """What a request wants otherwise than the service is configured."""

    beam_size: int | None = None
    alternatives: int = 0  # hypotheses of each sentence beside the best, at most


AS_CONFIGURED = Search()


@dataclass(frozen=True, slots=True)
class DecodeItem:
    """Sentences for one translator.

    `seconds` are what is left of the request's time; the receiver counts on its own clock.
    """

    sentences: tuple[tuple[int, ...], ...]  # source ids without the end symbol
    units: int  # of the whole request, which decide its lane in the engine
    seconds: float
    strictness: Strictness = AS_GIVEN
    search: Search = AS_CONFIGURED
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """What a translator says of itself: who it is, and how fast when it is full.

    `rates` are source tokens a second of each lane; 0 where that is not known yet.
    """

    replica: str
    rates: Mapping[Lane, float]


@dataclass(frozen=True, slots=True)
class Decoded:
    """Each sentence's hypotheses, best first, and the load of who found them.

    `waited_s` is how long the last of them waited for its turn.
    """

    hypotheses: tuple[tuple[Hypothesis, ...], ...]
    load: Load
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """Attempts at units of one request, and the name of the model that made them."""

    model: str
    attempts: tuple[Attempt, ...]
    suspect: bool = False


Reviews = tuple[Review, ...]  # one an attempt of a ReviewItem
