"""The postprocess deployment: hypotheses in, the translated text out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from pipeline.bundle import Bundle
from pipeline.postprocess import Postprocessor
from pipeline.types import Hypothesis, Prepared, Review


class Postprocess:
    """Finishes translations of any of the models that are served; `bundles` maps their names to paths."""

    def __init__(self, bundles: Mapping[str, str]) -> None:
        self.postprocessors = {name: Postprocessor.load(Bundle.load(path)) for name, path in bundles.items()}

    async def review(self, model: str, prepared: Prepared, hypotheses: Sequence[Hypothesis | None]) -> Review:
        """`hypotheses` has one entry a unit of `prepared`, None where the unit stays as it is."""
        return await asyncio.to_thread(self.postprocessors[model].review, prepared, hypotheses)

    async def again(
        self, model: str, prepared: Prepared, review: Review, hypotheses: Sequence[Sequence[Hypothesis]]
    ) -> Review:
        """`hypotheses` has one sequence a retry of `review`, one entry a sentence of it."""
        return await asyncio.to_thread(self.postprocessors[model].again, prepared, review, hypotheses)

    async def ping(self) -> None:
        """Answers once the replica can work."""
