"""Tensors of a `model.bin`, and what older versions of the format leave out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from quantize.sources.ctranslate2.binary import ModelFile
from quantize.sources.ctranslate2.place import Place
from quantize.sources.ctranslate2.settings import read_settings
from tests.quantize.sources.ctranslate2.files import rewrite
from tests.quantize.sources.ctranslate2.models import DATA

WEIGHT = "encoder/layer_0/ffn/linear_0/weight"


def opened(name: str) -> ModelFile:
    return ModelFile((DATA / name / "model.bin").read_bytes(), name)


@pytest.mark.parametrize(
    "name,version,kind",
    [
        ("argos", 6, "<i1"),
        ("quickmt", 6, "<f2"),
        ("gated", 6, "bfloat16"),
        ("sigmoid", 5, "<f4"),
        ("version_4", 4, "<i1"),
        ("version_3", 3, "<i2"),
        ("version_2", 2, "<f4"),
    ],
)
def test_versions_and_number_types_are_told_apart(name: str, version: int, kind: str) -> None:
    file = opened(name)
    assert (file.version, file.kind(WEIGHT)) == (version, kind)
    assert file.floats(WEIGHT).dtype == np.float32
    assert file.floats(WEIGHT).shape == file.shape(WEIGHT)


def test_rows_are_read_alone() -> None:
    for name in ("argos", "version_3", "gated"):
        file = opened(name)
        assert np.array_equal(file.floats(WEIGHT, slice(3, 9)), file.floats(WEIGHT)[3:9])


def test_an_alias_has_the_scales_of_its_tensor() -> None:
    file = opened("argos")
    alias = next(name for name in file if file.owner(name) != name)
    assert np.array_equal(file.floats(alias), file.floats(file.owner(alias)))


def test_integers_of_16_bits_without_a_scale_have_the_usual_one(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes((DATA / "version_3" / "model.bin").read_bytes())
    rewrite(path, {f"{WEIGHT}_scale": None})
    file = ModelFile(path.read_bytes(), "model.bin")
    assert np.allclose(file.floats(WEIGHT) * 1000, file.stored(WEIGHT))


def test_settings_of_older_versions_are_in_the_model() -> None:
    place = Place(DATA / "sigmoid", DATA / "sigmoid")
    settings = read_settings(opened("sigmoid"), place)
    assert (settings.begins_source, settings.ends_source, settings.start) == (False, True, "</s>")
    settings = read_settings(opened("version_4"), place)
    assert (settings.begins_source, settings.ends_source, settings.start) == (False, False, "<s>")
