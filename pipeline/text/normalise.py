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
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0"
    "\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\u200b\u2060\ufeff"
)

OPENING = "“‘「『（(《〈【〔［[{｛"
CLOSING = "”’」』）)》〉】〕］]}｝"

HAN_CHARACTERS = (
    "\u2e80-\u2fdf\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
HAN = re.compile(f"[{HAN_CHARACTERS}]")

_BLANK_RUN = re.compile(f"[{BLANKS}]+")
# Chinese has no space where its lines are wrapped, whatever is on the side that is not English.
_CHINESE = re.compile(f"[{HAN_CHARACTERS}\u3000-\u303f\uff00-\uffef]")
# Nor anywhere beside its own marks.
_MARKS = "，。、；：！？）》〉”’」』】〕（《〈“‘「『【〔"
_BESIDE_MARKS = re.compile(rf" (?=[{_MARKS}])|(?<=[{_MARKS}]) ")
_SPACED_WORDS = re.compile(
    rf"(?<![{HAN_CHARACTERS}])[{HAN_CHARACTERS}]++(?: [{HAN_CHARACTERS}]++)++"
)
_SPACED_CHARACTERS = re.compile(
    rf"(?:(?<= )|^)[{HAN_CHARACTERS}](?: [{HAN_CHARACTERS}](?= |$)){{2}}"
)
_MEAN_LENGTH = 1.5  # of words that are no columns, but characters that were read one by one

# Taiwan's 著 is 着 in "看著" and "著急", but not in "名著" and "著作". OpenCC's t2s and hk2s leave
# all, its tw2s changes "显著" and "土著" as well. The first list holds the words that most often
# stand before 着 in our corpus.
_PARTICLE = re.compile(
    "(?<=[味穿随看开戴试拿睡跟活有站带等变坐盯关忙沿接爱听想下放待挂绕围抱写过对抓望笑走留冒隔躺藏朝握盖含视空示背持光"
    "骑借停顺拉提呆吃饿摸守绑打唱瞪摇赶包续闭趁凭摆陪闪驾吹哭顶浮锁往跑喝刮晃叼玩扎拄撑逮泛指缠附执沉不说循伴牵推踩靠住])"
    "著(?![名作者述称录])"
    "|(?<![显卓昭原名专论编合巨土拙译遗所撰新旧])著(?=[急手想陆落凉迷火重眼实力色装魔])"
)
_WHITESPACE = re.compile(r"\s+")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Unicode's default-ignorable characters, controls that are not whitespace, and the replacement
# character.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffd\U000e0000-\U000e0fff]"
)


def check(text: str) -> None:
    """Raises InvalidText for NUL and lone surrogates."""
    if "\0" in text:
        raise InvalidText("the text holds a NUL character: remove it")
    if _SURROGATE.search(text):
        raise InvalidText("the text holds half of a surrogate pair: send well-formed Unicode")


def visible(text: str) -> str:
    """The text without invisible characters, runs of whitespace one space, none at the ends."""
    return _WHITESPACE.sub(" ", _INVISIBLE.sub("", text)).strip()


class Normaliser:
    """Makes the text of a sentence what the model was trained on. Thread-safe."""

    def __init__(self) -> None:
        # Hong Kong's table holds that of all Traditional text, and 衞 敍 簷 besides.
        self._simplify = opencc.OpenCC("hk2s").convert

    def normalise(self, text: str) -> str:
        """A sentence's text as the model is to see it.

        Full-width letters and digits are left to the tokenizer, whose model was trained with its
        own rules.
        """
        if LINE_END.search(text):
            text = _BLANK_RUN.sub(_unwrapped, text)
        return _closed_up(visible(self.simplified(text)))

    def simplified(self, text: str) -> str:
        """The text in simplified characters, composed; what is simplified already stays."""
        simplified: str = self._simplify(unicodedata.normalize("NFC", text))
        return _PARTICLE.sub("着", simplified) if "著" in simplified else simplified


def _unwrapped(blanks: re.Match[str]) -> str:
    """Blanks of one line as they are; nothing for a line end beside Chinese."""
    if not LINE_END.search(blanks[0]):
        return blanks[0]
    text, start, end = blanks.string, blanks.start(), blanks.end()
    sides = text[max(start - 1, 0) : start], text[end : end + 1]
    return "" if any(map(_CHINESE.match, sides)) else blanks[0]


def _closed_up(text: str) -> str:
    """The text without the spaces of segmented or badly read text: "今 天 天 气 很 好 。"."""
    if " " not in text:
        return text
    return _SPACED_WORDS.sub(_words_closed_up, _BESIDE_MARKS.sub("", text))


def _words_closed_up(words: re.Match[str]) -> str:
    """Words that single spaces part, as one if most are single characters, and so no columns."""
    text = words[0]
    spaces = text.count(" ")
    mean = (len(text) - spaces) / (spaces + 1)
    spelt = mean == 1 or (mean <= _MEAN_LENGTH and spaces >= 2) or _SPACED_CHARACTERS.search(text)
    return text.replace(" ", "") if spelt else text
