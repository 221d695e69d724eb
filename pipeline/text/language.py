"""Which language a text is in, by its script, and how clients write the names of languages.

A script test comes before any model could. A text of two languages is in the one that most of it is
in; beside words in Latin script it is Chinese however few its characters are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import opencc

from pipeline.text.normalise import HAN

AUTO = "auto"
UNKNOWN = "und"  # BCP 47's "undetermined"
CHINESE = "zh"
_CHINESE_NAMES = {"zh", "cmn", "zho", "chi", "zt", "cht", "chs"}
_NAMES = dict.fromkeys(_CHINESE_NAMES, CHINESE) | {"eng": "en"}

_KANA = re.compile("[\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9d]")
_HIRAGANA = re.compile("[\u3041-\u309f]+")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_WORD = re.compile(r"[^\W\d_]+")  # of any script
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
KANA_SHARE = 0.2  # of kana among kana and Han; a text that has more is Japanese
_NOT_JAPANESE = frozenset("們這哪麼沒吧很")  # beside what its standards lack
SAMPLE = 4_000  # characters that are looked at

Variant = Literal["zh-Hans", "zh-Hant"]


@dataclass(frozen=True, slots=True)
class Detected:
    """A BCP 47 tag, `und` where the script does not tell, and how sure it is, from 0 to 1."""

    language: str
    confidence: float

    @property
    def base(self) -> str:
        """The language without its script, as bundles have it."""
        return base(self.language)


def base(tag: str) -> str:
    """The language that a tag names, as bundles have it: "zh" for zh_TW, ZH-HANS or cmn.

    Tags of other languages lose what follows their first part.
    """
    name = re.split("[-_]", tag.strip().lower(), maxsplit=1)[0]
    return _NAMES.get(name, name)


def detect(text: str) -> Detected:
    """The language of a text that holds at least some of it.

    1. Japanese has kana throughout. A lone の is in fashion in Chinese, and a Japanese name there
       stands among characters that Japanese does not write.
    2. Korean has more Hangul than Chinese characters.
    3. Else any text with a Chinese character is Chinese, since that is what there is to translate.

    The confidence is the language's share of the words.
    """
    sample = text[:SAMPLE]
    han, kana, hangul = (len(found.findall(sample)) for found in (HAN, _KANA, _HANGUL))
    if not han and len(text) > SAMPLE and HAN.search(text, SAMPLE):
        han = 1
    throughout = kana > max(1 if han else 0, KANA_SHARE * (kana + han))
    if throughout and _chinese_only(sample) <= len(_HIRAGANA.findall(sample)):
        return Detected("ja", _share(kana + han, sample))
    if hangul > han:
        return Detected("ko", _share(hangul + han, sample))
    if han:
        return Detected(variant(sample), _share(han, sample))
    if words := _WORD.findall(sample):
        latin = sum(1 for word in words if _LATIN.match(word))
        return Detected("en" if sample.isascii() and latin else UNKNOWN, latin / len(words) / 2)
    return Detected(UNKNOWN, 0.0)


def _chinese_only(sample: str) -> int:
    """How many of the Chinese characters are written otherwise in Japanese, or not at all."""
    characters = "".join(HAN.findall(sample))
    return sum(
        character in _NOT_JAPANESE or character != japanese or not _in_japanese_sets(character)
        for character, japanese in zip(characters, _to_japanese()(characters), strict=False)
    )


def _in_japanese_sets(character: str) -> bool:
    try:
        return bool(character.encode("shift_jis"))
    except UnicodeEncodeError:
        return False


def _share(characters: int, sample: str) -> float:
    """Of the characters of a script among them and the words of others."""
    others = sum(1 for word in _WORD.findall(sample) if _LATIN.match(word))
    return round(characters / (characters + others), 2)


def variant(text: str) -> Variant:
    """Traditional where more characters are of that script alone than of the simplified one."""
    traditional, simplified = _converters()
    of_traditional, of_simplified = (
        sum(a != b for a, b in zip(text, convert(text), strict=False))
        for convert in (traditional, simplified)
    )
    return "zh-Hant" if of_traditional > of_simplified else "zh-Hans"


@cache
def _to_japanese() -> Callable[[str], str]:
    """To the forms that Japan writes."""
    return opencc.OpenCC("t2jp").convert


@cache
def _converters() -> tuple[Callable[[str], str], Callable[[str], str]]:
    """To simplified, which changes what is Traditional, and the other way round."""
    return opencc.OpenCC("t2s").convert, opencc.OpenCC("s2t").convert
