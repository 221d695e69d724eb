"""JSON: the values that are texts; keys, numbers and layout stay letter for letter.

Flutter's .arb says the language of its texts, which becomes English.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pipeline.documents.document import Family, Swap, UnreadableDocument
from pipeline.documents.encoding import text_rewriter
from pipeline.text.normalise import HAN

_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_KEY = re.compile(r"\s*+:")
_LOCALE = re.compile(r'("@@locale"\s*+:\s*+")zh[\w-]*+(?=")', re.IGNORECASE)
_DEEPEST = 200


def rewrite_json(source: str, swap: Swap) -> str:
    _check(source)
    return "".join(_pieces(source, swap))


def rewrite_arb(source: str, swap: Swap) -> str:
    new = rewrite_json(source, swap)
    return new if new == source else _LOCALE.sub(r"\1en", new, count=1)


def _check(source: str) -> None:
    depth = deepest = 0
    for outside in _STRING.split(source):
        for sign in re.findall(r"[\[\]{}]", outside):
            depth += 1 if sign in "[{" else -1
            deepest = max(deepest, depth)
    if deepest > _DEEPEST:
        raise UnreadableDocument(f"is nested more than {_DEEPEST} levels deep: flatten it")
    try:
        json.loads(source, parse_int=str, parse_float=str)
    except ValueError as error:
        place = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UnreadableDocument(f"is no well-formed JSON{place}: mend it") from None


def _pieces(source: str, swap: Swap) -> Iterator[str]:
    at = 0
    for found in _STRING.finditer(source):
        yield source[at : found.start()]
        yield found[0] if _KEY.match(source, found.end()) else _value(found[0], swap)
        at = found.end()
    yield source[at:]


def _value(literal: str, swap: Swap) -> str:
    text = json.loads(literal)
    new = swap(text) if HAN.search(text) and not _unpaired(text) else text
    return literal if new == text else json.dumps(new, ensure_ascii=literal.isascii())


def _unpaired(text: str) -> bool:
    """Whether half of a character stands alone, which is no text."""
    return any("\ud800" <= character <= "\udfff" for character in text)


FAMILY = Family(
    extensions=(".json",), media_type="application/json", rewrite=text_rewriter(rewrite_json)
)
ARB = Family(
    extensions=(".arb",), media_type="application/json", rewrite=text_rewriter(rewrite_arb)
)
