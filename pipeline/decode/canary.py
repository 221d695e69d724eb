"""The canary: given translations whose probabilities a sound model must reproduce before it serves.

It is teacher-forced, so it holds on every kind of CPU: translations of an INT8 model may differ
between instruction sets in the last bits, log-probabilities of given tokens only within the
tolerance.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import Field, ValidationError, model_validator

from pipeline.bundle import Bundle
from pipeline.config import Strict
from pipeline.decode.sessions import Sessions
from pipeline.decode.teacher_forcing import forced_logprobs
from pipeline.errors import BundleError


class Pair(Strict):
    """A translation, and how probable the model that was built found it."""

    source: tuple[int, ...]  # ids without the end symbol
    target: tuple[int, ...]
    logprobs: tuple[float, ...]  # natural, of each target token and the end symbol

    @model_validator(mode="after")
    def _one_a_token(self) -> Self:
        if len(self.logprobs) != len(self.target) + 1:
            raise ValueError("one log-probability for each target token and the end symbol")
        return self


class CanaryFile(Strict):
    """`canary.json`."""

    pairs: tuple[Pair, ...] = Field(min_length=1)


def read(bundle: Bundle) -> CanaryFile:
    """The bundle's canary. Raises BundleError for a file that holds something else."""
    path = bundle.file(bundle.manifest.canary.file)
    try:
        return CanaryFile.model_validate_json(path.read_bytes())
    except ValidationError:
        raise BundleError(
            f"{path}: expected the canary's pairs, found something else: rebuild the bundle"
        ) from None


def replay(sessions: Sessions) -> float:
    """Largest |Δ log p| against the recorded values.

    Raises BundleError beyond the bundle's tolerance.
    """
    bundle = sessions.bundle
    pairs = read(bundle).pairs
    scores = forced_logprobs(sessions, [p.source for p in pairs], [p.target for p in pairs])
    largest = max(
        float(np.abs(logprobs - np.array(pair.logprobs)).max())
        for logprobs, pair in zip(scores, pairs, strict=True)
    )
    tolerance = bundle.manifest.canary.tolerance
    if not largest <= tolerance:
        where = bundle.path / bundle.manifest.canary.file
        raise BundleError(
            f"{where}: expected log-probabilities within {tolerance:.4g}, found a difference of "
            f"{largest:.4g}: rebuild the bundle for this runtime"
        )
    return largest
