"""What is looked at in every translated sentence. Warnings, by the name they carry in answers:

1. "empty": nothing was left, or nothing but protected spans; the source text stands in its place;
2. "copied": it is the source, or mostly Chinese;
3. "protected": a span of pipeline/text/protect.py is missing, doubled or out of order;
4. "truncated": it reached the longest length before it was finished;
5. "loop": it repeated itself, and the repetitions were taken out;
6. "chinese": Chinese characters are left in it;
7. "short", "long": it is far shorter or far longer than its source;
8. "numbers": a number of the source is missing, or a figure came out of nowhere;
9. "unknown": it held the unknown symbol, which was taken out.

Those of parse.py are found on token ids, before there is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pipeline.answer.numbers.compare import invented, missing
from pipeline.text.normalise import HAN
from pipeline.text.prepared import Protected
from pipeline.text.protect import PLACEHOLDER, number_of

SEVERITY = {
    **{"empty": 32, "copied": 24, "protected": 16, "truncated": 8, "loop": 6, "chinese": 6},
    **{"short": 4, "long": 3, "numbers": 3, "unknown": 2},
}
_SHORT_FROM, _SHORT_FACTOR = 8, 0.36  # source tokens; target tokens a source token
_LONG_ENOUGH = 4  # characters of a span that do not stand in a translation by chance
_LETTERS = re.compile(r"[^\W_]")
_POSITIONAL = re.compile(r"%[-+#0]*\d*(?:\.\d+)?[a-zA-Z@]+|\{\}")
_TAG_NAME = re.compile(r"</?([^\s/>]+)")


def severity(warnings: Sequence[str]) -> int:
    """How bad a translation with these warnings is: the sum of theirs."""
    return sum(SEVERITY[name] for name in warnings)


def checked(
    seen: str, target: str, protected: Sequence[Protected], tokens: tuple[int, int]
) -> Iterator[str]:
    """The warnings for a translation, both texts with placeholders.

    `tokens` are the source's and the target's.
    """
    if not (kept(target, protected) and filled(seen, target, protected)):
        yield "protected"
    words = PLACEHOLDER.sub(" ", target)
    if not _LETTERS.search(words):
        yield "empty"
        return
    if HAN.search(words):
        yield "copied" if copied(words) else "chinese"
    if tokens[0] >= _SHORT_FROM and tokens[1] < _SHORT_FACTOR * tokens[0]:
        yield "short"
    source = PLACEHOLDER.sub(" ", seen)
    if missing(source, words) or invented(source, words):
        yield "numbers"


def copied(target: str) -> bool:
    """Whether an English text is mostly Chinese."""
    return 2 * len(HAN.findall(target)) > len(_LETTERS.findall(target))


def kept(target: str, protected: Sequence[Protected]) -> bool:
    """Whether every span stands in the target once, tags around what they enclose, "%s" and the
    like in order.
    """
    places = {number_of(mark[0]): mark.start() for mark in PLACEHOLDER.finditer(target)}
    if any(len(span.text) >= _LONG_ENOUGH and span.text in target for span in protected):
        return False
    if len(places) != len(protected) or len(PLACEHOLDER.findall(target)) != len(protected):
        return False
    return len(protected) == 0 or (
        max(places) < len(protected) and all(places[a] < places[b] for a, b in _ordered(protected))
    )


def filled(seen: str, target: str, protected: Sequence[Protected]) -> bool:
    """Whether neither of two tags that follow each other in both texts has lost what stands between
    them.
    """
    if not any(span.kind == "tag" for span in protected):
        return True
    translated = dict(_between_tags(target, protected))
    return all(
        not HAN.search(text) or _LETTERS.search(translated.get(pair, text))
        for pair, text in _between_tags(seen, protected)
    )


def _between_tags(
    text: str, protected: Sequence[Protected]
) -> Iterator[tuple[tuple[str, str], str]]:
    marks = [mark for mark in PLACEHOLDER.finditer(text) if number_of(mark[0]) < len(protected)]
    for left, right in pairwise(marks):
        if all(protected[number_of(mark[0])].kind == "tag" for mark in (left, right)):
            yield (left[0], right[0]), text[left.end() : right.start()]


def _ordered(protected: Sequence[Protected]) -> Iterator[tuple[int, int]]:
    """Pairs of spans of which the first must come first."""
    yield from _enclosing(protected)
    positional = [
        number for number, span in enumerate(protected) if _POSITIONAL.fullmatch(span.text)
    ]
    yield from pairwise(positional)


def _enclosing(protected: Sequence[Protected]) -> Iterator[tuple[int, int]]:
    """The opening and closing tags that belong together."""
    opened: dict[str, list[int]] = {}
    for number, span in enumerate(protected):
        if span.kind == "tag" and (name := _TAG_NAME.match(span.text)):
            if not span.text.startswith("</"):
                opened.setdefault(name[1], []).append(number)
            elif opened.get(name[1]):
                yield opened[name[1]].pop(), number
