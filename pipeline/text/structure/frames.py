"""What stands around the texts of a line: code, pipes, marks of emphasis, brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.text.found import Found, covered
from pipeline.text.lines import lines
from pipeline.text.structure.code import code_frames, inline_code
from pipeline.text.structure.markdown import cell_marks, marks, table_rows

_FRAMED = re.compile("[\"'/|*_~=#\\[]|--")
_UNESCAPED_DOUBLE, _UNESCAPED_SINGLE = re.compile(r'(?<!\\)"'), re.compile(r"(?<!\\)'")
_ENGLISH_MARKS = str.maketrans("，。、；：！？", ",.,;:!?")
_TAG = r"</?(?:a|abbr|b|big|cite|em|font|i|mark|q|s|small|span|strong|u)\b[^<>]*>"
_TAGS = re.compile(rf"(?P<closing>(?:(?=</){_TAG})*)(?P<opening>(?:{_TAG})*)")
_BRACKETED = frozenset(["code", "email", "name", "path", "placeholder", "url"])
_BRACKETS = frozenset(["()", "[]", '""', "''"])


def frames(text: str, found: list[Found]) -> Iterator[Found]:
    """The frames in a text of which `found` is protected already; they may enclose some of it."""
    cover = covered(text, found)
    if _FRAMED.search(cover):
        spans = list(lines(cover))
        rows = table_rows([cover[line.start : line.end] for line in spans]) if "|" in cover else ()
        for number, line in enumerate(spans):
            if not _FRAMED.search(cover, line.start, line.end):
                continue
            code = list(code_frames(cover, line))
            yield from code
            if not code:
                yield from inline_code(cover, line)
                yield from cell_marks(cover, line, number in rows)
                yield from marks(cover, line)
    for span in found:
        around = cover[span.start - 1 : span.start] + cover[span.end : span.end + 1]
        if span.kind in _BRACKETED and around in _BRACKETS:
            yield Found(span.start - 1, span.end + 1, span.kind)


def fitted(text: str, before: str, after: str) -> str:
    """A translation without the quote that it stands in, between two separators of its text."""
    quotes = before[-1:] + after[:1]
    if quotes == '""':
        return _UNESCAPED_DOUBLE.sub("'", text)
    return _UNESCAPED_SINGLE.sub("’", text) if quotes == "''" else text


def set_apart(frame: str) -> str:
    """A frame as it stands behind or between translations: messages, images and tags within a line
    as words are, with spaces around and the mark of the sentence that goes on.
    """
    if tags := _TAGS.fullmatch(frame):
        return f"{tags['closing']} {tags['opening']}"
    marked = frame.translate(_ENGLISH_MARKS)
    ends = marked != frame or frame[-1] in "})"
    return (" " if frame[0] in "{!" else "") + marked + (" " if ends else "")
