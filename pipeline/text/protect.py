"""What a translation must carry over letter for letter, and the placeholders that stand for it
meanwhile.

1. `find` names the spans of a text: URLs, e-mail addresses, code, paths, placeholders, tags,
   entities, emoji, figures with units, and the model's own mask symbols where a user wrote them.
2. `hide` puts one private-use character in the place of each; text that is normalised, cut or
   respaced then cannot harm them. Private-use characters of the user's are spans themselves, so
   none is mistaken for ours.
3. `restore` puts the spans back, as close to their neighbours as they stood in the source.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.text.prepared import Protected, Span

_FIRST, _LAST = 0xF0000, 0xFFFFD  # a private-use plane
MOST = 4096  # spans that `hide` takes at once, far below the placeholders that there are
PLACEHOLDER = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]")
LONGEST = 2000  # characters of a span; what is longer is a text that only looks like one

_UNITS = (
    "km/h|m/s|[Mk]?bps|[kKMGT]B/s|km[²2³3]?|cm[²2³3]?|mm[²2³3]?|nm|[μµ]m|m[²2³3]|kg|mg|[μµ]g|ml|mL|kWh|[MGk]W|mAh"
    "|[kKMGTP]i?B|[kMG]?Hz|[kM]?Pa|[mk]?V|dB|px|dpi|fps|rpm|ppm|psi|°[CF]|[℃℉㎡㎏㎞㎝㎜]|[mgsWALKt](?![²2³3])"
)
_ATTRIBUTE = r"""[ \t]+[A-Za-z_:@.-][\w:.-]*(?:=(?:"[^"<>¶]*"|'[^'<>¶]*'|[^\s"'<>¶]+))?"""

# In order of precedence where two begin at the same place; "¶" stands for the characters that end a
# line. ASCII mode: a Chinese character is no part of a word, and \w no letter of another script.
_KINDS = {
    "symbol": [r"⟦[^⟦⟧¶]{0,12}⟧", "[⟦⟧]", "[\ue000-\uf8ff\U000f0000-\U0010ffff]+"],
    "code": [
        r"```(?!`)[^¶]{1,400}?```",
        r"(?<!`)`[^`¶]{1,400}`(?!`)",
        r"(?<!\$)\$\$[^$¶]{1,400}\$\$(?!\$)",
        r"(?<![\w.])[A-Za-z_]\w{0,64}(?:\.\w{1,64}){0,8}\(\)",
    ],
    "url": [
        # Chinese belongs to a URL only where that stands alone between blanks.
        r"(?<![^\s\u3000])(?:https?|ftp)://[^\s\u3000¶，。；：！？、（）《》“”<>\"]+(?![^\s\u3000])",
        r"(?:(?:https?|ftp|wss?|file|git|ssh|s3)://|mailto:|www\.(?=\w))[!-~]*[\w/#=&~+%-]",
    ],
    "email": [r"(?<!\w)[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"],
    "placeholder": [
        r"\{\{\{?[^{}¶]{1,200}\}?\}\}",
        r"\{%[^{}¶]{1,200}%\}",
        r"[$#%]\{[^{}¶]{1,200}\}",
        r"\{[\w.:\[\]!,+<>^#%-]{0,80}\}",
        r"\[\[[\w.:|-]{1,80}\]\]",
        r"\[\d{1,3}\]",  # a reference
        r"(?<![\d%])%(?:\(\w+\)|\d+\$)?[-+#0]*\d*(?:\.\d+)?(?:l{0,2}[sdiufgexXc]|@)(?![A-Za-z])",
        r"(?<![\w$])\$[A-Za-z_]\w*",
        r"%[A-Z_][A-Z0-9_]*%",
        r"(?<!#)\#{2,}\w+\#{2,}",
        r"__[A-Z][A-Z0-9_]*__",
        r"(?<![\w@.])@[A-Za-z_][\w-]*",
        r"\\[nrt\"'\\](?![A-Za-z])",
    ],
    "tag": [
        rf"</?[A-Za-z][\w:.-]*(?:{_ATTRIBUTE}){{0,30}}[ \t]*/?>",
        r"<!--[^¶]{0,400}?-->",
        r"</?\d+/?>",
    ],
    "entity": [r"&(?:[A-Za-z]{2,8}\d?|\#\d{1,7}|\#[xX][0-9A-Fa-f]{1,6});"],
    "path": [
        r"(?<![\w/.~])(?:~|\.{1,2})?(?:/[\w.@+-]*[\w@+-]){2,}/?",
        r"(?<![\w/.])(?:~|\.{1,2})/[\w.@+-]*[\w@+-]/?",
        r"(?<!\w)[A-Za-z]:\\[\w.\\ -]*[\w\\]",
        r"\\\\[\w.-]+\\[\w.\\$-]*[\w\\]",
        r"(?<![\w./-])(?:[\w-]{1,64}/){1,16}[\w-]{1,64}\.[A-Za-z]\w{0,5}(?!\w)",
        r"(?<![\w./-])[\w-]{2,64}(?:\.[\w-]{1,64}){0,8}\.[a-z][a-z0-9]{1,4}(?![\w.])",
    ],
    "name": [
        r"(?<!\w)_*[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+(?!\w)",
        r"(?<!\w)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?!\w)",
        r"(?<!\w)(?=\w{0,63}[0-9])(?=\w{0,63}[a-f])[0-9a-f]{7,64}(?!\w)",
        r"(?<![\w-])--?[A-Za-z][\w-]*(?:=[\w./:-]*\w)?",
    ],
    "figure": [
        r"(?<![\w.])(?:[¥￥$€£₩₹]|[A-Z]{2}[$¥]) ?\d+(?:,\d{3})*(?:\.\d+)?(?![\d.]*[万亿萬億千百十])",
        rf"(?<![\w.])[+-]?\d+(?:,\d{{3}})*(?:\.\d+)? ?(?:{_UNITS})(?![A-Za-z0-9])",
        r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5}|/\d{1,2})?(?![\w.])",
        r"(?<![\w.])[vV]\d+(?:\.\d+)+[\w.-]*(?<![.-])",
        r"(?<![\w.,])\d{6,}(?![\w.,]*\d|[万亿萬億])",
    ],
    "emoji": [
        "(?:[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3"
        "|(?:[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u231a-\u23ff\u2190-\u21ff\u25a0-\u25ff]"
        "[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\u200d\u2640\u2642\U000e0020-\U000e007f]*)+)+"
    ],
}
_ALTERNATIVES = "|".join(f"(?P<{kind}>{'|'.join(patterns)})" for kind, patterns in _KINDS.items())
_SPAN = re.compile(_ALTERNATIVES.replace("¶", r"\n\v\f\r\x1c-\x1e\x85\u2028\u2029"), re.ASCII)
_OPENING_TAG = re.compile(r"<[^/!][^<>]*(?<!/)>")


