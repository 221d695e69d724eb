"""Ways to have a glossary's terms, compared: `python -m benchmarks.glossary`.

On the sentences of FLORES dev that hold one of TERMS, each way is judged by how many terms stand in
the translation, by chrF against the reference (which has these terms nearly always), and by CPU
time, retries included.

- masks: the model's mask symbols stand for terms;
- shown: as for a model without mask symbols, the English term stands in the Chinese;
- around: what is between the terms is translated alone.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import sacrebleu

from pipeline.bundle import Bundle
from pipeline.config import DEFAULT_MODEL
from pipeline.decode.engine import Engine
from pipeline.glossary import Entry
from pipeline.text.normalise import HAN
from pipeline.translator import Translator
from quantize.sentences import TEST_SETS

TERMS = {
    "美国": "United States",
    "法国": "France",
    "中国": "China",
    "日本": "Japan",
    "总统": "president",
    "政府": "government",
    "科学家": "scientists",
    "病毒": "virus",
    "大学": "university",
    "印度": "India",
    "德国": "Germany",
    "俄罗斯": "Russia",
    "警方": "police",
    "酒店": "hotel",
    "飓风": "hurricane",
    "地震": "earthquake",
    "机场": "airport",
    "河流": "river",
    "火车": "train",
    "冠军": "champion",
    "欧洲": "Europe",
    "非洲": "Africa",
    "海滩": "beach",
    "岛屿": "island",
}
ENTRIES = tuple(Entry(*pair) for pair in TERMS.items())
ANY = re.compile("|".join(sorted(TERMS, key=len, reverse=True)))
Pair = tuple[str, str]  # a sentence and its reference


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.glossary", description=__doc__)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--unusual", action="store_true", help="terms that no model would choose")
    arguments = parser.parse_args()
    entries = ENTRIES
    if arguments.unusual:
        entries = tuple(replace(entry, target=unusual(entry.target)) for entry in ENTRIES)
    pairs = chosen()
    bundle = Bundle.load(arguments.model)
    print(f"{bundle.manifest.name}, {len(pairs)} sentences of FLORES dev")
    print(f"{'':8}{'terms':>8}{'chrF':>7}{'CPU ms a sentence':>19}")
    with closing(Engine.load(bundle)) as engine:
        masks, shown = Translator(bundle, engine), Translator(without_masks(bundle), engine)
        for name, way in {
            "none": lambda text: masks.translate(text).text,
            "masks": lambda text: masks.translate(text, terms=entries).text,
            "shown": lambda text: shown.translate(text, terms=entries).text,
            "around": lambda text: around(masks, text, entries),
        }.items():
            report(name, pairs, entries, way)


def unusual(target: str) -> str:
    """A term of the same length that no model has seen."""
    return "".join(chr((ord(c) - 97 + 7) % 26 + 97) if c.islower() else c for c in target)


def chosen() -> list[Pair]:
    """The sentences that hold a term."""
    zh, en = (
        (TEST_SETS / f"flores-dev.{side}").read_text(encoding="utf-8").splitlines()
        for side in ("zh", "en")
    )
    return [pair for pair in zip(zh, en, strict=True) if ANY.search(pair[0])]


def without_masks(bundle: Bundle) -> Bundle:
    """The same model, as one that knows no mask symbols."""
    tokenizer = bundle.manifest.tokenizer.model_copy(update={"mask_symbols": ()})
    return replace(bundle, manifest=bundle.manifest.model_copy(update={"tokenizer": tokenizer}))


def around(translator: Translator, text: str, terms: tuple[Entry, ...]) -> str:
    """The pieces between terms by themselves."""
    targets = {entry.source: entry.target for entry in terms}
    pieces, at = [], 0
    for term in ANY.finditer(text):
        pieces += [piece(translator, text[at : term.start()]), targets[term[0]]]
        at = term.end()
    pieces.append(piece(translator, text[at:]))
    return " ".join(filter(None, pieces))


def piece(translator: Translator, text: str) -> str:
    """A piece's translation; nothing of no words."""
    return translator.translate(text).text.strip(" .") if HAN.search(text) else text


def report(
    name: str, pairs: list[Pair], entries: tuple[Entry, ...], way: Callable[[str], str]
) -> None:
    """Print the way's row."""
    targets = {entry.source: entry.target for entry in entries}
    started = time.process_time()
    given = [way(text) for text, _ in pairs]
    milliseconds = (time.process_time() - started) / len(pairs) * 1000
    wanted = [{targets[term] for term in ANY.findall(text)} for text, _ in pairs]
    kept = sum(
        term in text for text, terms in zip(given, wanted, strict=True) for term in terms
    ) / sum(map(len, wanted))
    score = sacrebleu.corpus_chrf(given, [[en for _, en in pairs]]).score
    print(f"{name:8}{kept:8.1%}{score:7.2f}{milliseconds:19.0f}")


if __name__ == "__main__":
    main()
