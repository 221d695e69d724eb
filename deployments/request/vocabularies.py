"""Glossaries by their ids, ready for use.

What is known of one is believed for a few seconds, and made ready anew only where it has changed.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

from deployments.errors import UnknownGlossary
from deployments.request.wanted import Vocabulary
from deployments.store.glossaries import Glossaries
from pipeline.bundle import Languages
from pipeline.glossary import Glossary
from pipeline.text.terms import Terms

BELIEVED_S = 3.0
MOST = 32  # glossaries that are kept ready


@dataclass(frozen=True, slots=True)
class _Known:
    glossary: Glossary
    ready: Vocabulary
    until: float


class Vocabularies:
    """Of one ingress replica."""

    def __init__(self, glossaries: Glossaries) -> None:
        self._glossaries = glossaries
        self._known: OrderedDict[tuple[str, str | None], _Known] = OrderedDict()

    async def get(self, glossary_id: str, owner: str | None) -> Vocabulary:
        """Raises UnknownGlossary where this owner has none of that id, or StoreUnavailable."""
        key = glossary_id, owner
        known = self._known.get(key)
        if known is not None and time.monotonic() < known.until:
            return known.ready
        glossary = await self._glossaries.get(glossary_id, owner)
        self._known.pop(key, None)
        if glossary is None:
            raise UnknownGlossary
        same = known is not None and known.glossary == glossary
        ready = known.ready if known is not None and same else _ready(glossary)
        self._known[key] = _Known(glossary, ready, time.monotonic() + BELIEVED_S)
        if len(self._known) > MOST:
            self._known.popitem(last=False)
        return ready


def _ready(glossary: Glossary) -> Vocabulary:
    languages = Languages(source=glossary.source, target=glossary.target)
    return Vocabulary(languages, Terms(glossary.entries))
