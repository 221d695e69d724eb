"""One regular expression of what must not change, with its examples."""

from __future__ import annotations

from dataclasses import dataclass

HAN = "\u3400-\u4dbf\u4e00-\u9fff"  # in a class
# Chinese punctuation, in a class.
MARKS = "，。；：！？、…—（）《》〈〉“”‘’「」『』【】〔〕"

LINE_START = r"(?<![^\n\v\f\r\x1c-\x1e\x85\u2028\u2029])"


@dataclass(frozen=True, slots=True)
class Pattern:
    """What to look for within a line, and what kind of thing it is.

    `expression` is in ASCII mode: `\\w` is no Chinese character. It takes linear time on any text
    (tests/pipeline/text/test_patterns.py doubles hostile ones), hence possessive quantifiers and
    bounds wherever a shorter match is no use.

    The examples are tests: in each of `finds` exactly what stands in ⟪⟫ is found, as this kind; in
    those of `leaves` nothing is.
    """

    kind: str
    expression: str
    finds: tuple[str, ...]
    leaves: tuple[str, ...] = ()
    chinese: bool = False  # may begin with a Chinese character; the others are not tried at one