@dataclass(frozen=True, slots=True)
class Found:
    """A span of a text that must not change, and what kind it is."""

    start: int
    end: int
    kind: str


def placeholder(number: int) -> str:
    return chr(_FIRST + number)


def number_of(mark: str) -> int:
    return ord(mark) - _FIRST


def find(text: str) -> list[Found]:
    """The spans of a text to protect, in order, none across a line end.

    Those that touch are one.
    """
    found: list[Found] = []
    for match in _SPAN.finditer(text):
        start, end, kind = match.start(), match.end(), match.lastgroup or ""
        if end - start > LONGEST:
            continue
        if found and found[-1].end == start and found[-1].kind == kind and kind != "tag":
            start = found.pop().start
        found.append(Found(start, end, kind))
    return found


def within(found: Sequence[Found], start: int, end: int) -> Sequence[Found]:
    """Those that lie wholly in a range of the text."""
    first = bisect_left(found, start, key=lambda span: span.start)
    last = bisect_left(found, end, lo=first, key=lambda span: span.start)
    return (
        found[first : last - 1] if last > first and found[last - 1].end > end else found[first:last]
    )


def hide(text: str, sentence: Span, found: Iterable[Found]) -> str:
    """The sentence with one placeholder for each span found in it, numbered from 0."""
    pieces, at = [], sentence.start
    for number, span in enumerate(found):
        pieces += [text[at : span.start], placeholder(number)]
        at = span.end
    return "".join([*pieces, text[at : sentence.end]])


def restore(text: str, protected: Sequence[Protected]) -> str:
    """The text with its spans in place of the placeholders; tags cling to what they enclose."""
    pieces, at = [], 0
    for mark in PLACEHOLDER.finditer(text):
        number = number_of(mark[0])
        span = protected[number] if number < len(protected) else Protected("", "")
        before = text[at : mark.start()]
        pieces += [before.rstrip(" ") if span.text.startswith("</") else before, span.text]
        at = mark.end()
        if span.kind == "tag" and _OPENING_TAG.fullmatch(span.text):
            at += len(text[at:]) - len(text[at:].lstrip(" "))
    return "".join([*pieces, text[at:]])


def claimed(text: str, protected: Sequence[Protected]) -> str:
    """A model's output with placeholders also where it wrote a span out that it has no placeholder
    for.
    """
    for number, span in enumerate(protected):
        mark = placeholder(number)
        if mark not in text:
            literal = re.compile(
                rf"(?<!\w){re.escape(span.text)}(?!\w)"
                if span.text[:1].isalnum()
                else re.escape(span.text)
            )
            text = literal.sub(mark, text, count=1)
    return text
