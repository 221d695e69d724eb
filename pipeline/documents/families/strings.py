"""Apple's .strings: the values of `"key" = "value";`, comments and keys letter for letter."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.documents.document import Family, Swap, UnreadableDocument
from pipeline.documents.encoding import text_rewriter
from pipeline.text.normalise import HAN

_TOKEN = re.compile(
    r'/\*(?:[^*]|\*(?!/))*+\*/|//[^\r\n]*+|"(?P<text>(?:[^"\\]|\\.)*+)"|(?P<sign>[=;])', re.DOTALL
)
_ESCAPE = re.compile(r"\\(?:U([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_WRITTEN = str.maketrans({'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def rewrite_strings(source: str, swap: Swap) -> str:
    if source.strip() and not re.search(r"[\"\w]\s{0,99}=\s{0,99}\"", source):
        raise UnreadableDocument('has no "key" = "value"; inside: give it its right extension')
    return "".join(_pieces(source, swap))


def _pieces(source: str, swap: Swap) -> Iterator[str]:
    at, is_value = 0, False
    for found in _TOKEN.finditer(source):
        if found["sign"]:
            is_value = found["sign"] == "="
        elif found["text"] is not None and is_value:
            text = _ESCAPE.sub(_character, found["text"])
            new = swap(text) if HAN.search(text) else text
            if new != text:
                yield source[at : found.start("text")]
                yield new.translate(_WRITTEN)
                at = found.end("text")
    yield source[at:]


def _character(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    return _ESCAPED.get(escape[2], escape[2])


FAMILY = Family(
    extensions=(".strings",), media_type="text/plain", rewrite=text_rewriter(rewrite_strings)
)
