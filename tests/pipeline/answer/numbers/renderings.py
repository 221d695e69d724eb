"""Numbers as Chinese and English write them, made without the code under test."""

from __future__ import annotations

from collections.abc import Iterator

DIGITS = "零一二三四五六七八九"
CAPITALS = str.maketrans("零一二三四五六七八九十百千", "零壹贰叁肆伍陆柒捌玖拾佰仟")
FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")
ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["_", "_", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
ORDINALS = [
    "_",
    "_",
    "half",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
]


def section(number: int) -> str:
    """A number below 10,000 in characters: 1,050 is 一千零五十."""
    text, gap = "", False
    for unit, worth in (("千", 1000), ("百", 100), ("十", 10), ("", 1)):
        digit = number // worth % 10
        if digit:
            text += ("零" if gap and text else "") + DIGITS[digit] + unit
        gap = not digit and (gap or bool(text))
    return text


def spoken(number: int) -> str:
    """A number below 10¹⁶ in characters."""
    yi, rest = divmod(number, 10**8)
    wan, ones = divmod(rest, 10**4)
    text = f"{spoken(yi)}亿" if yi else ""
    if wan:
        text += ("零" if text and wan < 1000 else "") + section(wan) + "万"
    if ones:
        text += ("零" if text and (ones < 1000 or (yi and not wan)) else "") + section(ones)
    return text.removeprefix("一") if 10 <= number < 20 else text


def mixed(number: int) -> str:
    """A number in figures with 亿 and 万: 3亿5000万."""
    yi, rest = divmod(number, 10**8)
    wan, ones = divmod(rest, 10**4)
    text = (f"{yi}亿" if yi else "") + (f"{wan}万" if wan else "")
    return text + (("零" if text and ones < 1000 else "") + str(ones) if ones else "")


def decimals(number: int, unit: str, worth: int) -> str:
    """A number as one figure with a unit, or "" where it has too many places: 1.5亿."""
    hundredths, rest = divmod(number * 100, worth)
    if rest or not hundredths:
        return ""
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".") + unit


def chinese(number: int) -> Iterator[str]:
    """The ways that Chinese writes a number of two digits and more."""
    yield str(number)
    yield f"{number:,}"
    yield str(number).translate(FULL_WIDTH)
    yield spoken(number)
    yield mixed(number)
    if number >= 100:
        yield spoken(number).translate(CAPITALS)
    for unit, worth in (("万", 10**4), ("亿", 10**8)):
        if number >= worth and (written := decimals(number, unit, worth)):
            yield written
            yield written.replace(unit, f" {unit}")


def hundreds(number: int, link: str) -> str:
    """A number below 1,000 in words."""
    head, rest = divmod(number, 100)
    words = [f"{ONES[head]} hundred"] if head else []
    if rest:
        ten, one = divmod(rest, 10)
        small = ONES[rest] if rest < 20 else TENS[ten] + (f"-{ONES[one]}" if one else "")
        words.append(small)
    return link.join(words)


def words(number: int, link: str = " and ") -> str:
    """A number below 10¹⁵ in words."""
    parts = []
    for name, worth in (("trillion", 10**12), ("billion", 10**9), ("million", 10**6)):
        if part := number // worth % 1000:
            parts.append(f"{hundreds(part, link)} {name}")
    if part := number // 1000 % 1000:
        parts.append(f"{hundreds(part, link)} thousand")
    if part := number % 1000:
        parts.append(hundreds(part, link))
    return " ".join(parts)


def english(number: int) -> Iterator[str]:
    """The ways that English writes a number."""
    yield str(number)
    yield f"{number:,}"
    yield words(number)
    yield words(number, " ")
    scales = (("thousand", 10**3, "k"), ("million", 10**6, "m"), ("billion", 10**9, "bn"))
    for name, worth, letter in scales:
        if number >= worth and (figure := decimals(number, "", worth)):
            yield f"{figure} {name}"
            yield f"{figure}{letter}"
