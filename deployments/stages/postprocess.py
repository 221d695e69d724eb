"""The postprocess deployment: hypotheses in, reviewed answers out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from pipeline.answer.review import Postprocessor
from pipeline.answer.translation import Attempt, Review
from pipeline.bundle import Bundle

# A model's name, and attempts at units of one request.
Attempts = tuple[str, Sequence[Attempt]]


class Postprocess:
    """Reviews translations of any of the models that are served.

    `bundles` maps their names to paths.
    """

    def __init__(self, bundles: Mapping[str, str]) -> None:
        self.postprocessors = {
            name: Postprocessor.load(Bundle.load_text(path)) for name, path in bundles.items()
        }

    async def review(self, requests: Sequence[Attempts]) -> list[list[Review]]:
        """For each request one review an attempt, in order."""
        return await asyncio.to_thread(
            lambda: [
                [self.postprocessors[name].review(attempt) for attempt in attempts]
                for name, attempts in requests
            ]
        )

    async def ping(self) -> None:
        """Answers once the replica can work."""
