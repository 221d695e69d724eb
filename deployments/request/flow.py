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
from dataclasses import replace
from itertools import islice
from typing import Any

from ray.serve.handle import DeploymentHandle

from deployments.config import ServiceConfig
from deployments.errors import Overloaded
from deployments.request.calls import ask, group
from deployments.request.deadline import Deadline, Timings
from deployments.request.micro_batches import Gathered
from deployments.stages.messages import Call
from pipeline.answer.translation import Attempt, Review, Translation, Try
from pipeline.decode.options import Hypothesis, Strictness
from pipeline.errors import DeadlineExceeded, EngineStopped
from pipeline.text.prepared import Prepared
from pipeline.walk import Walk

logger = logging.getLogger("ray.serve")


class Flow:
    """Translates through the other deployments.

    `translators` maps model names to theirs, the default first.
    """

    def __init__(
        self,
        preprocess: DeploymentHandle[Any],
        translators: Mapping[str, DeploymentHandle[Any]],
        postprocess: DeploymentHandle[Any],
        config: ServiceConfig,
    ) -> None:
        settings = config.micro_batches
        self.prepare = Gathered(preprocess.prepare, settings)
        # By the binary digits of the longest sentence: a text waits for none that takes more than
        # twice its time.
        classes = range(settings.tokens.bit_length() + 1)
        self.translators = {
            name: [Gathered(handle.translate, settings) for _ in classes]
            for name, handle in translators.items()
        }
        self.review = Gathered(postprocess.review, settings)
        self.limits, self.short = config.limits, settings.tokens

    async def translate(self, text: str, model: str | None, timings: Timings) -> Translation:
        """Raises InvalidText, Overloaded, DeadlineExceeded, or EngineStopped where none is left."""
        name = next(iter(self.translators)) if model is None else model
        deadline, shared = Deadline(self.limits.request_s), len(text) < self.short
        # Awaited here, since an unawaited response counts as load of the translator from the start.
        prepared: Prepared = await ask(self.prepare, lambda: (name, text), deadline, shared)
        timings.lap("prepare")
        walk = Walk(prepared)
        await self.round(name, walk, deadline, timings, first=True)
        try:
            while not walk.finished:
                await self.round(name, walk, deadline, timings, first=False)
        except (DeadlineExceeded, EngineStopped, Overloaded) as error:
            logger.info("no further try: %s", type(error).__name__)
        return walk.translation()

    async def round(
        self, name: str, walk: Walk, deadline: Deadline, timings: Timings, *, first: bool
    ) -> None:
        """Decode what the walk has due, and review it."""
        due = walk.due()
        decoded = await self.tries(name, walk.prepared, due, deadline, first)
        if first:
            timings.lap("translate")
        attempts = [walk.attempt(*pair) for pair in zip(due, decoded, strict=True)]
        if attempts:
            await self.reviewed(name, walk, attempts, deadline)
        timings.lap("finish" if first else "retry")

    async def reviewed(
        self, name: str, walk: Walk, attempts: Sequence[Attempt], deadline: Deadline
    ) -> None:
        shared = len(walk.prepared.text) < self.short
        reviews: list[Review] = await ask(self.review, lambda: (name, attempts), deadline, shared)
        for attempt, review in zip(attempts, reviews, strict=True):
            walk.take(attempt.tried, review)

    async def tries(
        self, name: str, prepared: Prepared, tries: Sequence[Try], deadline: Deadline, first: bool
    ) -> list[list[Hypothesis]]:
        """The hypotheses of each try's sentences; equally strict tries are decoded together."""
        found: dict[Strictness, Iterator[Hypothesis]] = {}
        for strictness in {tried.strictness for tried in tries}:
            sentences = [
                ids for tried in tries if tried.strictness == strictness for ids in tried.sentences
            ]
            call = Call(tuple(sentences), len(prepared.units), deadline.left(), first, strictness)
            found[strictness] = iter(await self.decode(name, call, deadline))
        return [list(islice(found[tried.strictness], len(tried.sentences))) for tried in tries]

    async def decode(self, name: str, whole: Call, deadline: Deadline) -> list[Hypothesis]:
        """The best hypothesis of each sentence of `whole`, in parts of which only some are under
        way at once.
        """
        gate, lengths = asyncio.Semaphore(self.limits.calls), [len(ids) for ids in whole.sentences]
        shared = sum(lengths) < self.short
        method = self.translators[name][max(lengths, default=0).bit_length() if shared else 0]

        async def one(index: int, sentences: tuple[tuple[int, ...], ...]) -> tuple[Hypothesis, ...]:
            def part() -> Call:
                first = whole.first and index == 0
                return replace(whole, sentences=sentences, seconds=deadline.left(), first=first)

            async with gate:
                answer: tuple[Hypothesis, ...] = await ask(method, part, deadline, shared)
                return answer

        parts = enumerate(group(whole.sentences, self.limits.call_tokens))
        tasks = [asyncio.create_task(one(*part)) for part in parts]
        try:
            return [best for answer in await asyncio.gather(*tasks) for best in answer]
        finally:
            for task in tasks:
                task.cancel()
