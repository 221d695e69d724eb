"""A Chinese text with one character in the place of each figure.

Expressions that run over it meet a figure of any length as one character, so that they take time in
proportion to the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from pipeline.answer.numbers.figures import Figure, figures
from pipeline.answer.numbers.quantity import MOST_DIGITS

FIGURE, ROW = "\ue000", "\ue001"  # of ASCII digits; of Chinese digits

NOUGHTS = "零〇"
_ROW_DIGITS = {
    **{digit: worth for worth, digit in enumerate("〇一二三四五六七八九")},
    **{digit: worth for worth, digit in enumerate("零壹贰叁肆伍陆柒捌玖")},
}
DIGITS = _ROW_DIGITS | {"两": 2, "参": 3}
UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
TENS = {"廿": 20, "卅": 30}
LARGE = {"万": 10**4, "亿": 10**8}

_SPELT = re.compile(f"[{''.join(_ROW_DIGITS)}]{{2,}}")
_SHORT_ROW = 4  # Chinese digits that may stand together and mean no number ("三三两两")
_YEAR = re.compile("1[89][0-9]{2}")
_COUNTING = "0123456789" * 2

# Full-width digits and signs as ASCII, each one character; nobody else may stand for figures.
_PLAIN = {
    **{code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *map(ord, "％／．"))},
    **{ord("\u3000"): " ", ord(FIGURE): " ", ord(ROW): " "},
}


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A text's skeleton: `text`, and the figures that its characters FIGURE and ROW stand for."""

    text: str
    figures: tuple[Figure, ...]
    _at: tuple[int, ...]  # where the figures stand in `text`

    def place(self, at: int) -> int:
        """Where in the text a place of the skeleton lies."""
        passed = bisect_left(self._at, at)
        return at + self.figures[passed - 1].end - self._at[passed - 1] - 1 if passed else at

    def index(self, place: int) -> int:
        """Where in the skeleton a place of the text lies that is not inside a figure."""
        passed = bisect_right(self.figures, place, key=lambda figure: figure.end)
        return place - self.figures[passed - 1].end + self._at[passed - 1] + 1 if passed else place

    def figure(self, at: int) -> Figure | None:
        """The figure that the character there stands for, if it stands for one."""
        if self.text[at] not in (FIGURE, ROW):
            return None
        return self.figures[bisect_left(self._at, at)]


def skeleton(text: str) -> Skeleton:
    """The text's skeleton."""
    text = text.translate(_PLAIN)
    found = sorted([*figures(text), *_rows(text)], key=lambda figure: figure.start)
    pieces: list[str] = []
    places: list[int] = []
    end = shift = 0
    for figure in found:
        pieces += [text[end : figure.start], ROW if figure.spelt else FIGURE]
        places.append(figure.start - shift)
        shift += figure.end - figure.start - 1
        end = figure.end
    return Skeleton("".join([*pieces, text[end:]]), tuple(found), tuple(places))


def _rows(text: str) -> list[Figure]:
    """Chinese digits read one by one: three and more, or two of which one is a nought."""
    return [_row(row) for row in _SPELT.finditer(text) if _is_row(text, row)]


def _is_row(text: str, row: re.Match[str]) -> bool:
    before, after = text[row.start() - 1 : row.start()], text[row.end() : row.end() + 1]
    gap = row[0][0] in NOUGHTS and before in UNITS | LARGE  # the 零 of "一百零五"
    pair = len(row[0]) == 2 and not set(NOUGHTS).intersection(row[0])
    return not (gap or pair or after in UNITS)


def _row(row: re.Match[str]) -> Figure:
    digits = "".join(str(DIGITS[character]) for character in row[0])
    worth = int(digits) if len(digits) <= MOST_DIGITS else None
    sure = "0" in digits or len(digits) > _SHORT_ROW or _YEAR.fullmatch(digits)
    counting = 2 < len(digits) < len(_COUNTING) and digits in _COUNTING
    return Figure(row.start(), row.end(), digits, worth, spelt=True, loose=not sure or counting)
