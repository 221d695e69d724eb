"""The postprocess deployment: hypotheses in, the translated text out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from pipeline.answer.finish import Postprocessor
from pipeline.answer.translation import Review
from pipeline.bundle import Bundle
from pipeline.decode.options import Hypothesis
from pipeline.text.prepared import Prepared

# A model's name, what was prepared for it, and one hypothesis a unit, None where the unit stays as
# it is.
Decoded = tuple[str, Prepared, Sequence[Hypothesis | None]]
# The same with the review so far, and one sequence a retry of it, with one hypothesis a sentence.
Tried = tuple[str, Prepared, Review, Sequence[Sequence[Hypothesis]]]


class Postprocess:
    """Finishes translations of any of the models that are served.

    `bundles` maps their names to paths.
    """

    def __init__(self, bundles: Mapping[str, str]) -> None:
        self.postprocessors = {
            name: Postprocessor.load(Bundle.load_text(path)) for name, path in bundles.items()
        }

    async def review(self, decoded: Sequence[Decoded]) -> list[Review]:
        return await asyncio.to_thread(
            lambda: [
                self.postprocessors[name].review(prepared, found)
                for name, prepared, found in decoded
            ]
        )

    async def again(self, tried: Sequence[Tried]) -> list[Review]:
        return await asyncio.to_thread(
            lambda: [
                self.postprocessors[name].again(prepared, review, found)
                for name, prepared, review, found in tried
            ]
        )

    async def ping(self) -> None:
        """Answers once the replica can work."""
