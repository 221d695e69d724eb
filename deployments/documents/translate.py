"""The texts of a document, translated by the service a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from deployments.errors import ServiceError, Unavailable
from deployments.request.wanted import Wanted
from deployments.service import One, TranslationService

CHARACTERS = 4_000  # at a time; others have their turn between, and no text is longer
TEXTS = 128
TRIES = 100  # of who is patient
Progress = Callable[[int], None]  # told how many characters are done


def nobody(_: int) -> None:
    """Who is told nothing."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text, by the text's place."""

    place: int
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A translation for each text; `kept` of them could not be translated and stay as they are."""

    texts: list[str]
    kept: int

    def notes(self) -> tuple[str, ...]:
        """What the document's reader should know of it."""
        if not self.kept:
            return ()
        return (f"{self.kept} of {len(self.texts)} texts could not be translated and stay",)


async def translations(
    service: TranslationService,
    texts: Sequence[str],
    wanted: Wanted,
    *,
    patient: bool,
    progress: Progress = nobody,
) -> Outcome:
    """Who is `patient` tries again where the service is busy. Raises as `translate_all` does."""
    found, done = [""] * len(texts), 0
    kept: set[int] = set()
    for group in groups(pieces(texts)):
        answers = await _translated(service, [piece.text for piece in group], wanted, patient)
        for piece, answer in zip(group, answers, strict=True):
            if isinstance(answer, One):
                found[piece.place] += answer.translation.text
            else:
                found[piece.place] += piece.text
                kept.add(piece.place)
            done += len(piece.text)
        progress(done)
    return Outcome(found, len(kept))


async def _translated(
    service: TranslationService, texts: Sequence[str], wanted: Wanted, patient: bool
) -> Sequence[One | ServiceError]:
    tries = TRIES if patient else 1
    while True:
        tries -= 1
        try:
            return (await service.translate_all(texts, wanted)).answers
        except Unavailable as error:
            if not tries:
                raise
            await asyncio.sleep(float(error.headers["Retry-After"]))


def pieces(texts: Sequence[str]) -> Iterator[Piece]:
    """The texts, those that are too long cut at a line end, or a full stop, or where they must."""
    for place, text in enumerate(texts):
        while len(text) > CHARACTERS:
            cut = max(text.rfind("\n", 0, CHARACTERS), 0) or text.rfind("。", 0, CHARACTERS)
            cut = cut + 1 if cut > 0 else CHARACTERS
            yield Piece(place, text[:cut])
            text = text[cut:]
        yield Piece(place, text)


def groups(all_of_them: Iterator[Piece]) -> Iterator[list[Piece]]:
    """Neighbours of at most so many characters and texts together."""
    members: list[Piece] = []
    size = 0
    for piece in all_of_them:
        if members and (size + len(piece.text) > CHARACTERS or len(members) == TEXTS):
            yield members
            members, size = [], 0
        members.append(piece)
        size += len(piece.text)
    if members:
        yield members
