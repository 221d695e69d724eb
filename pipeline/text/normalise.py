"""What the model sees of a text: simplified characters, one form of each, nothing invisible.

Only the token ids come from normalised text; spans and texts in answers are slices of the original.
"""

from __future__ import annotations

import re
import unicodedata

import opencc

from pipeline.errors import InvalidText

LINE_END = re.compile("\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")

# Whitespace, and the zero-width characters that editors leave at the edges of words.
BLANKS = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\u200b\u2060\ufeff"
)

HAN_CHARACTERS = (
    "\u2e80-\u2fdf\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
HAN = re.compile(f"[{HAN_CHARACTERS}]")

_LINE_ENDS = LINE_END.pattern
# Chinese has no space where its lines are wrapped, whatever is on the side that is not English.
_WRAPPED = re.compile(
    rf"(?<=[{HAN_CHARACTERS}\u3000-\u303f\uff00-\uffef])[{BLANKS}]*(?:{_LINE_ENDS})[{BLANKS}]*"
    rf"|[{BLANKS}]*(?:{_LINE_ENDS})[{BLANKS}]*(?=[{HAN_CHARACTERS}\u3000-\u303f\uff00-\uffef])"
)
_WHITESPACE = re.compile(r"\s+")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Unicode's default-ignorable characters, controls that are not whitespace, and the replacement
# character.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffd\U000e0000-\U000e0fff]"
)


def checked(text: str) -> str:
    """The text without a leading byte order mark.

    Raises InvalidText for NUL and lone surrogates.
    """
    if "\0" in text:
        raise InvalidText("the text holds a NUL character: remove it")
    if _SURROGATE.search(text):
        raise InvalidText("the text holds half of a surrogate pair: send well-formed Unicode")
    return text.removeprefix("\ufeff")


def visible(text: str) -> str:
    """The text without invisible characters, every run of whitespace one space, none at the ends."""
    return _WHITESPACE.sub(" ", _INVISIBLE.sub("", text)).strip()


class Normaliser:
    """Full-width letters and digits are left to the tokenizer, whose model was trained with its own
    rules.
    """

    def __init__(self) -> None:
        self._simplify = opencc.OpenCC("t2s").convert

    def normalise(self, text: str) -> str:
        """A sentence's text as the model is to see it."""
        if LINE_END.search(text):
            text = _WRAPPED.sub("", text)
        simplified: str = self._simplify(unicodedata.normalize("NFC", text))
        return visible(simplified)
