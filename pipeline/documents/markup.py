"""HTML and XHTML cut into tags and texts by the rules of the WHATWG's tokeniser, places kept.

What is not translated can so be copied letter for letter. Each character is looked at a bounded
number of times: what is opened and never closed goes on to the end, as in browsers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

_NAME = re.compile(r"[A-Za-z][^\s/>]*")
# A tag's rest: attributes, whose quoted values may have ">".
_ATTRIBUTES = re.compile(r"""(?:[^>"'=]++|=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))?+|["'])*+""")
_ATTRIBUTE = re.compile(
    r"""([^\s"'>/=][^\s>/=]*+)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'>][^\s>]*+))?+"""
)


def names(*lines: str) -> frozenset[str]:
    """Names of elements or the like, parted by blanks."""
    return frozenset(" ".join(lines).split())


# Elements whose content is text, whatever it looks like.
RAW = names("script style textarea title xmp iframe noembed noframes plaintext")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a page. `name` is a tag's, in lower case."""

    kind: Literal["text", "opening", "closing", "empty", "other"]
    start: int
    end: int
    name: str = ""


def tokens(source: str, *, xml: bool = False) -> Iterator[Token]:
    """All of a page, in order and without gaps. In XML there are sections and no raw texts."""
    at = text = 0
    while (at := source.find("<", at)) >= 0:
        token = _markup(source, at, xml)
        if token is None:
            at += 1
            continue
        if text < at:
            yield Token("text", text, at)
        yield token
        at = text = token.end
        if token.kind == "opening" and not xml and token.name in RAW:
            at = text = _raw_end(source, token)
            if token.end < at:
                yield Token("text", token.end, at)
    if text < len(source):
        yield Token("text", text, len(source))


def _markup(source: str, at: int, xml: bool) -> Token | None:
    """What begins with the "<" here; None where that is text."""
    after = source[at + 1 : at + 2]
    if after == "!" or after == "?":
        return Token("other", at, _declaration_end(source, at, xml))
    closing = after == "/"
    name = _NAME.match(source, at + 1 + closing)
    if name is None:
        return Token("other", at, _after(source, ">", at)) if closing else None
    rest = _ATTRIBUTES.match(source, name.end())
    inner = rest.end() if rest else name.end()
    end = min(inner + 1, len(source))
    if inner == len(source):
        return Token("other", at, end)  # never closed: nothing is shown of it
    if closing:
        return Token("closing", at, end, name[0].lower())
    empty = source[inner - 1] == "/" and xml
    return Token("empty" if empty else "opening", at, end, name[0].lower())


def _declaration_end(source: str, at: int, xml: bool) -> int:
    if source.startswith("<!--", at):
        if source.startswith((">", "->"), at + 4):  # an empty one, as browsers see it
            return _after(source, ">", at + 4)
        return _after(source, "-->", at + 4)
    if xml and source.startswith("<![CDATA[", at):
        return _after(source, "]]>", at)
    if xml and source.startswith("<?", at):
        return _after(source, "?>", at)
    return _after(source, ">", at)


def _after(source: str, sign: str, at: int) -> int:
    found = source.find(sign, at)
    return found + len(sign) if found >= 0 else len(source)


def _raw_end(source: str, token: Token) -> int:
    if token.name == "plaintext":
        return len(source)
    found = re.compile(rf"</{token.name}(?=[\s/>])", re.IGNORECASE).search(source, token.end)
    return found.start() if found else len(source)


def attributes(tag: str) -> Iterator[tuple[str, str, int, int]]:
    """The attributes of an opening tag that have values: name in lower case, value as it is
    written without quotes, and where that stands.
    """
    name = _NAME.match(tag, 1)
    for found in _ATTRIBUTE.finditer(tag, name.end() if name else 1):
        if found[2] is not None:
            quoted = found[2][0] in "\"'"
            start, end = found.start(2) + quoted, found.end(2) - quoted
            yield found[1].lower(), tag[start:end], start, end
