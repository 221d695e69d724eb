"""The preprocess deployment: text in, sentences as token ids out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from deployments.stages.messages import Refusal
from pipeline.bundle import Bundle
from pipeline.errors import InvalidText
from pipeline.text.prepare import Preprocessor
from pipeline.text.prepared import Prepared


class Preprocess:
    """Prepares texts for any of the models that are served; `bundles` maps their names to paths."""

    def __init__(self, bundles: Mapping[str, str]) -> None:
        self.preprocessors = {
            name: Preprocessor.load(Bundle.load_text(path)) for name, path in bundles.items()
        }

    async def prepare(self, texts: Sequence[tuple[str, str]]) -> list[Prepared | Refusal]:
        """`texts` are names of models and what they are to translate."""
        # In a thread, since a long text takes a quarter of a second and health checks must be
        # answered.
        return await asyncio.to_thread(lambda: [self.one(*text) for text in texts])

    def one(self, model: str, text: str) -> Prepared | Refusal:
        try:
            return self.preprocessors[model].prepare(text)
        except InvalidText:
            return Refusal.INVALID

    async def ping(self) -> None:
        """Answers once the replica can work."""
