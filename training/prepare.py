"""From a parallel corpus to a folder of data that training reads.

`source.spm` and `target.spm`; `train.npz` with uint16 arrays `src` and `trg` (the pairs' ids one
after another, without end symbols) and int64 `src_offsets` and `trg_offsets` (N + 1);
`calibration.txt`, Chinese sentences for the quantisation of what is trained.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pipeline.errors import UserError
from quantize.progress import Report, Show, no_report, no_show
from quantize.sources.trained import CALIBRATION, VOCABULARIES
from training import vocabularies
from training.corpus import Pair, read_pairs
from training.masks import mask_copies

ARRAYS = "train.npz"
CALIBRATION_SENTENCES = 2000
MASKED = 0.5  # of the pairs
CHUNK = 20_000  # pairs encoded at once


@dataclass
class Side:
    """One language's ids."""

    ids: array[int] = field(default_factory=lambda: array("H"))
    offsets: array[int] = field(default_factory=lambda: array("q", [0]))

    def append(self, ids: Sequence[int]) -> None:
        """Add a sentence's."""
        self.ids.extend(ids)
        self.offsets.append(len(self.ids))


@dataclass(frozen=True)
class Prepared:
    """What one epoch of the data holds."""

    shown: int  # pairs of one epoch, as the weights say
    kept: int  # of these, neither too long nor of unlike lengths
    source_tokens: int
    target_tokens: int


def prepare_data(
    corpora: Sequence[Path],
    out: Path,
    weights: Mapping[str, float],
    *,
    vocabulary: Path | None = None,
    sizes: tuple[int, int] = (24000, 16000),
    longest: int = 160,
    seed: int = 1,
    report: Report = no_report,
    show: Show = no_show,
) -> Prepared:
    """Write the data of one epoch into `out`.

    `vocabulary`: a folder whose vocabularies are taken; else new ones of `sizes` (source, target)
    are learnt. `longest`: tokens a side, above which a pair is dropped. Raises UserError for what
    cannot be used.
    """
    rng = random.Random(seed)
    pairs: list[Pair] = []
    for path in corpora:
        report(f"reading {path}")
        pairs.extend(read_pairs(path, weights, rng))
    if not pairs:
        names = ", ".join(map(str, corpora))
        raise UserError(f"no pair of {names} has a weight above 0: see its sources' weights")
    out.mkdir(parents=True, exist_ok=True)
    rng.shuffle(pairs)
    _write_calibration(out / CALIBRATION, pairs)
    for place, pair in enumerate(pairs):
        if rng.random() < MASKED:
            pairs[place] = mask_copies(pair, rng)
        if place % CHUNK == 0 or place + 1 == len(pairs):
            show("masking", place + 1, len(pairs))
    if vocabulary is None:
        _learn(pairs, out, sizes, report)
    elif vocabulary.resolve() != out.resolve():
        vocabularies.copy(vocabulary, out)
    return _write_arrays(pairs, out, longest, show)


def _write_calibration(path: Path, pairs: Sequence[Pair]) -> None:
    """Sentences of all lengths in even steps; their domains are mixed as the epoch's are."""
    sentences = sorted({pair.zh for pair in pairs if pair.zh.strip()}, key=lambda zh: (len(zh), zh))
    count = min(CALIBRATION_SENTENCES, len(sentences))
    chosen = [sentences[place * len(sentences) // count] for place in range(count)]
    # Quantisation reads a part of them, evenly from the first on.
    random.Random(0).shuffle(chosen)
    path.write_text("".join(f"{zh}\n" for zh in chosen), encoding="utf-8", newline="\n")


def _learn(pairs: Sequence[Pair], out: Path, sizes: tuple[int, int], report: Report) -> None:
    for side, (name, size) in enumerate(zip(VOCABULARIES, sizes, strict=True)):
        report(f"{name}: learning {size} pieces")
        vocabularies.learn((pair[side] for pair in pairs), out / name, size)


def _write_arrays(pairs: Sequence[Pair], out: Path, longest: int, show: Show) -> Prepared:
    source, target = (vocabularies.load_vocabulary(out / name) for name in VOCABULARIES)
    src, trg = Side(), Side()
    for start in range(0, len(pairs), CHUNK):
        chunk = pairs[start : start + CHUNK]
        sources = source.encode([pair.zh for pair in chunk])
        targets = target.encode([pair.en for pair in chunk])
        for source_ids, target_ids in zip(sources, targets, strict=True):
            if _usable(len(source_ids), len(target_ids), longest):
                src.append(source_ids)
                trg.append(target_ids)
        show("encoding", start + len(chunk), len(pairs))
    if not src.ids:
        raise UserError(f"no pair has at most {longest} tokens a side: give a larger --longest")
    unfinished = out / f"unfinished-{ARRAYS}"
    np.savez(
        unfinished,
        src=np.array(src.ids, np.uint16),
        trg=np.array(trg.ids, np.uint16),
        src_offsets=np.array(src.offsets, np.int64),
        trg_offsets=np.array(trg.offsets, np.int64),
    )
    unfinished.replace(out / ARRAYS)
    return Prepared(len(pairs), len(src.offsets) - 1, len(src.ids), len(trg.ids))


def _usable(source: int, target: int, longest: int) -> bool:
    """Whether both lengths, in tokens, are possible and like each other."""
    if not (0 < source <= longest and 0 < target <= longest):
        return False
    return 0.25 <= source / target <= 4 or abs(source - target) <= 6
