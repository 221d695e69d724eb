"""Packages of Argos Translate in the forms that people have them in, and bad ones."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import UserError
from quantize.sources import open_source
from tests.quantize.sources.ctranslate2.models import METADATA, PACKAGE, package, unpacked


def test_packed_and_unpacked_are_the_same_model(tmp_path: Path) -> None:
    (tmp_path / "packed").mkdir()
    packed = open_source(package(tmp_path / "packed"))
    place = unpacked(tmp_path)
    for path in (tmp_path, place, place / "model", place / "model" / "model.bin"):
        source = open_source(path)
        assert source.tokenizer == packed.tokenizer
        assert source.made == packed.made
        assert set(source.network.weights) == set(packed.network.weights)
    assert "version 1.9" in packed.about.provenance
    assert PACKAGE in packed.about.provenance


def test_decoding_is_that_of_the_client(tmp_path: Path) -> None:
    source = open_source(package(tmp_path))
    assert (source.languages.source, source.languages.target) == ("zh", "en")
    decoding = source.decoding
    assert (decoding.rules, decoding.beam_size, decoding.length_penalty) == ("ctranslate2", 4, 0.2)


def test_of_several_packages_the_one_from_chinese_to_english_is_taken(tmp_path: Path) -> None:
    place = unpacked(tmp_path)
    other = place.rename(tmp_path / "translate-en_zh-1_9")
    change(other, from_code="en", to_code="zh")
    unpacked(tmp_path)
    assert open_source(tmp_path).languages.source == "zh"
    (tmp_path / PACKAGE).rename(tmp_path / "translate-zh_en-1_8")
    unpacked(tmp_path)
    with pytest.raises(UserError, match=r"several packages \(translate-zh_en-1_8, "):
        open_source(tmp_path)


def change(place: Path, **values: Any) -> None:
    (place / "metadata.json").write_text(json.dumps(METADATA | values), encoding="utf-8")


@pytest.mark.parametrize(
    "values,message",
    [
        ({"type": "sbd"}, "type sbd does not translate"),
        ({"target_prefix": "__en__"}, "target_prefix"),
        ({"from_code": None}, "from_code"),
    ],
)
def test_packages_of_other_kinds_are_refused(
    tmp_path: Path, values: dict[str, Any], message: str
) -> None:
    place = unpacked(tmp_path)
    change(place, **values)
    with pytest.raises(UserError, match=message):
        open_source(place)


def test_a_package_with_bpe_is_refused_by_name(tmp_path: Path) -> None:
    place = unpacked(tmp_path)
    (place / "sentencepiece.model").rename(place / "bpe.model")
    with pytest.raises(UserError, match=r"bpe\.model: packages with Moses and BPE"):
        open_source(place)


def test_a_package_that_lacks_a_file_is_refused_by_its_name(tmp_path: Path) -> None:
    place = unpacked(tmp_path)
    (place / "sentencepiece.model").unlink()
    with pytest.raises(UserError, match=r"sentencepiece\.model is missing"):
        open_source(place)


def test_a_damaged_package_is_refused_by_its_name(tmp_path: Path) -> None:
    path = package(tmp_path)
    whole = path.read_bytes()
    for size in (len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:size])
        with pytest.raises(UserError, match=path.name):
            open_source(path)
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + b"?" * 40 + whole[middle + 40 :])
    with pytest.raises(UserError, match=path.name):
        open_source(path)


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside"])
def test_a_package_with_a_path_that_climbs_out_is_refused(tmp_path: Path, name: str) -> None:
    path = package(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, "x")
    with pytest.raises(UserError, match="leaves the archive"):
        open_source(path)
    assert not (tmp_path.parent / "outside").exists()


def test_a_package_that_fills_the_disk_is_refused(tmp_path: Path) -> None:
    place, path = unpacked(tmp_path), tmp_path / "bomb.argosmodel"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(place / "metadata.json", f"{PACKAGE}/metadata.json")
        archive.writestr(f"{PACKAGE}/model/model.bin", bytes(64 << 20))
    with pytest.raises(UserError, match="unpacks to 67108864 bytes"):
        open_source(path)
