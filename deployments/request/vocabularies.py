"""Glossaries by their ids, ready for use, and made ready anew only where they have changed."""

from __future__ import annotations

from collections import OrderedDict

from deployments.errors import UnknownGlossary
from deployments.request.wanted import Vocabulary
from deployments.store.glossaries import Glossaries
from pipeline.bundle import Languages
from pipeline.glossary import Glossary
from pipeline.text.terms import Terms

MOST = 32  # glossaries that are kept ready


class Vocabularies:
    """Of one ingress replica. Each use asks for the revision, so a change counts at once."""

    def __init__(self, glossaries: Glossaries) -> None:
        self._glossaries = glossaries
        # By revision, id and owner; those used last are at the end.
        self._ready: OrderedDict[tuple[int, str, str | None], Vocabulary] = OrderedDict()

    async def get(self, glossary_id: str, owner: str | None) -> Vocabulary:
        """Raises UnknownGlossary where this owner has none of that id, or StoreUnavailable."""
        revision = await self._glossaries.revision(glossary_id, owner)
        if revision is None:
            raise UnknownGlossary
        key = revision, glossary_id, owner
        if key not in self._ready:
            glossary = await self._glossaries.get(glossary_id, owner)
            if glossary is None:
                raise UnknownGlossary
            self._ready[key] = _ready(glossary)
        self._ready.move_to_end(key)
        if len(self._ready) > MOST:
            self._ready.popitem(last=False)
        return self._ready[key]


def _ready(glossary: Glossary) -> Vocabulary:
    languages = Languages(source=glossary.source, target=glossary.target)
    return Vocabulary(languages, Terms(glossary.entries))
