"""The postprocess deployment: hypotheses in, reviewed answers out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deployments import logs
from deployments.memory import check_memory
from deployments.stages.aside import Aside
from deployments.stages.interfaces import PostprocessStage
from deployments.stages.messages import Refusal, ReviewItem, Reviews, guarded
from deployments.stages.suspects import one_suspect
from pipeline.answer.review import Postprocessor
from pipeline.bundle import Bundle


class Postprocess(PostprocessStage):
    """Reviews translations of any of the models that are served.

    `bundles` maps their names to paths.
    """

    def __init__(self, bundles: Mapping[str, str], max_rss_mb: float) -> None:
        logs.do_without()
        self.postprocessors = {
            name: Postprocessor.load(Bundle.load_text(path)) for name, path in bundles.items()
        }
        self.aside = Aside()
        self.max_rss_mb = max_rss_mb

    @one_suspect
    async def review(self, items: Sequence[ReviewItem]) -> list[Reviews | Refusal]:
        """Each item's attempts, in their order."""
        characters = sum(len(attempt.unit.text) for item in items for attempt in item.attempts)
        return await self.aside.run(lambda: list(map(guarded(self._review_one), items)), characters)

    def _review_one(self, item: ReviewItem) -> Reviews:
        postprocessor = self.postprocessors[item.model]
        return tuple(map(postprocessor.review, item.attempts))

    async def ping(self) -> None:
        """Answers once the replica can work."""

    async def check_health(self) -> None:
        """Called by Ray, which replaces a replica that raises."""
        check_memory(self.max_rss_mb)
