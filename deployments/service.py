"""What every door of the service calls: one text in, one translation out, within the limits.

HTTP and its dialects are above it, the walk over the deployments (request/flow.py) is below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deployments.config import Limits
from deployments.errors import EmptyText, TextTooLong, UnknownModel, UnsupportedLanguages
from deployments.request.capacity import Capacity
from deployments.request.deadline import Deadline, Stopwatch, Timings
from deployments.request.flow import Flow
from deployments.stages.messages import PrepareItem
from pipeline.answer.translation import Translation
from pipeline.bundle import Languages
from pipeline.text.normalise import visible
from pipeline.text.sentences import Splitting


@dataclass(frozen=True, slots=True)
class Translated:
    """The answer to one request, who gave it, and where its time went."""

    translation: Translation
    model: str
    timings: Timings


class TranslationService:
    """`models` maps the names of those served to their languages, the default first; this is one of
    so many `replicas` of the ingress.
    """

    def __init__(
        self, flow: Flow, models: Mapping[str, Languages], limits: Limits, replicas: int
    ) -> None:
        self.flow, self.models, self.limits = flow, models, limits
        self.capacities = {name: Capacity(limits, replicas) for name in models}

    async def translate(
        self,
        text: str,
        *,
        model: str | None = None,
        source: str | None = None,
        target: str | None = None,
        split_sentences: Splitting = "on",
    ) -> Translated:
        """Translate with the model that is named, or the first that has the languages named.

        Languages are written as in the bundles (`model.yaml`), None takes any. Raises EmptyText,
        TextTooLong, UnknownModel, UnsupportedLanguages, MalformedText, Overloaded, TimedOut or
        Restarting.
        """
        stopwatch, deadline = Stopwatch(), Deadline(self.limits.seconds(len(text)))
        self._check(text)
        chosen = self._choose(model, source, target)
        item = PrepareItem(chosen, text, split_sentences)
        with self.capacities[chosen].enter(len(text)) as place:
            translation = await self.flow.translate(item, deadline, stopwatch, place)
        return Translated(translation, chosen, stopwatch.read())

    def _check(self, text: str) -> None:
        if len(text) > self.limits.characters:
            raise TextTooLong(len(text), self.limits.characters)
        # NUL cannot be seen either, but is a mistake that is named.
        if not visible(text) and "\0" not in text:
            raise EmptyText

    def _choose(self, model: str | None, source: str | None, target: str | None) -> str:
        if model is not None and model not in self.models:
            raise UnknownModel(self.models)
        for name in self.models if model is None else (model,):
            languages = self.models[name]
            if source in (None, languages.source) and target in (None, languages.target):
                return name
        pairs = (f"{served.source} to {served.target}" for served in self.models.values())
        raise UnsupportedLanguages(dict.fromkeys(pairs))
