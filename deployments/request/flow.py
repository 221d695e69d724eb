"""The walk of one request: prepare, translate, finish.

A short text shares its calls with others that come at the same time
(deployments/request/micro_batches.py); a long one, or a list, has calls of its own, so that nobody
waits for it.

Retries and deadlines live here and nowhere else. What travels is the seconds left, and each hop
counts on its own monotonic clock.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, replace

from deployments.config import ServiceConfig
from deployments.errors import Deadly, Internal, MalformedText, Unavailable
from deployments.request.calls import ask
from deployments.request.capacity import Place
from deployments.request.deadline import Deadline, Stopwatch
from deployments.request.decoding import Decoding, Order, Stages
from deployments.request.micro_batches import Gathered
from deployments.stages.messages import AS_CONFIGURED, PrepareItem, ReviewItem, Search
from pipeline.answer.translation import Attempt, SentenceTranslation, Translation, Try
from pipeline.decode.lanes import lane_for
from pipeline.walk import Walk

logger = logging.getLogger("ray.serve")

Alone = MalformedText | Deadly | Internal  # what is wrong with one text of a request
RETRY_SHARE = 0.5  # of the time left, for better answers than those that are there already


@dataclass(frozen=True, slots=True)
class Request:
    """What all texts of one request have in common."""

    deadline: Deadline
    stopwatch: Stopwatch
    place: Place
    search: Search = AS_CONFIGURED


@dataclass(slots=True, eq=False)
class Text:
    """One text of a request, on its way; `error` is why it alone cannot be translated."""

    item: PrepareItem
    walk: Walk
    error: Alone | None = None

    def outcome(self) -> Translation | Alone:
        return self.error or self.walk.translation()


Due = tuple[Text, Try]


class Flow:
    """Translates through the other deployments."""

    def __init__(self, stages: Stages, config: ServiceConfig) -> None:
        settings = config.micro_batches
        self._prepare = Gathered(stages.prepare, settings)
        self._decoding = Decoding(stages.translate, config)
        self._review = Gathered(stages.review, settings)
        self._limits = config.limits
        # A text that has fewer shares its calls of prepare and review.
        self._characters = 0 if stages.together else settings.characters

    async def translate(
        self, items: Sequence[PrepareItem], request: Request
    ) -> list[Translation | Alone]:
        """Each text's translation, or why that one alone cannot be translated.

        All are for one model. Raises Overloaded, TimedOut, Restarting or Internal, which concern
        the whole request.
        """
        found = await self._prepare_all(items, request)
        texts = [text for text in found if isinstance(text, Text)]
        due = [(text, tried) for text in texts for tried in text.walk.due()]
        await self._finish(due, _units(texts), request)
        return [text.outcome() if isinstance(text, Text) else text for text in found]

    async def stream(
        self, item: PrepareItem, request: Request
    ) -> AsyncGenerator[SentenceTranslation | Translation, None]:
        """The sentences of a text, in order, each as soon as it is final, and then all of it.

        No more than `limits.calls` groups of sentences are ahead of who takes them: a reader that
        stalls stops the work. Raises what `translate` raises or returns.
        """
        (text,) = await self._prepare_all([item], request)
        if not isinstance(text, Text):
            raise text
        units = _units([text])
        parts = groups([(text, tried) for tried in text.walk.due()], self._limits.call_tokens)
        under_way: deque[asyncio.Task[None]] = deque()
        window = 1  # the first sentence has the engine for itself
        try:
            while True:
                for sentence in text.walk.final():
                    yield sentence
                while len(under_way) < window and (part := next(parts, None)):
                    work = self._finish(part, units, request)
                    under_way.append(asyncio.create_task(work))
                if not under_way:
                    break
                await under_way.popleft()
                if text.error:
                    raise text.error
                window = self._limits.calls
            yield text.walk.translation()
        finally:
            for task in under_way:
                task.cancel()

    async def _prepare_all(
        self, items: Sequence[PrepareItem], request: Request
    ) -> list[Text | Alone]:
        gate = asyncio.Semaphore(self._limits.calls)

        async def prepare(item: PrepareItem) -> Text | Alone:
            shared = len(item.text) < self._characters
            # Awaited here: an unawaited response counts as load of the translator from the start.
            async with gate:
                try:
                    prepared = await ask(
                        self._prepare,
                        lambda suspect: replace(item, suspect=suspect),
                        request.deadline,
                        shared=shared,
                    )
                except (MalformedText, Deadly, Internal) as error:
                    return error
            return Text(item, Walk(prepared))

        found = await asyncio.gather(*map(prepare, items))
        texts = [text for text in found if isinstance(text, Text)]
        spent = [text.walk.prepared.spent for text in texts]
        request.stopwatch.note("segment", sum(seconds.segmenting for seconds in spent))
        request.stopwatch.note("tokenise", sum(seconds.tokenising for seconds in spent))
        request.stopwatch.lap("queue")
        tokens = sum(len(unit.ids) for text in texts for unit in text.walk.prepared.units)
        characters = sum(len(text.item.text) for text in texts)
        request.place.settle(lane_for(_units(texts)), tokens, characters)
        return found

    async def _finish(self, due: Sequence[Due], units: int, request: Request) -> None:
        """Make the tries that are due, and those that their reviews ask for, until all units that
        they are for have their final answers.
        """
        if not due:
            return
        await self._make(due, units, request, request.deadline)
        due = _next(due)
        patience = request.deadline.share(RETRY_SHARE)
        while due:
            try:
                await self._make(due, units, request, patience)
            except (Deadly, Unavailable) as error:
                logger.info("no further try: %s", error.code)
                for text, tried in due:
                    text.walk.give_up(tried)
                return
            due = _next(due)

    async def _make(
        self, due: Sequence[Due], units: int, request: Request, deadline: Deadline
    ) -> None:
        """Decode and review these tries, and tell their walks."""
        first = not due[0][1].remedy
        model, clock = due[0][0].item.model, request.stopwatch
        order = Order(model, units, deadline, request.place, clock, request.search)
        hypotheses = await self._decoding.decode([tried for _, tried in due], order)
        clock.lap("decode" if first else "retry")
        made: list[Due] = []
        attempts: list[Attempt] = []
        for (text, tried), found in zip(due, hypotheses, strict=True):
            if found is not None:
                best, *_ = zip(*found, strict=False)
                others = found[0][1:] if len(found) == 1 else ()
                made.append((text, tried))
                attempts.append(text.walk.attempt(tried, best, others))
            elif tried.remedy:
                text.walk.give_up(tried)
            else:
                text.error = Deadly()
        await self._review_all(made, attempts, deadline)
        clock.lap("detokenise" if first else "retry")

    async def _review_all(
        self, made: Sequence[Due], attempts: Sequence[Attempt], deadline: Deadline
    ) -> None:
        """Have the attempts reviewed, and tell the walks."""
        if not attempts:
            return
        item = ReviewItem(made[0][0].item.model, tuple(attempts))
        shared = sum(len(attempt.unit.text) for attempt in attempts) < self._characters
        reviews = await ask(
            self._review, lambda suspect: replace(item, suspect=suspect), deadline, shared=shared
        )
        for (text, tried), review in zip(made, reviews, strict=True):
            text.walk.take(tried, review)


def _units(texts: Sequence[Text]) -> int:
    return sum(len(text.walk.prepared.units) for text in texts)


def _next(due: Sequence[Due]) -> list[Due]:
    """What the texts of these tries have due now."""
    texts = dict.fromkeys(text for text, _ in due if text.error is None)
    return [(text, tried) for text in texts for tried in text.walk.due()]


def groups(due: Sequence[Due], tokens: int) -> Iterator[list[Due]]:
    """The first alone, so that it is answered soon, then groups of at most so many source tokens,
    or of one try that has more.
    """
    members: list[Due] = []
    size, most = 0, 0
    for text, tried in due:
        length = sum(map(len, tried.sentences))
        if members and size + length > most:
            yield members
            members, size, most = [], 0, tokens
        members.append((text, tried))
        size += length
    if members:
        yield members
