"""What every door of the service calls: texts in, translations out, within the limits.

HTTP and its dialects are above it, the walk over the deployments (request/flow.py) is below it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from deployments.config import Limits
from deployments.errors import (
    EmptyText,
    InvalidRequest,
    MalformedText,
    QuotaUsed,
    RateLimited,
    ServiceError,
    TextTooLong,
    TooManyTexts,
)
from deployments.request.capacity import Capacity
from deployments.request.deadline import Deadline, Stopwatch, Timings
from deployments.request.flow import Flow, Request
from deployments.request.models import Models
from deployments.request.vocabularies import Vocabularies
from deployments.request.wanted import USUAL, Wanted
from deployments.store.limiter import Limited
from deployments.store.store import Store
from pipeline.answer.translation import SentenceTranslation, Translation
from pipeline.bundle import Languages
from pipeline.errors import InvalidText
from pipeline.text.language import AUTO, Detected, detect
from pipeline.text.normalise import check, visible

NOT_SOURCE = "not_source_language"  # the warning of a text that stays as it is


@dataclass(frozen=True, slots=True)
class One:
    """A text's translation, by which model, and the language that was found where none was named.

    A text that is not in a language of the models stays as it is; its model is None then.
    """

    translation: Translation
    model: str | None
    detected: Detected | None = None


@dataclass(frozen=True, slots=True)
class Translated:
    """The answer to one text, who gave it, and where its time went."""

    translation: Translation
    model: str
    timings: Timings


@dataclass(frozen=True, slots=True)
class AllTranslated:
    """The answers to the texts of one request, each of which may have failed alone."""

    answers: tuple[One | ServiceError, ...]
    timings: Timings


@dataclass(slots=True)
class Charge:
    """What a caller pays for."""

    failed: int = 0  # characters that were counted, but not translated


@dataclass(frozen=True, slots=True)
class Stream:
    """The sentences of a text, and after them its whole translation, to be taken once.

    `model` is None where the text stays as it is.
    """

    sentences: AsyncGenerator[SentenceTranslation | Translation, None]
    model: str | None
    detected: Detected | None
    stopwatch: Stopwatch


class TranslationService:
    """`models` maps the names of those served to their languages, the default first; this is one of
    so many `replicas` of the ingress, which share the state in `store`.
    """

    def __init__(
        self,
        flow: Flow,
        models: Mapping[str, Languages],
        limits: Limits,
        replicas: int,
        store: Store,
    ) -> None:
        self.flow, self.models, self.limits, self.store = flow, Models(models), limits, store
        self.vocabularies = Vocabularies(store.glossaries)
        self.capacities = {name: Capacity(limits, replicas) for name in models}

    async def translate(self, text: str, wanted: Wanted = USUAL) -> Translated:
        """One text, which is in the language of a model.

        Raises EmptyText, TextTooLong, InvalidRequest, UnknownModel, UnsupportedLanguages,
        MalformedText, Deadly, Internal, Overloaded, TimedOut or Restarting.
        """
        self._check(wanted, len(text), self.limits.characters)
        if (wrong := flaw(text)) is not None:
            raise wrong
        stopwatch = Stopwatch()
        model = self.models.choose(wanted.model, wanted.source, wanted.target)
        async with self.charged(wanted, len(text)):
            (answer,) = await self._translate([text], model, wanted, stopwatch)
        if isinstance(answer, ServiceError):
            raise answer
        return Translated(answer, model, stopwatch.read())

    async def translate_all(self, texts: Sequence[str], wanted: Wanted = USUAL) -> AllTranslated:
        """Several texts; one that cannot be translated fails alone.

        Raises TooManyTexts, and what `translate` raises as far as it concerns all.
        """
        self.check_size(texts, wanted)
        self.check(wanted)
        stopwatch = Stopwatch()
        answers: dict[int, One | ServiceError] = {}
        places: dict[str, list[int]] = {}  # of the texts that each model is asked for
        found: dict[int, Detected] = {}
        for place, text in enumerate(texts):
            if (wrong := flaw(text)) is not None:
                answers[place] = wrong
                continue
            if wanted.source == AUTO:
                found[place] = detect(text)
            model = self._model_for(wanted, found.get(place))
            if model is None:
                unchanged = Translation(text, text, warnings=(NOT_SOURCE,))
                answers[place] = One(unchanged, None, found[place])
            else:
                places.setdefault(model, []).append(place)
        async with self.charged(wanted, sum(map(len, texts))) as charge:
            for model, chosen in places.items():
                given = await self._translate([texts[n] for n in chosen], model, wanted, stopwatch)
                for place, answer in zip(chosen, given, strict=True):
                    if isinstance(answer, ServiceError):
                        answers[place] = answer
                    else:
                        answers[place] = One(answer, model, found.get(place))
            charge.failed = sum(
                len(texts[place])
                for place, answer in answers.items()
                if isinstance(answer, ServiceError)
            )
        return AllTranslated(tuple(answers[n] for n in range(len(texts))), stopwatch.read())

    def stream(self, text: str, wanted: Wanted = USUAL) -> Stream:
        """One text, of which each sentence is given as soon as it is final.

        Raises what `translate` raises, also while the sentences are taken.
        """
        self._check(wanted, len(text), self.limits.stream_characters)
        if (wrong := flaw(text)) is not None:
            raise wrong
        detected = detect(text) if wanted.source == AUTO else None
        model = self._model_for(wanted, detected)
        stopwatch = Stopwatch()
        sentences = self._stream(text, model, wanted, stopwatch)
        return Stream(sentences, model, detected, stopwatch)

    async def _translate(
        self, texts: Sequence[str], model: str, wanted: Wanted, stopwatch: Stopwatch
    ) -> Sequence[Translation | ServiceError]:
        characters = sum(map(len, texts))
        languages = self.models.served[model]
        items = [wanted.item(model, languages, text) for text in texts]
        with self.capacities[model].enter(characters) as place:
            deadline = Deadline(self.limits.seconds(characters))
            request = Request(deadline, stopwatch, place, wanted.search)
            return await self.flow.translate(items, request)

    async def _stream(
        self, text: str, model: str | None, wanted: Wanted, stopwatch: Stopwatch
    ) -> AsyncGenerator[SentenceTranslation | Translation, None]:
        if model is None:
            yield Translation(text, text, warnings=(NOT_SOURCE,))
            return
        item = wanted.item(model, self.models.served[model], text)
        async with self.charged(wanted, len(text)):
            with self.capacities[model].enter(len(text)) as place:
                deadline = Deadline(self.limits.seconds(len(text)))
                request = Request(deadline, stopwatch, place, wanted.search)
                async with aclosing(self.flow.stream(item, request)) as sentences:
                    async for sentence in sentences:
                        yield sentence

    @asynccontextmanager
    async def charged(self, wanted: Wanted, characters: int) -> AsyncGenerator[Charge, None]:
        """Count them for the caller's key, but for those that fail.

        Raises RateLimited, QuotaUsed or StoreUnavailable.
        """
        caller, limiter = wanted.caller, self.store.limiter
        charge = Charge()
        if caller is None:
            yield charge
            return
        allowed = await limiter.hit(caller, characters)
        if isinstance(allowed, Limited):
            if allowed.reason == "rate":
                raise RateLimited(caller.requests_per_minute, allowed.retry_after_s)
            raise QuotaUsed(caller.characters_per_month, allowed.retry_after_s)
        try:
            yield charge
        except Exception:
            limiter.give_back(caller, characters)
            raise
        if charge.failed:
            limiter.give_back(caller, charge.failed, requests=int(charge.failed == characters))

    def _check(self, wanted: Wanted, characters: int, limit: int) -> None:
        if characters > limit:
            raise TextTooLong(characters, limit)
        if wanted.alternatives > self.limits.alternatives:
            raise InvalidRequest(f"alternatives: at most {self.limits.alternatives}")
        if wanted.beam_size is not None and wanted.beam_size > self.limits.beam_size:
            raise InvalidRequest(f"beam: at most {self.limits.beam_size}")

    def check_size(self, texts: Sequence[str], wanted: Wanted) -> None:
        """Raises TooManyTexts, TextTooLong or InvalidRequest."""
        if len(texts) > self.limits.texts:
            raise TooManyTexts(len(texts), self.limits.texts)
        self._check(wanted, sum(map(len, texts)), self.limits.characters)

    def check(self, wanted: Wanted) -> None:
        """Raises UnknownModel or UnsupportedLanguages where no text can have what is wanted."""
        source = None if wanted.source == AUTO else wanted.source
        self.models.choose(wanted.model, source, wanted.target)

    def _model_for(self, wanted: Wanted, detected: Detected | None) -> str | None:
        """The model for a text, None where none has the language that was found."""
        if detected is None:
            return self.models.choose(wanted.model, wanted.source, wanted.target)
        return self.models.has(wanted.model, detected.base, wanted.target)


def flaw(text: str) -> ServiceError | None:
    """Why a text cannot be translated, whatever it says."""
    try:
        check(text)
    except InvalidText:
        return MalformedText()
    return None if visible(text) else EmptyText()
