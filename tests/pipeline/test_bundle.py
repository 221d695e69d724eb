"""A bundle is used only if every file is what its manifest says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from pipeline.bundle import Bundle
from pipeline.config import DEFAULT_MODEL, resolve
from pipeline.errors import BundleError


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the default bundle that a test may damage."""
    folder = tmp_path / "bundle"
    shutil.copytree(resolve(DEFAULT_MODEL), folder, ignore=shutil.ignore_patterns("source"))
    return folder


def edit(folder: Path, **changes: object) -> None:
    path = folder / "model.yaml"
    path.write_text(
        yaml.safe_dump(yaml.safe_load(path.read_text(encoding="utf-8")) | changes), encoding="utf-8"
    )


def test_an_untouched_bundle_loads_from_any_working_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (DEFAULT_MODEL, Path(DEFAULT_MODEL).name):
        assert Bundle.load(name).manifest.family == "csanmt"


def test_every_file_that_serving_reads_is_listed(copy: Path) -> None:
    bundle = Bundle.load(copy)
    with pytest.raises(BundleError, match="is not listed"):
        bundle.file("README.md")


def test_an_altered_byte_is_found_and_named(copy: Path) -> None:
    path = copy / "weights.bin"
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    with pytest.raises(
        BundleError, match=r"weights\.bin: expected sha256 [0-9a-f]{64}, found [0-9a-f]{64}"
    ) as error:
        Bundle.load(copy)
    assert "\n" not in str(error.value)


def test_a_truncated_file_is_found_by_its_size(copy: Path) -> None:
    path = copy / "step.onnx"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BundleError, match=rf"step\.onnx: expected {size} bytes, found {size - 1}"):
        Bundle.load(copy)


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "source.spm").unlink()
    with pytest.raises(BundleError, match=r"source\.spm: expected \d+ bytes, found no file"):
        Bundle.load(copy)


def test_a_missing_bundle_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="make model"):
        Bundle.load(tmp_path / "nothing")


def test_unknown_keys_in_the_manifest_are_errors(copy: Path) -> None:
    edit(copy, colour="red")
    with pytest.raises(BundleError, match="colour"):
        Bundle.load(copy)


def test_another_contract_version_is_refused(copy: Path) -> None:
    edit(copy, contract=99)
    with pytest.raises(BundleError, match="expected graph contract 4, found 99"):
        Bundle.load(copy)


def test_a_manifest_cannot_reach_outside_its_folder(copy: Path) -> None:
    edit(copy, files={"../secret": {"sha256": "0" * 64, "size": 0}})
    with pytest.raises(BundleError, match="leaves the bundle's folder"):
        Bundle.load(copy)


def test_a_manifest_that_is_no_yaml_is_one_line(copy: Path) -> None:
    (copy / "model.yaml").write_bytes(b"\xff\xfe: [")
    with pytest.raises(BundleError, match="expected YAML"):
        Bundle.load(copy)


def test_the_text_side_reads_and_verifies_its_vocabularies_alone(copy: Path) -> None:
    (copy / "weights.bin").write_bytes(b"damaged")
    bundle = Bundle.load_text(copy)
    assert bundle.file("source.spm").is_file()
    with pytest.raises(BundleError, match="is not listed"):
        bundle.file("weights.bin")
    (copy / "target.spm").write_bytes(b"damaged")
    with pytest.raises(BundleError, match=r"target\.spm"):
        Bundle.load_text(copy)
