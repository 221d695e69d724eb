"""A model's output as English sets it: punctuation, spaces, the capital and the mark of a sentence.

Everything here sees one translated sentence or list marker; text kept from the source never comes
here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.text.normalise import BLANKS
from pipeline.text.protect import PLACEHOLDER

_CLOSERS = "”’」』）)》〉】〕］\\]\"'"
_SOURCE_MARK = re.compile(f"(?P<marks>[。｡！？!?]+)(?P<closers>[{_CLOSERS}]*)$")
_SENTENCE_END = re.compile(f"[。｡！？!?.．…⋯][{_CLOSERS}]*$")
_LAST = 20  # characters at the end of a source in which its final mark is looked for

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}  # full-width ASCII
_SIGNS = str.maketrans(
    "、。｡“”„‟«»「」『』《》〈〉‘’‚‛【】〔〕", ',..""""""""""""""' + "''''[][]", ""
)
_ENGLISH = _WIDE | _SIGNS
_TYPED_QUOTES = re.compile("(?<!`)`` ?(?!`)| ?(?<!')''(?!')")  # as corpora of news have them
_ELLIPSES = re.compile("[…⋯]+")
# Chinese marks carry their own space; digits stay together ("１，０００").
_MISSING_SPACE = re.compile(
    r"(?<=[，。！？；：、…⋯”」』》）】〕］])(?!(?<=\d[，：．。])\d)"
    rf"(?=[^\W_]|[“‘「『《（【〔［]|{PLACEHOLDER.pattern})"
    r"|(?<=[^\W_,.;:!?])(?=[“「『《（【〔［])|(?<=[,.;:!?])(?=[“「『《（【〔［])"
)
_SPACE_BEFORE = re.compile(
    r" +(?=[,)]|[.;!?]+(?:[\s\"')\]]|$)|:(?:\s|$))"
)  # not before ".NET" or ":key"
_SPACE_AFTER = re.compile(r"(?<=\() +")

_FIRST_WORD = re.compile(r"([\"'(\[]*)([a-z]+)(?=[\s,;:!?\"')\]]|\.?$|\.\s)")
_TARGET_CLOSERS = re.compile(r"[\"')\]]*$")
_ENDS = ("...", ".", "!", "?", ":", ";")

_LEFT = frozenset("，。！？；：、,.;:!?)]}%”’」』）》〉】〕］")  # no space before these
_RIGHT = frozenset("([{“‘「『（《〈【〔［")  # nor after these
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be but by can for from has have he if in is it its more no not of on or"
        " our she that the their then there these they this those to was we were what when which"
        " will with you your",
    )
)

_DIGITS = "一二三四五六七八九"
_NUMERAL = re.compile(f"[{_DIGITS}十]+")


def english(text: str) -> str:
    """Chinese and full-width punctuation as ASCII, spaces where English has them.

    Markup is left alone.
    """
    text = punctuated(_TYPED_QUOTES.sub('"', text))
    return _SPACE_AFTER.sub("", _SPACE_BEFORE.sub("", " ".join(text.split())))


def punctuated(text: str) -> str:
    """Chinese and full-width punctuation as ASCII, with the space that Chinese marks carry."""
    return _ELLIPSES.sub("...", _MISSING_SPACE.sub(" ", text)).translate(_ENGLISH)


def joined(pieces: Sequence[str], translated: Sequence[bool]) -> str:
    """A sentence from pieces that were translated alone and others that were kept."""
    pairs = [
        (piece.strip(), own) for piece, own in zip(pieces, translated, strict=True) if piece.strip()
    ]
    text = ""
    for i, (piece, own) in enumerate(pairs):
        if own and i + 1 < len(pairs):
            piece = piece.rstrip(".")  # a model ends whatever it is given as a sentence
        if own and i:
            piece = _begun(piece)
        clings = piece[:1] in _LEFT or text[-1:] in _RIGHT
        text += piece if clings or not text else f" {piece}"
    return text


def _begun(piece: str) -> str:
    """The piece without the capital that only a sentence's first word has."""
    first = re.match(r"[A-Z][a-z]*\b", piece)
    return piece[0].lower() + piece[1:] if first and first[0].lower() in _FUNCTION_WORDS else piece


def capitalised(text: str, source: str) -> str:
    """The text with a capital, unless its first word is the source's or no plain lower case."""
    first = _FIRST_WORD.match(text)
    if not first or first[2] in source:
        return text
    return text[: first.start(2)] + first[2].capitalize() + text[first.end(2) :]


def closed(text: str, source: str) -> str:
    """The sentence with the final mark of its source, if it has none."""
    mark = _SOURCE_MARK.search(source[-_LAST:])
    closers = _TARGET_CLOSERS.search(text)
    if not mark or not closers:
        return text
    body = text[: closers.start()].rstrip(" ,")
    if not body or body.endswith(_ENDS):
        return text
    sign = (
        "?" if not {"？", "?"}.isdisjoint(mark["marks"]) else "." if "。" in mark["marks"] else "!"
    )
    if mark["closers"] and not body.endswith("("):
        return body + sign + closers[0]
    return body + closers[0] + sign


def ends_sentence(source: str) -> bool:
    """Whether a source text ends as a sentence does."""
    return bool(_SENTENCE_END.search(source[-_LAST:]))


def marker(text: str) -> str:
    """A line's indentation and list marker before an English sentence: "　（一）" → "　(1) "."""
    body = text.lstrip(BLANKS)
    if not body:
        return text
    indentation = text[: len(text) - len(body)]
    body = _NUMERAL.sub(lambda numeral: str(_number(numeral[0])), body)
    body = body.replace("、", ".").replace("\u3000", " ").translate(_WIDE)
    return indentation + (body if body[-1] in BLANKS else body + " ")


def _number(numeral: str) -> int:
    tens, ten, ones = numeral.rpartition("十")
    return (_digit(tens) or 1) * 10 * len(ten) + _digit(ones)


def _digit(numeral: str) -> int:
    return _DIGITS.index(numeral) + 1 if numeral else 0
