"""What the vocabulary of a model cannot say: foreign scripts, rare letters and signs.

A character is unreadable where the model sees nothing but bytes or the unknown symbol, or what it
was folded into ("⁶" as 6, "Ⅲ" as III). Unreadable words and signs are spans to protect. Rare Han is
not: a name cannot be left out of a sentence, and the translation is said to be in doubt.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from pipeline.text.found import Found
from pipeline.text.normalise import HAN, HAN_CHARACTERS, visible

KIND = "foreign"
CHARACTERS = 1 << 16  # whose answers are remembered
# A word in another script than Han, with the marks that are drawn over its letters, or a sign.
_TOKEN = re.compile(
    rf"(?:[^\W_{HAN_CHARACTERS}][\u0300-\u036f]*)+|[^\w\s{HAN_CHARACTERS}]|_", re.UNICODE
)
_COMMON_HAN = "gb2312"  # every character that is usual in simplified text


class Unreadable:
    """Finds what a vocabulary cannot say. Thread-safe."""

    def __init__(self, reads: Callable[[str], bool]) -> None:
        self._reads = lru_cache(CHARACTERS)(reads)

    def spans(self, text: str, found: Sequence[Found]) -> list[Found]:
        """`found` and the unreadable words and signs outside them, in order.

        Those with nothing or one space between them are one.
        """
        spans: list[Found] = []
        others = iter(found)
        other = next(others, None)
        for start, end in self._words(text):
            while other and other.start < end:
                if other.end > start:
                    start = end  # it lies in a span, or crosses its edge
                spans.append(other)
                other = next(others, None)
            if spans and start < spans[-1].end:
                continue
            last = spans[-1] if spans else None
            if last and last.kind == KIND and text[last.end : start] in ("", " "):
                start = spans.pop().start
            if start < end:
                spans.append(Found(start, end, KIND))
        if other:
            spans += [other, *others]
        return spans

    def rare(self, text: str) -> bool:
        """Whether a simplified text has Han that the model cannot read and few texts have."""
        return any(not self._reads(c) and not _common(c) for c in HAN.findall(text))

    def _words(self, text: str) -> Iterator[tuple[int, int]]:
        if text.isascii():
            return
        for token in _TOKEN.finditer(text):
            if not token[0].isascii() and not self._readable(token[0]):
                yield token.span()

    def _readable(self, token: str) -> bool:
        return not visible(token) or all(map(self._reads, unicodedata.normalize("NFC", token)))


@lru_cache(CHARACTERS)
def _common(han: str) -> bool:
    try:
        han.encode(_COMMON_HAN)
    except UnicodeEncodeError:
        return han == "〇"
    return True
