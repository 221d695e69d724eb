"""What of a corpus is shown, and how often."""

from __future__ import annotations

import gzip
import lzma
import random
from collections import Counter
from pathlib import Path

import pytest

from pipeline.errors import UserError
from training.corpus import load_weights, read_pairs

REFUSED = {
    "lctt-ccbysa",  # non-commercial
    "cs-selflearning",  # in part
    "storybooks",  # per story
    "stellarium",  # by machine
    "django-docs",  # no licence
    "inaturalist",
    "privacyguides",
}


def test_what_may_not_be_used_is_never_shown() -> None:
    first, general = load_weights("first"), load_weights("general")
    assert len(first) == 122
    for weights in (first, general):
        assert {name for name, weight in weights.items() if weight == 0} >= REFUSED
    assert {name for name, weight in first.items() if weight == 0} == {
        n for n, w in general.items() if w == 0
    }


def test_the_last_phase_is_of_general_text() -> None:
    first, general = load_weights("first"), load_weights("general")
    assert (first["k8s"], general["k8s"]) == (1, 0.12)
    assert general["twlaw"] < general["tatoeba"] <= first["tatoeba"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tatoeba: {first: 4}", "tatoeba.general"),
        ("tatoeba: {first: 4, general: 2, licence: CC}", "tatoeba.licence"),
        ("tatoeba: {first: -1, general: 2}", "tatoeba.first"),
        ("tatoeba: {first: 4", "no YAML"),
    ],
)
def test_weights_are_checked(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        load_weights("first", path)


def test_pairs_come_as_often_as_their_source_says(tmp_path: Path) -> None:
    path = tmp_path / "corpus.tsv"
    rows = [
        f"{name}{i}\t{name} {i}\t{name}\n"
        for name in ("none", "half", "once", "thrice")
        for i in range(200)
    ]
    path.write_text("".join(rows), encoding="utf-8")
    weights = {"none": 0.0, "half": 0.5, "once": 1.0, "thrice": 3.0}
    shown = Counter(pair.en.split()[0] for pair in read_pairs(path, weights, random.Random(0)))
    assert (shown["none"], shown["once"], shown["thrice"]) == (0, 200, 600)
    assert 70 < shown["half"] < 130


def test_a_source_without_a_weight_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "corpus.tsv"
    path.write_text("你好\tHello\tknown\n再见\tGoodbye\tstranger\n", encoding="utf-8")
    with pytest.raises(UserError, match="line 2: 'stranger' has no weight"):
        list(read_pairs(path, {"known": 1.0}, random.Random(0)))


@pytest.mark.parametrize("line", ["你好\tHello\n", "你好\n", "a\tb\tc\td\n"])
def test_a_line_that_does_not_name_its_source_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "corpus.tsv"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(UserError, match="line 1: expected"):
        list(read_pairs(path, {"c": 1.0}, random.Random(0)))


@pytest.mark.parametrize(("ending", "compress"), [(".xz", lzma.compress), (".gz", gzip.compress)])
def test_compressed_corpora_are_read_and_damage_is_reported(
    tmp_path: Path, ending: str, compress: object
) -> None:
    assert callable(compress)
    path = tmp_path / f"corpus.tsv{ending}"
    whole = compress("你好\u2028吗\tHello\tknown\n".encode() * 100)
    path.write_bytes(whole)
    pairs = list(read_pairs(path, {"known": 1.0}, random.Random(0)))
    assert len(pairs) == 100
    assert pairs[0] == ("你好\u2028吗", "Hello")
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="damaged"):
        list(read_pairs(path, {"known": 1.0}, random.Random(0)))


def test_a_missing_corpus_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        list(read_pairs(tmp_path / "none.tsv", {}, random.Random(0)))
