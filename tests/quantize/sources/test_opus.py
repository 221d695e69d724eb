"""Models as OPUS-MT publishes them: a zip, or the folder that it becomes."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipeline.bundle import Decoding
from pipeline.errors import UserError
from quantize.bundles.build import build
from quantize.int8.recipes import load_recipe
from quantize.sources import open_source
from quantize.sources.marian_files.vocabulary import read_ids
from tests.quantize.sources.marian_folders import SHARED, opus_folder, pieces
from tests.quantize.sources.marian_models import opus_pieces

VOCABULARY = opus_pieces(pieces(SHARED))


def zipped(folder: Path, archive: Path, inside: str = "") -> Path:
    """What OPUS-MT publishes, with what else is in it."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(folder.iterdir()):
            out.write(path, f"{inside}{path.name}")
        for name in ("LICENSE", "README.md", "preprocess.sh"):
            out.writestr(f"{inside}{name}", name)
    return archive


def refused(place: Path, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        open_source(place)
    assert "\n" not in str(error.value)
    assert str(place) in str(error.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return opus_folder(tmp_path / "opus-2020-07-17")


def edit(folder: Path, **changes: Any) -> None:
    """Change `decoder.yml`."""
    path = folder / "decoder.yml"
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    values |= {name.replace("_", "-"): value for name, value in changes.items()}
    path.write_text(yaml.safe_dump(values), encoding="utf-8")


def test_the_zip_is_the_folder(folder: Path, tmp_path: Path) -> None:
    plain = open_source(folder)
    for inside in ("", "model/"):
        packed = open_source(zipped(folder, tmp_path / "opus-2020-07-17.zip", inside))
        assert packed.decoding == plain.decoding
        assert packed.tokenizer == plain.tokenizer
        assert packed.made == plain.made
        for name, values in plain.network.weights.items():
            assert np.array_equal(values, packed.network.weights[name])
    assert (plain.languages.source, plain.languages.target) == ("zh", "en")
    assert "opus-2020-07-17.zip" in packed.about.provenance


def test_the_model_itself_names_its_folder(folder: Path) -> None:
    (model,) = folder.glob("*.npz")
    assert open_source(model).tokenizer == open_source(folder).tokenizer


def test_the_decoder_file_says_how_to_search(folder: Path) -> None:
    """The longest length is three tokens for each of the source's, as is Marian's habit."""
    expected = Decoding(
        rules="marian",
        beam_size=6,
        length_penalty=1.0,
        max_length=512,
        length_ratio=3,
        length_margin=3,
        end_id=0,
        max_source_length=128,
    )
    assert open_source(folder).decoding == expected
    edit(folder, beam_size=2, normalize=0.6, max_length_factor=2)
    decoding = open_source(folder).decoding
    assert (decoding.beam_size, decoding.length_penalty, decoding.length_ratio) == (2, 0.6, 2)
    assert open_source(folder).network.banned[0] == 1
    edit(folder, allow_unk=True)
    assert 1 not in open_source(folder).network.banned


def test_a_bundle_has_the_ids_of_the_vocabulary(folder: Path, tmp_path: Path) -> None:
    archive = zipped(folder, tmp_path / "opus.zip")
    bundle = build(archive, load_recipe("fp32"), tmp_path / "bundle", lines=())
    ids = json.loads(bundle.file("vocab.json").read_text(encoding="utf-8"))
    assert ids == {piece: number for number, piece in enumerate(VOCABULARY)}
    assert sorted(path.name for path in bundle.path.glob("*.spm")) == ["source.spm", "target.spm"]


def test_a_vocabulary_for_each_language(folder: Path) -> None:
    (vocabulary,) = folder.glob("*.vocab.yml")
    other = folder / "opus.trg.vocab.yml"
    other.write_text(vocabulary.read_text(encoding="utf-8") + '"more": 9999\n', encoding="utf-8")
    edit(folder, vocabs=[vocabulary.name, other.name])
    source = open_source(folder)
    assert list(source.made) == ["vocab.json"]  # an id beyond the network's is none
    lines = vocabulary.read_text(encoding="utf-8").splitlines()
    other.write_text("\n".join([*lines[:2], *lines[3:]]), encoding="utf-8")
    assert list(open_source(folder).made) == ["vocab.json", "target_vocab.json"]


def test_vocabularies_are_text_whatever_yaml_makes_of_them(tmp_path: Path) -> None:
    path = tmp_path / "vocab.yml"
    lines = ['"</s>": 0', "<unk>: 1", "yes: 2", "null: 3", "12: 4", '"12.0": 5', "'it''s': 6"]
    lines += [r'"\"": 7', r'"\\": 8', r'"\x85": 9', r'"\u2581\u4e2d": 10', r'"\_": 11', '":": 12']
    lines += [
        "▁a:b: 13",
        '? "' + "長" * 130 + '"',
        ": 14",
        "~: 15",
        "yes: 16",
        "# a remark: 17",
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    expected = [
        "</s>",
        "<unk>",
        "yes",
        "null",
        "12",
        "12.0",
        "it's",
        '"',
        "\\",
        "\x85",
        "▁中",
        "\xa0",
    ]
    expected += [":", "▁a:b", "長" * 130, "~"]
    found = read_ids(path, 18, path)
    assert sorted(found, key=found.__getitem__) == expected
    assert found["yes"] == 2
    assert "~" not in read_ids(path, 15, path)


@pytest.mark.parametrize(
    "changes,message",
    [
        ({"models": ["a.npz", "b.npz"]}, "models: List should have at most 1 item"),
        ({"models": []}, "models: List should have at least 1 item"),
        ({"word_penalty": 0.5}, "word-penalty"),
        ({"vocabs": ["../other.yml", "other.yml"]}, "other.yml is missing: copy all files"),
        ({"beam_size": 0}, "beam-size"),
    ],
)
def test_what_the_decoder_file_may_not_say(
    folder: Path, changes: dict[str, Any], message: str
) -> None:
    edit(folder, **changes)
    refused(folder, message)


@pytest.mark.parametrize("name", ["source.spm", "target.spm", "opus.vocab.yml", "*.npz"])
def test_a_missing_file_is_named(folder: Path, tmp_path: Path, name: str) -> None:
    (path,) = folder.glob(name)
    path.unlink()
    refused(folder, f"{path.name} is missing")
    refused(zipped(folder, tmp_path / "opus.zip"), f"{path.name} is missing")


@pytest.mark.parametrize(
    "content,message",
    [
        ('"</s>": 0\n"a": 2\n', "has no <unk>"),
        ('"</s>": 0\n"<unk>": one\n', "is damaged"),
        ("nothing", "is damaged"),
        ('"</s>": 0\n"<unk>": 1\n">>eng<<": 2\n', "wants a target language before each sentence"),
    ],
)
def test_a_vocabulary_that_cannot_be_used_is_named(
    folder: Path, content: str, message: str
) -> None:
    (folder / "opus.vocab.yml").write_text(content, encoding="utf-8")
    refused(folder, message)


def test_an_archive_that_is_damaged_is_named(folder: Path, tmp_path: Path) -> None:
    archive = zipped(folder, tmp_path / "opus.zip")
    data = bytearray(archive.read_bytes())
    archive.write_bytes(data[: len(data) // 2])
    refused(archive, "no model that is known here")
    place = data.index(b"opus.spm32k") + 2000
    data[place : place + 4] = b"\0\1\2\3"
    archive.write_bytes(data)
    refused(archive, "is damaged or cut off: copy it anew")


@pytest.mark.parametrize(
    "name", ["../evil.yml", "/etc/evil.yml", "a/../../evil.yml", r"..\evil.yml", r"C:\evil.yml"]
)
def test_an_archive_whose_names_climb_out_is_refused(
    folder: Path, tmp_path: Path, name: str
) -> None:
    archive = zipped(folder, tmp_path / "opus.zip")
    with zipfile.ZipFile(archive, "a") as out:
        out.writestr(name, "evil")
    refused(archive, "leaves the archive: do not use it")
    assert not list(tmp_path.rglob("*evil*"))


def test_an_archive_that_is_a_bomb_is_refused(folder: Path, tmp_path: Path) -> None:
    archive = zipped(folder, tmp_path / "opus.zip")
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as out:
        out.writestr("big.npz", bytes(32 << 20))
    refused(archive, "big.npz unpacks to 33554432 bytes: do not use it")


def test_an_archive_with_a_password_is_refused(folder: Path, tmp_path: Path) -> None:
    archive = zipped(folder, tmp_path / "opus.zip")
    data = bytearray(archive.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    refused(archive, "is locked by a password")
