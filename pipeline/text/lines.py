"""The layout of a document: its lines, their indentation and list markers, the cells of a line.

1. A line is what stands between two line ends of any kind.
2. Indentation and list markers ("- ", "1. ", "（一）", "•") stay outside the sentence.
3. A tab, three blanks and more, or a full-width blank between words part the cells of a line; so
   does any gap before the next of several options ("A. 苹果 B. 香蕉").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.text.normalise import BLANKS, HAN_CHARACTERS, LINE_END
from pipeline.text.prepared import Span

_BLANK = f"[{BLANKS}]"
BLANK_RUN = re.compile(f"{_BLANK}+")

_DIGITS = "一二三四五六七八九"
_NUMERAL = "[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]"
_PICTURES = "\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\ufe0e\ufe0f\u20e3\u200d※"
_TEXT = f"[{BLANKS}{HAN_CHARACTERS}]"
# A list marker, and what follows it where it is one: it counts only where that rules out a number,
# a name or a phrase ("3.5", "C#语言").
_SIGNS = (
    (rf"[-*+–—](?:{_BLANK}+\[[ xX]\])?(?={_BLANK}|$)", f"(?={_BLANK})"),
    ("[•‣⁃·・]", ""),
    ("[●◦○■□◆◇▪▫★☆►▶※]", f"(?![{_PICTURES}])"),
    ("#{1,6}", f"(?={_BLANK})"),
    (">++", f"(?={_TEXT})"),
    ("[0-9０-９]{1,3}[.)）．]", f"(?={_TEXT})"),
    (f"(?P<number>[0-9０-９]{{1,3}}|{_NUMERAL})、", ""),  # see _is_marker
    (f"(?:{_NUMERAL})[.．]", f"(?![{_DIGITS}十零])(?={_TEXT})"),
    (f"[（(](?:[0-9０-９]{{1,3}}|{_NUMERAL}|[A-Za-z])[）)]", ""),
    ("[①-⓿㈠-㈩❶-❿]", ""),
    ("[A-Za-z][.)）．、]", f"(?={_TEXT})"),
)
_MARKER = re.compile(f"{_BLANK}*(?:{'|'.join(sign + ahead for sign, ahead in _SIGNS)}){_BLANK}*")
_MARKERS = re.compile(
    f"{_BLANK}*(?:(?:{'|'.join(sign for sign, _ in _SIGNS)}){_BLANK}*)*+".replace(
        "?P<number>", "?:"
    )
)
_MOST_MARKERS = 4  # before one sentence
_INDENTATION = re.compile(f"{_BLANK}*")
_FOLLOWING_NUMERAL = re.compile("[0-9０-９]+|[一二三四五六七八九十百千万亿两]+")
_COUNTED = "个项种点条类件方"  # what follows the numeral of "一、三个代表", but not of "一、三年级"
_OPTION = re.compile(
    rf"(?<![A-Za-z0-9.{BLANKS}])(?P<gap>{_BLANK}*+)(?P<letter>[A-HＡ-Ｈ])[.．、)）]"
)


def lines(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """The lines of a range of the text, without their ends; some may be empty."""
    end = len(text) if end is None else end
    for line_end in LINE_END.finditer(text, start, end):
        yield Span(start, line_end.start())
        start = line_end.end()
    yield Span(start, end)


def paragraphs(text: str) -> Iterator[Span]:
    """Lines, joined where one only goes on with the one before: it has no marker, and neither is
    blank or indented.
    """
    begun: Span | None = None
    for line in lines(text):
        goes_on = (
            line.start < line.end
            and text[line.start] not in BLANKS
            and after_markers(text, line) == line.start
        )
        if begun and goes_on and begun.start < begun.end:
            begun = Span(begun.start, line.end)
            continue
        if begun:
            yield begun
        begun = line
    if begun:
        yield begun


def after_markers(text: str, line: Span) -> int:
    """Where a line's text begins: after its indentation and its list markers."""
    at = line.start
    for _ in range(_MOST_MARKERS):
        marker = _MARKER.match(text, at, line.end)
        if not marker or not _is_marker(marker["number"], text, marker.end()):
            break
        at = marker.end()
    indentation = _INDENTATION.match(text, at, line.end)
    return indentation.end() if indentation else at


def layout_end(text: str) -> int:
    """Where the indentation and list markers end with which the start of a line begins.

    Behind them stands nothing, or a tag; what begins otherwise has none.
    """
    markers = _MARKERS.match(text)
    end = markers.end() if markers else 0
    return end if text[end : end + 1] in ("", *"<[{*_~=!") else 0


def cells(text: str, line: Span, start: int) -> Iterator[Span]:
    """The cells of a line from `start`, behind its markers."""
    options = _option_gaps(text, line)
    for gap in BLANK_RUN.finditer(text, start, line.end):
        parts = parts_cells(gap[0]) or gap.start() in options or _parts_words(text, gap)
        if parts and not LINE_END.search(gap[0]):
            yield Span(start, gap.start())
            start = gap.end()
    yield Span(start, line.end)


def parts_cells(blanks: str) -> bool:
    """Whether blanks within a line are wide enough to part columns."""
    return len(blanks) >= 3 or "\t" in blanks


def trimmed(text: str, start: int, end: int) -> Span:
    """The range without blanks at its edges."""
    end = start + len(text[start:end].rstrip(BLANKS))
    return Span(end - len(text[start:end].lstrip(BLANKS)), end)


def _is_marker(number: str | None, text: str, at: int) -> bool:
    """Whether "一、" numbers what follows, rather than being the first of several numerals.

    "一、一般规定" and "二、三大任务" are headings; "一、二年级" and "三、四百人" are not.
    """
    following = _FOLLOWING_NUMERAL.match(text, at)
    if not number or not following:
        return True
    numeral, counted = following[0], text[following.end() : following.end() + 1]
    if number[0] in _DIGITS + "十" and numeral[0] in _DIGITS + "十两":
        if len(numeral) > 1 and "十" not in numeral and not set(numeral) & set("百千万亿"):
            return True  # a day such as 五四, 六一
        own, other = numeral_worth(number), numeral_worth(numeral)
        return (
            other <= own
            or counted == "大"
            or other > own + 3
            or (other > own + 1 and counted in _COUNTED)
        )
    is_year = len(numeral) >= 4 and number[0] not in _DIGITS
    return numeral[0] in "百千万" or is_year or numeral.isdecimal() != number.isdecimal()


def numeral_worth(numeral: str) -> int:
    """The worth of a Chinese numeral up to 99; of a longer one, that of its first part."""
    tens, ten, ones = numeral.partition("十")
    return (_digit(tens) if tens or not ten else 1) * (10 if ten else 1) + _digit(ones)


def _digit(numeral: str) -> int:
    return _DIGITS.find(numeral[0].replace("两", "二")) + 1 if numeral else 0


def _option_gaps(text: str, line: Span) -> set[int]:
    """Where the blanks before the second and later ones of several options begin."""
    gaps = set()
    previous = ""
    for option in _OPTION.finditer(text, line.start, line.end):
        letter = option["letter"]
        if option["gap"] and previous and ord(letter) == ord(previous) + 1:
            gaps.add(option.start())
        previous = letter
    return gaps


def _parts_words(text: str, gap: re.Match[str]) -> bool:
    """Whether a full-width blank parts words, not the two characters of one ("目　录")."""
    sides = text[max(gap.start() - 2, 0) : gap.start()], text[gap.end() : gap.end() + 2]
    return "\u3000" in gap[0] and all(len(side.strip(BLANKS)) == 2 for side in sides)
