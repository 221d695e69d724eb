"""From a corpus to arrays, vocabularies and calibration text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import UserError
from quantize.sources.trained import VOCABULARIES
from tests.training.conftest import PIECES, WEIGHTS

pytestmark = pytest.mark.quantize
SYMBOL = re.compile("⟦[0-7]⟧")


def test_the_arrays_hold_the_epoch(data: Path) -> None:
    from training import vocabularies

    arrays = np.load(data / "train.npz")
    assert arrays["src"].dtype == arrays["trg"].dtype == np.uint16
    assert len(arrays["src_offsets"]) == len(arrays["trg_offsets"]) == 80 + 2 * 20 + 1
    source, target = (vocabularies.load_vocabulary(data / name) for name in VOCABULARIES)
    assert (source.get_piece_size(), target.get_piece_size()) == PIECES
    assert vocabularies.sizes(data) == PIECES

    def text(side: str, vocabulary: Any, place: int) -> str:
        begin, end = arrays[f"{side}_offsets"][place : place + 2]
        return str(vocabulary.decode(arrays[side][begin:end].tolist()))

    pairs = [(text("src", source, place), text("trg", target, place)) for place in range(120)]
    assert ("我喜欢苹果。", "I like apples.") in pairs
    assert not any("Secret" in en for _, en in pairs)
    masked = [(zh, en) for zh, en in pairs if SYMBOL.search(zh)]
    assert 5 < len(masked) < 40
    assert all(sorted(SYMBOL.findall(zh)) == sorted(SYMBOL.findall(en)) for zh, en in masked)


def test_end_unknown_and_masks_have_the_ids_that_models_expect(data: Path) -> None:
    from training import vocabularies

    for name in VOCABULARIES:
        vocabulary = vocabularies.load_vocabulary(data / name)
        assert (vocabulary.eos_id(), vocabulary.unk_id()) == (0, 1)
        lengths = [len(vocabulary.encode(f"⟦{i}⟧")) for i in range(8)]
        assert lengths in ([1] * 8, [2] * 8)  # a space may come before
        assert vocabulary.decode(vocabulary.encode("⟦3⟧")) == "⟦3⟧"


def test_calibration_text_is_of_all_lengths(data: Path) -> None:
    lines = (data / "calibration.txt").read_text(encoding="utf-8").splitlines()
    assert len(set(lines)) == len(lines) == 100
    assert not any(SYMBOL.search(line) for line in lines)
    assert not any("机密" in line for line in lines)
    assert {len(line) for line in lines} >= {5, 6, 7, 8, 9}


def test_the_same_seed_gives_the_same_data(corpus: Path, data: Path, tmp_path: Path) -> None:
    from training.prepare import prepare_data

    for seed, same in ((1, True), (2, False)):  # `data` has the usual seed, 1
        prepare_data([corpus], tmp_path / str(seed), WEIGHTS, vocabulary=data, seed=seed)
        again, first = (np.load(folder / "train.npz") for folder in (tmp_path / str(seed), data))
        assert np.array_equal(again["src"], first["src"]) == same
        assert (tmp_path / str(seed) / "source.spm").read_bytes() == (
            data / "source.spm"
        ).read_bytes()


def test_long_and_lopsided_pairs_are_dropped(data: Path, tmp_path: Path) -> None:
    from training.prepare import prepare_data

    path = tmp_path / "corpus.tsv"
    long = "我喜欢苹果。" * 60
    path.write_text(
        f"我\tI\tx\n{long}\t{'I like apples. ' * 60}\tx\n{long[:60]}\tI\tx\n", encoding="utf-8"
    )
    done = prepare_data([path], tmp_path / "data", {"x": 1.0}, vocabulary=data, longest=100)
    assert (done.shown, done.kept) == (3, 1)


@pytest.mark.parametrize(
    ("weights", "options", "message"),
    [
        ({**WEIGHTS, "everyday": 0.0, "manual": 0.0}, {}, "no pair of"),
        (WEIGHTS, {"sizes": (5000, 340)}, "no vocabulary of 5000 pieces for source.spm"),
        (WEIGHTS, {"sizes": (70000, 340)}, "too large"),
        (WEIGHTS, {"vocabulary": Path("none")}, "source.spm is missing"),
        (WEIGHTS, {"sizes": PIECES, "longest": 1}, "larger --longest"),
    ],
)
def test_mistakes_are_reported(
    corpus: Path,
    tmp_path: Path,
    weights: dict[str, float],
    options: dict[str, object],
    message: str,
) -> None:
    from training.prepare import prepare_data

    with pytest.raises(UserError, match=message):
        prepare_data([corpus], tmp_path, weights, **options)  # type: ignore[arg-type]
