"""What is neither word nor number, and what is Latin in a Chinese text, compared with the target.

Both texts come without their protected spans, which are compared by themselves (spans.py).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from pipeline.text.normalise import HAN

_FAMILIES = {"()": ("(（", ")）"), "[]": ("[［【〔", "]］】〕"), "{}": ("{｛", "}｝")}
_MARKUP = frozenset("*_~`|")
# Signs that words say, or that change form.
_PLAIN = frozenset("+<=>|~^`$¥￥￡￠￦-－＋＜＝＞｜～·°′″…—–")
_LETTER = "A-Za-zÀ-ÖØ-öø-ɏ"
_LATIN = re.compile(
    rf"(?<![{_LETTER}0-9])[{_LETTER}][{_LETTER}0-9]*(?:[.'’&+#/-][{_LETTER}0-9]+)*[+#]*"
)
_NUMBERED = re.compile(r"(?<=[A-Za-z])[ -](?=\d)")  # "COVID 19"
_SHORT = 3  # letters of a word that longer ones hold by chance
_PARTS = re.compile(r"[A-Za-z]+|[0-9]+")
_SAID = {
    **dict.fromkeys("×✕", r"(?i)\b(?:x|by|times|multipl\w+)\b|[x*]|\dx\d"),
    **dict.fromkeys("÷", r"(?i)\bdivid\w+|/"),
    **dict.fromkeys("≈≒", r"(?i)\babout|approx|around|roughly|~"),
    **dict.fromkeys("≤≦", r"(?i)\bat most|no more|not exceed|less|up to|<="),
    **dict.fromkeys("≥≧", r"(?i)\bat least|no less|or more|more than|over|>="),
    **dict.fromkeys("≠", r"(?i)\bnot\b|!="),
    **dict.fromkeys("±", r"\+/-|\+-|(?i:plus or minus)"),
    **dict.fromkeys("→⇒➔", "->|=>|(?i:\\bto\\b)"),
    **dict.fromkeys("√", r"(?i)\broot\b"),
    **dict.fromkeys("∞", r"(?i)\binfinit\w+"),
    **dict.fromkeys("℃", r"(?i)°\s?C|celsius|centigrade|degree"),
    **dict.fromkeys("℉", r"(?i)°\s?F|fahrenheit|degree"),
    **dict.fromkeys("€", r"(?i)\beuros?\b|\bEUR\b"),
    **dict.fromkeys("£", r"(?i)\bpounds?\b|\bGBP\b"),
}
_CURRENCY = {  # the signs of currencies, and what says them in Chinese
    "$": re.compile("美[元金刀]|[港澳台加纽新][元币幣]|[刀＄]"),
    "€": re.compile("欧"),
    "£": re.compile("镑"),
    "¥": re.compile("[元圆块￥]|人民币"),
}


def unpaired(source: str, target: str) -> bool:
    """Whether the target has one side only of a pair whose sides are both in the source."""
    for opening, closing in _FAMILIES.values():
        sides = [_count(text, opening) - _count(text, closing) for text in (source, target)]
        if sides[0] == 0 and sides[1] != 0:
            return True
    # Only typed quotes: “…” in prose is often one side of a quotation that goes on for sentences.
    typed = source.count('"')
    return typed > 0 and typed % 2 == 0 and target.count('"') % 2 == 1


def lost_markup(source: str, target: str) -> bool:
    """Whether marks that a source uses as markup are fewer or more in the target."""
    return any(
        source.count(mark) != target.count(mark) for mark in _MARKUP.intersection(source + target)
    )


def lost_words(source: str, target: str) -> list[tuple[int, int]]:
    """Where Latin words of the source stand that the target lacks, in whatever case."""
    found = list(_LATIN.finditer(source))
    if not found:
        return []
    whole = " ".join(map(_bare, _NUMBERED.sub("", target).split()))
    words = {_bare(word) for word in re.split(r"[^\w]+", target)}
    return [
        word.span()
        for word in found
        if len(word[0]) > 1 and not _said(_bare(word[0]), whole, words)
    ]


def _said(word: str, whole: str, words: set[str]) -> bool:
    """Whether a word stands in a text; a short one by itself, or in the plural."""
    return word in whole if len(word) > _SHORT else bool(words & {word, f"{word}s"})


def _bare(text: str) -> str:
    """Latin letters and digits alone, without accents and case."""
    return "".join(_PARTS.findall(unicodedata.normalize("NFKD", text))).casefold()


def signs_differ(source: str, target: str) -> bool:
    """Whether a sign of the source is missing, or a sign or foreign letter came out of nowhere."""
    if source.isascii() and target.isascii() and not _CURRENCY.keys() & set(target):
        return False
    asked, given = set(_signs(source)), set(_signs(target))
    lost = (sign for sign in asked - given if not re.search(_SAID.get(sign, "(?!)"), target))
    if next(lost, None):
        return True
    return any(not _follows(sign, source) for sign in given - asked) or _money_differs(
        source, target
    )


def _signs(text: str) -> Iterator[str]:
    """Symbols, and letters of scripts that are neither Latin nor Han."""
    for character in unicodedata.normalize("NFKC", text) if not text.isascii() else ():
        if character.isascii() or character in _PLAIN or HAN.match(character):
            continue
        category = unicodedata.category(character)
        if category[0] == "S" or (category[0] == "L" and not _is_latin(character)):
            yield character


def _is_latin(character: str) -> bool:
    return unicodedata.name(character, "").startswith(("LATIN", "FULLWIDTH LATIN", "MODIFIER"))


def _follows(sign: str, source: str) -> bool:
    """Whether a sign of the target is one that the source says in words."""
    return sign in _CURRENCY and bool(_CURRENCY[sign].search(source))


def _money_differs(source: str, target: str) -> bool:
    """Whether the target names a currency by a sign that nothing in the source stands for."""
    return any(
        sign in target and sign not in source and not _follows(sign, source) for sign in _CURRENCY
    )


def _count(text: str, characters: str) -> int:
    return sum(map(text.count, characters))
