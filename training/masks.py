"""Symbols in place of what a translation copies, so that the model learns to carry them through.

The service masks what must not be translated (URLs, code, placeholders) by the same symbols.
"""

from __future__ import annotations

import random
import re

from quantize.sources.trained import MASK_SYMBOLS
from training.corpus import Pair

COPIED = re.compile(
    r"https?://[^\s，。；（）()<>\"'“”]+"
    r"|[\w.+-]+@[\w-]+\.[\w.]+"
    r"|`[^`]+`"
    r"|\{\{[^{}]+\}\}|\{\w*\}|%\(\w+\)[sd]|%[sd]"
    r"|</?\w+>"
    r"|\$\w+|--?[a-z][\w-]+"
    r"|(?:/[\w.-]+){2,}"
    r"|[A-Za-z_][A-Za-z0-9_.+#-]*[A-Za-z0-9_+#]"
    r"|\d[\d.,:]*\d|\d"
)


def mask_copies(pair: Pair, rng: random.Random) -> Pair:
    """The pair with some of the spans that both sides share replaced by the same symbols.

    Such a span stands once on each side, letter for letter.
    """
    found = [span[0] for span in COPIED.finditer(pair.zh) if _copied_once(span[0], pair)]
    count, known = rng.randint(1, len(MASK_SYMBOLS)), len(MASK_SYMBOLS)
    chosen = sorted(rng.sample(found, min(len(found), count)), key=pair.zh.index)
    if not chosen:
        return pair
    first = rng.choice([0, 0, 0, rng.randrange(known)])
    symbols = {span: MASK_SYMBOLS[place % known] for place, span in enumerate(chosen, first)}
    spans = re.compile("|".join(map(re.escape, chosen)))
    (zh, in_zh), (en, in_en) = (spans.subn(lambda span: symbols[span[0]], side) for side in pair)
    # Two spans may overlap in the English: then only one of them is found there.
    return Pair(zh, en) if in_zh == in_en == len(chosen) else pair


def _copied_once(span: str, pair: Pair) -> bool:
    if any(side.count(span) != 1 for side in pair):
        return False
    escaped = re.escape(span)
    part_of_a_longer_word = re.search(rf"\w{escaped}|{escaped}\w", pair.en)
    return not part_of_a_longer_word
