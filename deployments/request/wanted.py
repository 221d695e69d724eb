"""How a request wants its texts translated."""

from __future__ import annotations

from dataclasses import dataclass

from deployments.errors import InvalidRequest
from deployments.stages.messages import PrepareItem, Search
from deployments.store.keys import KeyInfo
from pipeline.bundle import Languages
from pipeline.glossary import Entry
from pipeline.text.language import base
from pipeline.text.sentences import Splitting
from pipeline.text.terms import Terms


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A glossary that is ready for use, and the languages that it is for."""

    languages: Languages
    terms: Terms


@dataclass(frozen=True, slots=True)
class Wanted:
    """Languages are tags of any spelling (pipeline/text/language.py); None takes any, and "auto" as
    the source finds out. Without a model, the first that has the languages is asked.

    `caller` is the key that the request came with, where the service asks for one.
    """

    model: str | None = None
    source: str | None = None
    target: str | None = None
    split_sentences: Splitting = "on"
    beam_size: int | None = None
    alternatives: int = 0
    glossary: Vocabulary | None = None
    caller: KeyInfo | None = None

    @property
    def search(self) -> Search:
        return Search(self.beam_size, self.alternatives)

    def item(self, model: str, languages: Languages, text: str) -> PrepareItem:
        """A text for the walk with a model of these languages, with the terms that it may need.

        Raises InvalidRequest where the glossary is for other languages.
        """
        terms: tuple[Entry, ...] = ()
        if self.glossary is not None:
            own = self.glossary.languages
            if (base(own.source), base(own.target)) != (languages.source, languages.target):
                raise InvalidRequest(f"the glossary is for {own.source} to {own.target}")
            terms = self.glossary.terms.present(text)
        return PrepareItem(model, text, self.split_sentences, terms)


USUAL = Wanted()
