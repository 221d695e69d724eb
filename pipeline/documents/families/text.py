"""Plain text in any encoding: cut at blank lines, but not within code, tables and the like."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.documents.document import Family, Swap
from pipeline.documents.encoding import text_rewriter
from pipeline.text.normalise import HAN
from pipeline.text.structure import blocks

_BLANK_LINES = re.compile(r"(?:\r\n|\n|\r)(?:[ \t]*+(?:\r\n|\n|\r))++")


def rewrite_text(source: str, swap: Swap) -> str:
    return "".join(swap(piece) if HAN.search(piece) else piece for piece in _paragraphs(source))


def _paragraphs(source: str) -> Iterator[str]:
    """All of the text: paragraphs, and the blank lines between them."""
    whole = iter([*blocks(source)])
    block = next(whole, None)
    at = 0
    for gap in _BLANK_LINES.finditer(source):
        while block and block.end <= gap.start():
            block = next(whole, None)
        if block and block.start < gap.end():
            continue
        yield source[at : gap.start()]
        yield gap[0]
        at = gap.end()
    yield source[at:]


FAMILY = Family(
    extensions=(".txt", ".text"), media_type="text/plain", rewrite=text_rewriter(rewrite_text)
)
