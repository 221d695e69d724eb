"""The vocabularies beside a `model.bin`: a list of tokens, whose places are their ids."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pipeline.errors import UserError
from quantize.sources.ctranslate2.place import Place

SHARED, SOURCE, TARGET = "shared_vocabulary", "source_vocabulary", "target_vocabulary"


class Vocabulary:
    """Tokens by their ids."""

    def __init__(self, tokens: Sequence[str], unknown: str, where: str) -> None:
        """A vocabulary that lacks the `unknown` token gets it as its last one."""
        self.tokens = (*tokens, unknown) if unknown not in tokens else tuple(tokens)
        self.where = where
        self._ids: dict[str, int] = {}
        for number, token in enumerate(self.tokens):
            self._ids.setdefault(token, number)
        self.unknown_id = self._ids[unknown]

    def __len__(self) -> int:
        return len(self.tokens)

    def id(self, token: str) -> int:
        """A token's id; the unknown one's for a token that is not there."""
        return self._ids.get(token, self.unknown_id)

    def known_id(self, token: str) -> int:
        """A token's id; raises UserError for one that is not there."""
        if token not in self._ids:
            raise UserError(f"{self.where}: it has no {token}: copy all files of the model")
        return self._ids[token]

    def json(self) -> bytes:
        """The ids of all tokens, as bundles have them."""
        return json.dumps(self._ids, ensure_ascii=False, indent=0).encode()


def read_vocabularies(place: Place, unknown: str) -> tuple[Vocabulary, Vocabulary]:
    """The source's and the target's, which may be one and the same.

    Raises UserError for one that is missing or damaged.
    """
    if shared := _read(place, SHARED, unknown):
        return shared, shared
    source, target = (_read(place, name, unknown) for name in (SOURCE, TARGET))
    if source and target:
        return source, target
    missing = TARGET if source else SOURCE
    raise UserError(
        f"{place.where(missing)}.json is missing, and {missing}.txt and {SHARED} too: "
        "copy all files of the model"
    )


def _read(place: Place, name: str, unknown: str) -> Vocabulary | None:
    for file, parse in ((f"{name}.json", _from_json), (f"{name}.txt", _from_lines)):
        if place.has(file):
            try:
                tokens = parse(place.read(file).decode("utf-8"))
            except (ValueError, TypeError):
                raise UserError(
                    f"{place.where(file)}: expected a list of tokens, found something else: "
                    "copy it anew"
                ) from None
            return Vocabulary(tokens, unknown, place.where(file))
    return None


def _from_json(text: str) -> list[str]:
    tokens = json.loads(text)
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise TypeError("no list of tokens")
    return tokens


def _from_lines(text: str) -> list[str]:
    """A token a line; "\\r" before the line's end belongs to it unless all lines have one."""
    lines = text.removesuffix("\n").split("\n")
    if all(line.endswith("\r") for line in lines):
        lines = [line[:-1] for line in lines]
    return lines
