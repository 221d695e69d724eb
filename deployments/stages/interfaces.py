"""The three stages as their callers know them: what goes in, what comes out.

Each takes the items of many requests in one call and gives as many answers, in their order: what
was asked for, or a refusal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from deployments.stages.messages import (
    Decoded,
    DecodeItem,
    Load,
    PrepareItem,
    Refusal,
    ReviewItem,
    Reviews,
)
from pipeline.text.prepared import Prepared


class PreprocessStage(Protocol):
    """What comes before the model (deployments/stages/preprocess.py)."""

    async def prepare(self, items: Sequence[PrepareItem]) -> Sequence[Prepared | Refusal]:
        """Texts to units of token ids."""
        ...

    async def ping(self) -> None:
        """Answers once the replica can work."""
        ...


class TranslateStage(Protocol):
    """The model (deployments/stages/translate.py)."""

    async def translate(self, items: Sequence[DecodeItem]) -> Sequence[Decoded | Refusal]:
        """Token ids to the best hypothesis of each sentence."""
        ...

    async def ping(self) -> Load:
        """Answers if the replica can work, without model work, and how fast it is."""
        ...


class PostprocessStage(Protocol):
    """What comes after the model (deployments/stages/postprocess.py)."""

    async def review(self, items: Sequence[ReviewItem]) -> Sequence[Reviews | Refusal]:
        """Attempts at units to their answers, and what is to be tried again."""
        ...

    async def ping(self) -> None:
        """Answers once the replica can work."""
        ...
