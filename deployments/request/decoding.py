"""Sentences of one request to the translators of its model, in parts that keep calls small."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from deployments.config import ServiceConfig
from deployments.errors import Deadly
from deployments.request.calls import ask, group
from deployments.request.capacity import Place
from deployments.request.deadline import Deadline, Stopwatch
from deployments.request.handles import StageCall
from deployments.request.micro_batches import Gathered
from deployments.stages.messages import (
    Decoded,
    DecodeItem,
    PrepareItem,
    ReviewItem,
    Reviews,
    Search,
)
from pipeline.answer.translation import Try
from pipeline.decode.options import Hypothesis, Strictness
from pipeline.text.prepared import Prepared

SHORTEST_CLASS = 16  # tokens; sentences that have fewer share their calls with each other
Found = tuple[Hypothesis, ...]  # of one sentence, best first


@dataclass(frozen=True, slots=True)
class Stages:
    """How the other deployments are called; translators by the names of their models."""

    prepare: StageCall[PrepareItem, Prepared]
    translate: Mapping[str, StageCall[DecodeItem, Decoded]]
    review: StageCall[ReviewItem, Reviews]
    together: bool = False  # prepare and review are in this process: their calls cost nothing


@dataclass(frozen=True, slots=True)
class Order:
    """How the tries of a request are to be decoded; `units` are those of the whole request."""

    model: str
    units: int
    deadline: Deadline
    place: Place
    stopwatch: Stopwatch
    search: Search


class Decoding:
    """Calls the translators."""

    def __init__(
        self, translate: Mapping[str, StageCall[DecodeItem, Decoded]], config: ServiceConfig
    ) -> None:
        settings = config.micro_batches
        # By the length of the longest sentence, in classes that double: a text waits for none that
        # takes much more than its own time.
        classes = range((settings.tokens // SHORTEST_CLASS).bit_length() + 1)
        self._translators = {
            name: [Gathered(call, settings) for _ in classes] for name, call in translate.items()
        }
        self._limits, self._settings = config.limits, settings

    async def decode(self, tries: Sequence[Try], order: Order) -> list[list[Found] | None]:
        """For each try what was found for its sentences; None where replicas died of it.

        Tries that are equally strict are decoded together. Raises Overloaded, TimedOut, Restarting
        or Internal.
        """
        found: dict[Strictness, Iterator[Found | None]] = {}
        for strictness in dict.fromkeys(tried.strictness for tried in tries):
            sentences = _sentences(tries, strictness)
            whole = DecodeItem(
                sentences, order.units, order.deadline.left(), strictness, order.search
            )
            found[strictness] = iter(await self._decode(whole, order))
        answers = (list(islice(found[tried.strictness], len(tried.sentences))) for tried in tries)
        return [_whole(answer) for answer in answers]

    async def _decode(self, whole: DecodeItem, order: Order) -> list[Found | None]:
        """What was found for each sentence of `whole`, in parts of which only some are under way
        at once.
        """
        gate = asyncio.Semaphore(self._limits.calls)
        lengths = [len(ids) for ids in whole.sentences]
        shared = sum(lengths) < self._settings.tokens
        longest = max(lengths, default=0) if shared else 0
        translator = self._translators[order.model][(longest // SHORTEST_CLASS).bit_length()]

        async def decode_part(sentences: tuple[tuple[int, ...], ...]) -> list[Found | None]:
            def new_item(suspect: bool) -> DecodeItem:
                seconds = order.deadline.left()
                return replace(whole, sentences=sentences, seconds=seconds, suspect=suspect)

            async with gate:
                try:
                    decoded = await ask(translator, new_item, order.deadline, shared=shared)
                except Deadly:
                    return [None] * len(sentences)
            order.place.finish(sum(map(len, sentences)), decoded.load)
            order.stopwatch.note("queue", decoded.waited_s)
            return list(decoded.hypotheses)

        parts = group(whole.sentences, self._limits.call_tokens)
        tasks = [asyncio.create_task(decode_part(part)) for part in parts]
        try:
            return [found for part in await asyncio.gather(*tasks) for found in part]
        finally:
            for task in tasks:
                task.cancel()


def _sentences(tries: Sequence[Try], strictness: Strictness) -> tuple[tuple[int, ...], ...]:
    """Those of the tries that are so strict, in order."""
    chosen = (tried for tried in tries if tried.strictness == strictness)
    return tuple(ids for tried in chosen for ids in tried.sentences)


def _whole(found: Sequence[Found | None]) -> list[Found] | None:
    """None where any is missing."""
    complete = [sentence for sentence in found if sentence is not None]
    return complete if len(complete) == len(found) else None
