"""Markdown: rows of tables, and the marks of emphasis and links within a line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline.text.found import COVER, STRUCTURE, Found, merged
from pipeline.text.normalise import BLANKS, HAN
from pipeline.text.prepared import Span

_PIPE = re.compile(r"(?<![ \t\u3000])[ \t\u3000]*+(?<!\\)\|[ \t\u3000]*+")
_RULE = re.compile(r"[ \t>]*+\|?[ \t]*+:?-++:?[ \t]*+(?:\|[ \t]*+:?-++:?[ \t]*+)*+\|?[ \t]*+")

_MARK = re.compile(
    r"\*{1,3}+|_{1,3}+|~~|==|!?\["
    r"|\]\((?P<target>[^()\s]*+(?:\([^()\s]*+\)[^()\s]*+)*+)(?:[ \t]++\"[^\"]{0,200}+\")?\)"
    r"|\]\[[^\[\]]{0,100}+\]|\]"
)
_PATH_LIKE = re.compile(rf"[{COVER}./#:%@]")
_ASCII_WORD = re.compile(r"[A-Za-z0-9]")
_DEEPEST = 16  # marks within marks


def is_rule(line: str) -> bool:
    """Whether a line is what stands between a table's head and its rows ("|---|:---:|")."""
    return "|" in line and "-" in line and _RULE.fullmatch(line) is not None


def table_rows(lines: Sequence[str]) -> set[int]:
    """The numbers of the lines that a rule makes rows of a table."""
    rows: set[int] = set()
    for number, line in enumerate(lines):
        if is_rule(line):
            rows |= {number - 1, number}
        elif number - 1 in rows and "|" in line:
            rows.add(number)
    return rows


def cell_marks(covered: str, span: Span, in_table: bool) -> Iterator[Found]:
    """The pipes that part cells: all in a row of a table, elsewhere those between blanks."""
    line = covered[span.start : span.end]
    if is_rule(line):
        yield Found(span.start, span.end, STRUCTURE)
        return
    row = in_table or (line.lstrip(BLANKS + ">").startswith("|") and line.count("|") > 1)
    for pipe in _PIPE.finditer(covered, span.start, span.end):
        between_blanks = pipe[0][0] != "|" and pipe[0][-1] != "|"
        if row or between_blanks:
            yield Found(pipe.start(), pipe.end(), STRUCTURE)


def marks(covered: str, span: Span) -> list[Found]:
    """The marks around emphasised words and links, as tags; those that touch are one.

    What an image shows is no part of the sentence. Two underscores that emphasise nothing are a
    blank to fill in.
    """
    waiting: list[re.Match[str]] = []
    pairs: list[tuple[Found, Found]] = []
    blanks: set[tuple[int, int]] = set()
    for mark in _MARK.finditer(covered, span.start, span.end):
        if mark[0] == "__":
            blanks.add(mark.span())
        partner = _partner(covered, mark, waiting)
        if partner is not None:
            opening = waiting[partner]
            del waiting[partner:]
            blanks -= {opening.span(), mark.span()}
            around_image = (
                pairs and pairs[-1][0].start == opening.end() and pairs[-1][0].kind == STRUCTURE
            )
            kind = STRUCTURE if opening[0] == "![" or around_image else "tag"
            pairs.append((Found(*opening.span(), kind), Found(*mark.span(), kind)))
        elif _opens(covered, mark) and len(waiting) < _DEEPEST:
            waiting.append(mark)
    return _joined(covered, pairs) + [Found(*blank, "blank") for blank in sorted(blanks)]


def _partner(covered: str, mark: re.Match[str], waiting: list[re.Match[str]]) -> int | None:
    """The place of the mark that this one closes."""
    sign = mark[0]
    if sign.startswith("]"):
        places = [i for i, opening in enumerate(waiting) if opening[0].endswith("[")]
        if places and not _is_link(mark):
            del waiting[places[-1] :]
            return None
    elif _closes(covered, mark):
        places = [i for i, opening in enumerate(waiting) if opening[0] == sign]
    else:
        return None
    return places[-1] if places else None


def _is_link(mark: re.Match[str]) -> bool:
    """Whether what follows a bracketed text is the target of a link, rather than a remark."""
    target = mark["target"]
    is_path = not target or _PATH_LIKE.search(target) or not HAN.search(target)
    return mark[0] != "]" and bool(is_path)


def _opens(covered: str, mark: re.Match[str]) -> bool:
    before, after = _neighbours(covered, mark)
    if mark[0].startswith("]") or mark[0].endswith("["):
        return mark[0].endswith("[")
    within_word = mark[0].startswith("_") and before.isalnum()
    return bool(after.strip(BLANKS)) and not within_word and not _in_latin(before, after)


def _closes(covered: str, mark: re.Match[str]) -> bool:
    before, after = _neighbours(covered, mark)
    within_word = mark[0].startswith("_") and after.isalnum()
    return bool(before.strip(BLANKS)) and not within_word and not _in_latin(before, after)


def _neighbours(covered: str, mark: re.Match[str]) -> tuple[str, str]:
    return covered[mark.start() - 1 : mark.start()], covered[mark.end() : mark.end() + 1]


def _in_latin(before: str, after: str) -> bool:
    """Whether Latin letters or digits stand on both sides ("2*3")."""
    return all(map(_ASCII_WORD.match, (before, after)))


def _joined(covered: str, pairs: Sequence[tuple[Found, Found]]) -> list[Found]:
    """Pairs of marks in order: one span where nothing between them is Chinese."""
    sides: dict[int, bool] = {}  # whether a mark opens, by where it begins
    found: list[Found] = []
    for opening, closing in pairs:
        if HAN.search(covered, opening.end, closing.start):
            found += [opening, closing]
            sides |= {opening.start: True, closing.start: False}
        else:
            found.append(Found(opening.start, closing.end, "code"))
    joined: list[Found] = []
    for mark in merged(found):
        last = joined[-1] if joined else None
        touches = last is not None and last.kind == mark.kind == "tag" and last.end == mark.start
        if last and touches and sides[last.start] == sides[mark.start]:
            joined[-1] = Found(last.start, mark.end, "tag")
            sides[last.start] = sides[mark.start]
        else:
            joined.append(mark)
    return joined
