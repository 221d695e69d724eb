"""The preprocess deployment: text in, sentences as token ids out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deployments import logs
from deployments.memory import check_memory
from deployments.stages.aside import Aside
from deployments.stages.interfaces import PreprocessStage
from deployments.stages.messages import PrepareItem, Refusal, guarded
from deployments.stages.suspects import one_suspect
from pipeline.bundle import Bundle
from pipeline.text.prepare import Preprocessor
from pipeline.text.prepared import Prepared


class Preprocess(PreprocessStage):
    """Prepares texts for any of the models that are served; `bundles` maps their names to paths."""

    def __init__(self, bundles: Mapping[str, str], max_rss_mb: float) -> None:
        logs.do_without()
        self.preprocessors = {
            name: Preprocessor.load(Bundle.load_text(path)) for name, path in bundles.items()
        }
        self.aside = Aside()
        self.max_rss_mb = max_rss_mb

    @one_suspect
    async def prepare(self, items: Sequence[PrepareItem]) -> list[Prepared | Refusal]:
        """Refuses texts with NUL or half of a surrogate pair."""
        characters = sum(len(item.text) for item in items)
        return await self.aside.run(
            lambda: list(map(guarded(self._prepare_one), items)), characters
        )

    def _prepare_one(self, item: PrepareItem) -> Prepared:
        return self.preprocessors[item.model].prepare(item.text, item.split_sentences, item.terms)

    async def ping(self) -> None:
        """Answers once the replica can work."""

    async def check_health(self) -> None:
        """Called by Ray, which replaces a replica that raises."""
        check_memory(self.max_rss_mb)
