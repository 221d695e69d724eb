"""The walk of one request: prepare, translate, finish.

A short text shares its calls with others that come at the same time
(deployments/request/micro_batches.py); a long one has calls of its own, so that nobody waits for
it.

Retries and deadlines live here and nowhere else. What travels is the seconds left, and each hop
counts on its own monotonic clock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from deployments.config import ServiceConfig
from deployments.errors import Deadly, Unavailable
from deployments.request.calls import ask, group
from deployments.request.capacity import Place
from deployments.request.deadline import Deadline, Stopwatch
from deployments.request.handles import StageCall
from deployments.request.micro_batches import Gathered
from deployments.stages.messages import Decoded, DecodeItem, PrepareItem, ReviewItem, Reviews
from pipeline.answer.translation import Attempt, Translation, Try
from pipeline.decode.lanes import lane_for
from pipeline.decode.options import Hypothesis, Strictness
from pipeline.text.prepared import Prepared
from pipeline.walk import Walk

logger = logging.getLogger("ray.serve")

SHORTEST_CLASS = 16  # tokens; sentences that have fewer share their calls with each other
RETRY_SHARE = 0.5  # of the time left, for better answers than those that are there already


@dataclass(frozen=True, slots=True)
class Stages:
    """How the other deployments are called; translators by the names of their models."""

    prepare: StageCall[PrepareItem, Prepared]
    translate: Mapping[str, StageCall[DecodeItem, Decoded]]
    review: StageCall[ReviewItem, Reviews]
    together: bool = False  # prepare and review are in this process: their calls cost nothing


class Flow:
    """Translates through the other deployments."""

    def __init__(self, stages: Stages, config: ServiceConfig) -> None:
        settings = config.micro_batches
        # By the length of the longest sentence, in classes that double: a text waits for none that
        # takes much more than its own time.
        classes = range((settings.tokens // SHORTEST_CLASS).bit_length() + 1)
        self._prepare = Gathered(stages.prepare, settings)
        self._translators = {
            name: [Gathered(call, settings) for _ in classes]
            for name, call in stages.translate.items()
        }
        self._review = Gathered(stages.review, settings)
        self._limits, self._settings = config.limits, settings
        # A text that has fewer shares its calls of prepare and review.
        self._characters = 0 if stages.together else settings.characters

    async def translate(
        self, item: PrepareItem, deadline: Deadline, stopwatch: Stopwatch, place: Place
    ) -> Translation:
        """Raises MalformedText, Overloaded, TimedOut, Restarting or Internal."""
        model, shared = item.model, len(item.text) < self._characters
        # Awaited here, since an unawaited response counts as load of the translator from the start.
        prepared = await ask(
            self._prepare, lambda suspect: replace(item, suspect=suspect), deadline, shared=shared
        )
        stopwatch.lap("prepare")
        tokens = sum(len(unit.ids) for unit in prepared.units)
        place.settle(lane_for(len(prepared.units)), tokens, len(item.text))
        walk = Walk(prepared)
        attempts = await self._decode_due(walk, model, deadline, place)
        stopwatch.lap("translate")
        await self._review_all(walk, model, attempts, deadline)
        stopwatch.lap("finish")
        patience = deadline.share(RETRY_SHARE)
        try:
            while not walk.finished:
                attempts = await self._decode_due(walk, model, patience, place)
                await self._review_all(walk, model, attempts, patience)
                stopwatch.lap("retry")
        except (Deadly, Unavailable) as error:
            logger.info("no further try: %s", error.code)
        return walk.translation()

    async def _review_all(
        self, walk: Walk, model: str, attempts: Sequence[Attempt], deadline: Deadline
    ) -> None:
        """Have the attempts reviewed, and tell the walk."""
        if not attempts:
            return
        item = ReviewItem(model, tuple(attempts))
        shared = len(walk.prepared.text) < self._characters
        reviews = await ask(
            self._review, lambda suspect: replace(item, suspect=suspect), deadline, shared=shared
        )
        for attempt, review in zip(attempts, reviews, strict=True):
            walk.take(attempt.tried, review)

    async def _decode_due(
        self, walk: Walk, model: str, deadline: Deadline, place: Place
    ) -> list[Attempt]:
        """What the walk has due, decoded; tries that are equally strict together."""
        due, units = walk.due(), len(walk.prepared.units)
        found: dict[Strictness, Iterator[Hypothesis]] = {}
        for strictness in dict.fromkeys(tried.strictness for tried in due):
            sentences = _sentences(due, strictness)
            whole = DecodeItem(sentences, units, deadline.left(), strictness)
            found[strictness] = iter(await self._decode(model, whole, deadline, place))
        return [
            walk.attempt(tried, list(islice(found[tried.strictness], len(tried.sentences))))
            for tried in due
        ]

    async def _decode(
        self, model: str, whole: DecodeItem, deadline: Deadline, place: Place
    ) -> list[Hypothesis]:
        """The best hypothesis of each sentence of `whole`, in parts of which only some are under
        way at once.
        """
        gate = asyncio.Semaphore(self._limits.calls)
        lengths = [len(ids) for ids in whole.sentences]
        shared = sum(lengths) < self._settings.tokens
        longest = max(lengths, default=0) if shared else 0
        translator = self._translators[model][(longest // SHORTEST_CLASS).bit_length()]

        async def decode_part(sentences: tuple[tuple[int, ...], ...]) -> Decoded:
            def new_item(suspect: bool) -> DecodeItem:
                seconds = deadline.left()
                return replace(whole, sentences=sentences, seconds=seconds, suspect=suspect)

            async with gate:
                decoded = await ask(translator, new_item, deadline, shared=shared)
            place.finish(sum(map(len, sentences)), decoded.load)
            return decoded

        parts = group(whole.sentences, self._limits.call_tokens)
        tasks = [asyncio.create_task(decode_part(part)) for part in parts]
        try:
            answers = await asyncio.gather(*tasks)
            return [best for answer in answers for best in answer.hypotheses]
        finally:
            for task in tasks:
                task.cancel()


def _sentences(tries: Sequence[Try], strictness: Strictness) -> tuple[tuple[int, ...], ...]:
    """Those of the tries that are so strict, in order."""
    chosen = (tried for tried in tries if tried.strictness == strictness)
    return tuple(ids for tried in chosen for ids in tried.sentences)
