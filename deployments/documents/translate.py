"""The texts of a document, translated by the service a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from deployments.errors import Unavailable
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


async def translations(
    service: TranslationService,
    texts: Sequence[str],
    wanted: Wanted,
    *,
    patient: bool,
    progress: Progress = nobody,
) -> list[str]:
    """A translation for each text; what cannot be translated stays as it is.

    Who is `patient` tries again where the service is busy. Raises what `translate_all` raises.
    """
    found, done = [""] * len(texts), 0
    for group in groups(pieces(texts)):
        answers = await _translated(service, [piece.text for piece in group], wanted, patient)
        for piece, answer in zip(group, answers, strict=True):
            found[piece.place] += answer
            done += len(piece.text)
        progress(done)
    return found


async def _translated(
    service: TranslationService, texts: Sequence[str], wanted: Wanted, patient: bool
) -> list[str]:
    tries = TRIES if patient else 1
    while True:
        tries -= 1
        try:
            found = await service.translate_all(texts, wanted)
        except Unavailable as error:
            if not tries:
                raise
            await asyncio.sleep(float(error.headers["Retry-After"]))
            continue
        return [
            answer.translation.text if isinstance(answer, One) else text
            for text, answer in zip(texts, found.answers, strict=True)
        ]


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
