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
from pipeline.answer.translation import Retry, Review, Translation
from pipeline.decode.options import Hypothesis, Strictness
from pipeline.errors import DeadlineExceeded, EngineStopped
from pipeline.text.prepared import Prepared

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
        self.finish = Gathered(postprocess.review, settings)
        self.finish_again = Gathered(postprocess.again, settings)
        self.limits, self.short = config.limits, settings.tokens

    async def translate(self, text: str, model: str | None, timings: Timings) -> Translation:
        """Raises InvalidText, Overloaded, DeadlineExceeded, or EngineStopped where none is left."""
        name = next(iter(self.translators)) if model is None else model
        deadline, shared = Deadline(self.limits.request_s), len(text) < self.short
        # Awaited here, since an unawaited response counts as load of the translator from the start.
        prepared: Prepared = await ask(self.prepare, lambda: (name, text), deadline, shared)
        timings.lap("prepare")
        hypotheses = await self.hypotheses(name, prepared, deadline)
        timings.lap("translate")
        review: Review = await ask(
            self.finish, lambda: (name, prepared, hypotheses), deadline, shared
        )
        timings.lap("finish")
        if review.retries:
            review = await self.retried(name, prepared, review, deadline)
            timings.lap("retry")
        return review.translation

    async def hypotheses(
        self, name: str, prepared: Prepared, deadline: Deadline
    ) -> list[Hypothesis | None]:
        """One entry a unit, None where it has no ids."""
        sentences = [unit.ids for unit in prepared.units if unit.ids]
        call = Call(tuple(sentences), len(prepared.units), deadline.left(), first=True)
        best = iter(await self.decode(name, call, deadline))
        return [next(best) if unit.ids else None for unit in prepared.units]

    async def retried(
        self, name: str, prepared: Prepared, review: Review, deadline: Deadline
    ) -> Review:
        """The review after the tries it asks for, or the best so far where load or time forbid one."""
        try:
            while review.retries:
                found = await self.tries(name, prepared, review.retries, deadline)
                review = await self.again(name, prepared, review, found, deadline)
        except (DeadlineExceeded, EngineStopped, Overloaded) as error:
            logger.info("no further try: %s", type(error).__name__)
        return review

    async def again(
        self,
        name: str,
        prepared: Prepared,
        review: Review,
        found: list[list[Hypothesis]],
        deadline: Deadline,
    ) -> Review:
        shared = len(prepared.text) < self.short
        answer: Review = await ask(
            self.finish_again, lambda: (name, prepared, review, found), deadline, shared
        )
        return answer

    async def tries(
        self, name: str, prepared: Prepared, retries: Sequence[Retry], deadline: Deadline
    ) -> list[list[Hypothesis]]:
        """The hypotheses of each retry's sentences.

        Retries that are equally strict are decoded together.
        """
        found: dict[Strictness, Iterator[Hypothesis]] = {}
        for strictness in {retry.strictness for retry in retries}:
            sentences = [
                ids
                for retry in retries
                if retry.strictness == strictness
                for ids in retry.sentences
            ]
            call = Call(tuple(sentences), len(prepared.units), deadline.left(), False, strictness)
            found[strictness] = iter(await self.decode(name, call, deadline))
        return [list(islice(found[retry.strictness], len(retry.sentences))) for retry in retries]

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
