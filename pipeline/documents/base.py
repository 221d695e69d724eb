"""Paragraphs whose every word stands in a span, as word processors export them.

The look that most of the Chinese has is the paragraph's own then, as in Office files (runs/): its
spans are no marks, and what the translation has outside of other pairs stands in such spans again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby

from pipeline.documents.document import Swap
from pipeline.documents.inline import Content, Tag, swapped
from pipeline.text.normalise import HAN

_Pair = tuple[int, int]  # the places of its tags


def swapped_in_spans(
    content: Content, look: Callable[[Tag], str], swap: Swap
) -> list[str | Tag] | None:
    """As `swapped`. `look` says of an opening tag what its span looks like, "" if it is no span.

    Tags of spans may stand in what comes back more than once.
    """
    spans = _base(content, look)
    if not spans:
        return swapped(content, swap)
    places = {place for span in spans for place in span}
    new = swapped([piece for place, piece in enumerate(content) if place not in places], swap)
    if new is None:
        return None
    opening, closing = (content[place] for place in spans[0])
    return list(_wrapped(new, opening, closing))


def _base(content: Content, look: Callable[[Tag], str]) -> list[_Pair]:
    """The outermost spans that look as most of the Chinese does; none where some stands outside."""
    pairs: list[_Pair] = []
    opened: list[int] = []
    for place, piece in enumerate(content):
        if isinstance(piece, str):
            if not opened and HAN.search(piece):
                return []
        elif piece.side == "opening":
            opened.append(place)
        elif piece.side == "closing":
            start = opened.pop() if opened else place
            partner = content[start]
            if not isinstance(partner, Tag) or partner.key != piece.key or start == place:
                return []  # not nested well
            if not opened:
                pairs.append((start, place))
    weight: Counter[str] = Counter()
    looks = {pair: _look(content[pair[0]], look) for pair in pairs}
    for start, end in pairs:
        text = "".join(piece for piece in content[start:end] if isinstance(piece, str))
        weight[looks[start, end]] += len(HAN.findall(text))
    best = max(weight, key=lambda found: weight[found], default="")
    return [pair for pair in pairs if looks[pair] == best] if best and len(pairs) > 1 else []


def _look(piece: str | Tag, look: Callable[[Tag], str]) -> str:
    return look(piece) if isinstance(piece, Tag) else ""


def _wrapped(content: Content, opening: str | Tag, closing: str | Tag) -> Iterator[str | Tag]:
    """The content with its texts outside of pairs in spans."""
    depth = 0
    for is_text, group in groupby(content, key=lambda piece: isinstance(piece, str)):
        pieces = list(group)
        if is_text and depth == 0 and any(str(piece).strip() for piece in pieces):
            yield from (opening, *pieces, closing)
            continue
        for piece in pieces:
            if isinstance(piece, Tag):
                depth += {"opening": 1, "closing": -1, "single": 0}[piece.side]
            yield piece
