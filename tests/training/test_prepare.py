"""From a corpus to arrays, vocabularies and calibration text."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import UserError
from tests.training.conftest import PIECES, WEIGHTS

pytestmark = pytest.mark.quantize
SYMBOL = re.compile("⟦[0-7]⟧")


def test_masks_on_both_sides_are_the_same() -> None:
    from training.corpus import Pair
    from training.masks import mask_copies

    zh = "运行 `make test`，然后在 https://example.org/a 打开端口 8000，共 3 个错误，见 README.md。"
    pair = Pair(
        zh,
        "Run `make test`, then open port 8000 at https://example.org/a: 3 errors, see README.md.",
    )
    hidden, rng = Counter[str](), random.Random(0)
    for _ in range(200):
        masked = mask_copies(pair, rng)
        symbols = SYMBOL.findall(masked.zh)
        assert sorted(symbols) == sorted(SYMBOL.findall(masked.en))
        assert len(set(symbols)) == len(symbols) > 0
        hidden.update(
            span
            for span in ("`make test`", "https://example.org/a", "8000", " 3 ")
            if span not in masked.zh
        )
        for span in ("`make test`", "https://example.org/a", "8000"):
            assert (span in masked.zh) == (span in masked.en)
    assert len(hidden) == 4
    assert max(hidden.values()) < 200


@pytest.mark.parametrize(
    ("zh", "en"),
    [
        ("没有可以照抄的内容。", "Nothing here is copied."),
        ("端口 80 和 80", "Port 80"),  # twice on one side
        ("共 5 个", "All 50 of them"),  # a part of a longer word
        ("共 5 个", "Five of them"),
    ],
)
def test_what_is_not_copied_is_not_masked(zh: str, en: str) -> None:
    from training.corpus import Pair
    from training.masks import mask_copies

    rng = random.Random(0)
    assert all(mask_copies(Pair(zh, en), rng) == (zh, en) for _ in range(20))


def test_the_arrays_hold_the_epoch(data: Path) -> None:
    from training import vocabularies

    arrays = np.load(data / "train.npz")
    assert arrays["src"].dtype == arrays["trg"].dtype == np.uint16
    assert len(arrays["src_offsets"]) == len(arrays["trg_offsets"]) == 80 + 2 * 20 + 1
    source, target = (vocabularies.load(data / name) for name in vocabularies.NAMES)
    assert (source.get_piece_size(), target.get_piece_size()) == PIECES
    assert vocabularies.sizes(data) == PIECES
    pairs = []
    for place in range(120):
        sides = (
            arrays[side][slice(*arrays[f"{side}_offsets"][place : place + 2])].tolist()
            for side in ("src", "trg")
        )
        pairs.append(
            tuple(
                vocabulary.decode(ids)
                for vocabulary, ids in zip((source, target), sides, strict=True)
            )
        )
    assert ("我喜欢苹果。", "I like apples.") in pairs
    assert not any("Secret" in en for _, en in pairs)
    masked = [(zh, en) for zh, en in pairs if SYMBOL.search(zh)]
    assert 5 < len(masked) < 40
    assert all(sorted(SYMBOL.findall(zh)) == sorted(SYMBOL.findall(en)) for zh, en in masked)


def test_end_unknown_and_masks_have_the_ids_that_models_expect(data: Path) -> None:
    from training import vocabularies

    for name in vocabularies.NAMES:
        vocabulary = vocabularies.load(data / name)
        assert (vocabulary.eos_id(), vocabulary.unk_id()) == (0, 1)
        assert [len(vocabulary.encode(f"⟦{i}⟧")) for i in range(8)] in (
            [1] * 8,
            [2] * 8,
        )  # a space may come before
        assert vocabulary.decode(vocabulary.encode("⟦3⟧")) == "⟦3⟧"


def test_calibration_text_is_of_all_lengths(data: Path) -> None:
    lines = (data / "calibration.txt").read_text(encoding="utf-8").splitlines()
    assert len(set(lines)) == len(lines) == 100
    assert not any(SYMBOL.search(line) for line in lines)
    assert not any("机密" in line for line in lines)
    assert {len(line) for line in lines} >= {5, 6, 7, 8, 9}


def test_the_same_seed_gives_the_same_data(corpus: Path, data: Path, tmp_path: Path) -> None:
    from training.prepare import prepare

    for seed, same in ((1, True), (2, False)):  # `data` has the usual seed, 1
        prepare([corpus], tmp_path / str(seed), WEIGHTS, vocabulary=data, seed=seed)
        again, first = (np.load(folder / "train.npz") for folder in (tmp_path / str(seed), data))
        assert np.array_equal(again["src"], first["src"]) == same
        assert (tmp_path / str(seed) / "source.spm").read_bytes() == (
            data / "source.spm"
        ).read_bytes()


def test_long_and_lopsided_pairs_are_dropped(data: Path, tmp_path: Path) -> None:
    from training.prepare import prepare

    path = tmp_path / "corpus.tsv"
    long = "我喜欢苹果。" * 60
    path.write_text(
        f"我\tI\tx\n{long}\t{'I like apples. ' * 60}\tx\n{long[:60]}\tI\tx\n", encoding="utf-8"
    )
    done = prepare([path], tmp_path / "data", {"x": 1.0}, vocabulary=data, longest=100)
    assert (done.shown, done.kept) == (3, 1)


@pytest.mark.parametrize(
    ("weights", "options", "told"),
    [
        ({**WEIGHTS, "everyday": 0.0, "manual": 0.0}, {}, "no pair of"),
        (WEIGHTS, {"sizes": (5000, 340)}, "no vocabulary of 5000 pieces for source.spm"),
        (WEIGHTS, {"sizes": (70000, 340)}, "too large"),
        (WEIGHTS, {"vocabulary": Path("none")}, "source.spm is missing"),
        (WEIGHTS, {"sizes": PIECES, "longest": 1}, "larger --longest"),
    ],
)
def test_mistakes_are_told(
    corpus: Path, tmp_path: Path, weights: dict[str, float], options: dict[str, object], told: str
) -> None:
    from training.prepare import prepare

    with pytest.raises(UserError, match=told):
        prepare([corpus], tmp_path, weights, **options)  # type: ignore[arg-type]
