"""What travels between the deployments beside the pipeline's own types. Immutable and picklable.

Refusals are values, not exceptions: an exception would reach the caller as Ray's own, with a
traceback, and would hit the neighbours of a shared call.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pipeline.decode.options import AS_GIVEN, Hypothesis, Strictness


class Refusal(Enum):
    """Why a deployment did not do its part."""

    INVALID = "invalid"  # the text cannot be translated as it stands
    BUSY = "busy"  # the wait would be too long
    LATE = "late"  # the time given passed
    STOPPED = "stopped"  # the engine stops or failed: another replica can do it


@dataclass(frozen=True, slots=True)
class Call:
    """Sentences for one translator.

    `seconds` are what is left of the request's time; the receiver counts on its own clock. The
    first call of a request may be refused for load, the following ones may not.
    """

    sentences: tuple[tuple[int, ...], ...]  # source ids without the end symbol
    units: int  # of the whole request, which decide its lane in the engine
    seconds: float
    first: bool
    strictness: Strictness = AS_GIVEN


Answer = tuple[Hypothesis, ...] | Refusal  # the best hypothesis a sentence, in the call's order
