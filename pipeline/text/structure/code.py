"""Lines of JSON and code: the texts in quotes and comments are translated, all else is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.text.found import STRUCTURE, Found
from pipeline.text.normalise import HAN
from pipeline.text.prepared import Span

# An unclosed literal goes on to the end of the line, so that no search begins anew in it.
_LITERAL = re.compile(
    r"\"(?:[^\"\\]|\\.)*+(?P<closed>\")?+|(?<![A-Za-z0-9])'(?:[^'\\]|\\.)*+(?P<shut>')?+"
)
_DOUBLE_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*+(?P<closed>\")?+(?P<shut>)")
_COMMENT = re.compile(
    r"^(?P<alone>[ \t]*+(?://+|/\*+)[ \t]*+)"
    r"|(?:(?<=[;{}(),:\]])|[ \t])(?://+|/\*+|#+|--)[ \t]*+"
)
_COMMENT_END = re.compile(r"(?<![ \t*])[ \t]*+\*++/[ \t]*$")
_QUOTED = r"(?:\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+')"
_FLAT = rf"\{{(?:[^{{}}\"']|{_QUOTED})*+\}}"
_INLINE = re.compile(
    rf"\{{\s*+(?={_QUOTED})(?:[^{{}}\"']|{_QUOTED}|{_FLAT})*+\}}"
    rf"|\[\s*+(?={_QUOTED})(?:[^\[\]{{}}\"']|{_QUOTED}|{_FLAT})*+\]"
    rf"|(?<![A-Za-z0-9_.])[A-Za-z_][A-Za-z0-9_.]{{0,80}}+\((?:[^()\"'\u3000-\uffef]|{_QUOTED})*+\)"
)
_SIGNS_OF_CODE = re.compile(r"[\w(){}\[\]=:;,<>]", re.ASCII)
_PROSE = re.compile("[\u3000-\u303f\uff00-\uffef\u2018-\u201f\u2014\u2026]")


def code_frames(covered: str, span: Span) -> Iterator[Found]:
    """What frames the texts in a line of code; nothing if the line is prose.

    In code, Chinese stands only within ASCII quotes, or after the sign of a comment.
    """
    start, line = span.start, covered[span.start : span.end]
    if not HAN.search(line):
        return
    texts = _texts(line, _LITERAL) or _texts(line, _DOUBLE_QUOTED)
    at = 0
    for text_start, text_end in texts:
        yield Found(start + at, start + text_start, STRUCTURE)
        at = text_end
    if texts and at < len(line):
        yield Found(start + at, span.end, STRUCTURE)


def inline_code(covered: str, span: Span) -> Iterator[Found]:
    """Objects, lists and calls with texts in quotes within a line of prose: kept whole."""
    for code in _INLINE.finditer(covered, span.start, span.end):
        yield Found(code.start(), code.end(), "code")


def _texts(line: str, literals: re.Pattern[str]) -> list[tuple[int, int]]:
    """Where the Chinese of a line of code stands."""
    texts: list[tuple[int, int]] = []
    frame: list[str] = []
    at = 0
    for literal in literals.finditer(line):
        comment = _comment(line, at, literal.start(), frame)
        if comment:
            return [*texts, comment]
        if literal["closed"] is None and literal["shut"] is None:
            continue
        frame.append(line[at : literal.start()])
        if HAN.search(literal[0]):
            texts.append((literal.start() + 1, literal.end() - 1))
        at = literal.end()
    comment = _comment(line, at, len(line), frame)
    if comment:
        return [*texts, comment]
    frame.append(line[at:])
    skeleton = "".join(frame)
    is_code = _SIGNS_OF_CODE.search(skeleton) and not _is_prose(skeleton)
    return texts if is_code else []


def _comment(line: str, at: int, end: int, frame: list[str]) -> tuple[int, int] | None:
    """The Chinese comment that begins between two literals, if the line is code up to there."""
    sign = _COMMENT.search(line, at, end)
    if not sign or not HAN.search(line, sign.end()):
        return None
    before = "".join([*frame, line[at : sign.start()]])
    needed = r"[(){}\[\]=;]" if sign[0].strip().startswith("--") else r"[\w(){}\[\]=;]"
    if _is_prose(before) or not (sign["alone"] or frame or re.search(needed, before, re.ASCII)):
        return None
    closing = _COMMENT_END.search(line, sign.end())
    return sign.end(), closing.start() if closing else len(line)


def _is_prose(text: str) -> bool:
    return bool(HAN.search(text) or _PROSE.search(text))
