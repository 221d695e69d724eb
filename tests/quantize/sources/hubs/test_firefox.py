"""Firefox's models by id, from a server that has records as Mozilla's has."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard

from pipeline.errors import UserError
from quantize.__main__ import main
from quantize.sources import open_source
from tests.quantize.sources.hubs.site import RECORDS, Site
from tests.quantize.sources.marian_folders import firefox_folder
from tests.quantize.sources.marian_models import CASES

SHARED, SEPARATE = CASES["student_int8"], CASES["untied_int8"]
DESKTOP, ANDROID = "env.appinfo.OS != 'Android'", "env.appinfo.OS == 'Android'"
NIGHTLY = "env.channel == 'default' || env.channel == 'nightly'"


class Mozilla:
    """Releases on a site: small models in the layout of the real ones."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.folder, self.records = site, folder, list[dict[str, Any]]()
        site.add_json("/v1/", {"capabilities": {"attachments": {"base_url": f"{site.url}/cdn/"}}})
        self.publish()

    def publish(self) -> None:
        self.site.add_json(RECORDS, {"data": self.records})

    def add(
        self, release: str, audience: str = "", case: Any = SHARED, source: str = "zh-Hans"
    ) -> dict[str, bytes]:
        """Add a release, such as `base-memory 2.0`; returns its files."""
        architecture, version = release.split()
        folder = self.folder / str(len(self.records))
        firefox_folder(folder, case)
        content = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        for name, plain in content.items():
            packed = zstandard.compress(plain)
            location = f"main-workspace/translations-models-v2/{len(self.records)}.zst"
            self.site.add(f"/cdn/{location}", packed)
            self.records.append(
                {
                    "name": name,
                    "schema": 1760721525556,
                    "sourceLanguage": source,
                    "targetLanguage": "en",
                    "architecture": architecture,
                    "version": version,
                    "fileType": name.split(".")[0],
                    "filter_expression": audience,
                    "decompressedHash": hashlib.sha256(plain).hexdigest(),
                    "decompressedSize": len(plain),
                    "attachment": {
                        "hash": hashlib.sha256(packed).hexdigest(),
                        "size": len(packed),
                        "filename": f"{name}.zst",
                        "location": location,
                        "mimetype": "application/zstd",
                    },
                    "id": "05114b3d-6c2a-4a7e-92a2-7b04dc65b6e4",
                    "last_modified": 1761148716130,
                }
            )
        self.publish()
        return content

    def change(self, kind: str, **values: Any) -> None:
        """Change what the records say of the files of a kind."""
        for record in self.records:
            if record["fileType"] == kind:
                attachment = record["attachment"]
                (attachment if attachment.keys() >= set(values) else record).update(values)
        self.publish()


@pytest.fixture
def mozilla(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mozilla:
    monkeypatch.setenv("CSANMT_FIREFOX_URL", f"{site.url}/v1/")
    return Mozilla(site, tmp_path / "mozilla")


def release(spec: str) -> str:
    """Which release is taken."""
    return open_source(spec).about.provenance.partition(", ")[2]


@pytest.mark.parametrize("case", [SHARED, SEPARATE], ids=["shared", "separate"])
def test_an_id_gives_the_same_as_the_files(mozilla: Mozilla, cached: Path, case: Any) -> None:
    mozilla.add("base 2.0", case=case)
    found = open_source("firefox:zh-en")
    here = open_source(mozilla.folder / "0")
    assert found.tokenizer == here.tokenizer
    assert found.decoding == here.decoding
    for name, weight in here.network.weights.items():
        np.testing.assert_array_equal(found.network.weights[name], weight)
    assert found.about.provenance == "converted from Firefox's zh-Hans-en, base 2.0"
    assert found.about.licence == "MPL-2.0"
    names = {path.name for path in (cached / "firefox" / "zh-Hans-en" / "base-2.0").iterdir()}
    assert not any(name.startswith("lex") for name in names)
    assert all(name.endswith(".zst") for name in names)


def test_the_newest_release_is_taken(mozilla: Mozilla) -> None:
    for version in ("1.9", "2.10", "2.9"):
        mozilla.add(f"base {version}")
    mozilla.add("base 3.0a1", NIGHTLY)
    mozilla.add("base-memory 2.11", ANDROID)
    mozilla.add("base 9.0", source="zh-Hant")
    assert release("firefox:zh-en") == "base 2.10"
    assert release("FIREFOX:zh-Hant-EN") == "base 9.0"


def test_of_one_version_the_best_for_computers_is_taken(mozilla: Mozilla) -> None:
    mozilla.add("tiny 2.0")
    mozilla.add("base-memory 2.0")
    assert release("firefox:zh-Hans-en") == "base-memory 2.0"
    mozilla.add("base 2.0")
    assert release("firefox:zh-en") == "base 2.0"
    mozilla.add("tiny 2.0", DESKTOP)
    assert release("firefox:zh-en") == "tiny 2.0"


def test_a_name_a_version_or_both_may_be_given(mozilla: Mozilla) -> None:
    mozilla.add("base 2.0")
    mozilla.add("base-memory 1.0", ANDROID)
    mozilla.add("base-memory 2.0a1", NIGHTLY)
    assert release("firefox:zh-en/base-memory") == "base-memory 2.0a1"
    assert release("firefox:zh-en/1.0") == "base-memory 1.0"
    assert release("firefox:zh-en/base-memory/1.0") == "base-memory 1.0"
    assert release("firefox:zh-en/base") == "base 2.0"


def test_a_release_that_lacks_a_vocabulary_is_passed_over(mozilla: Mozilla) -> None:
    mozilla.add("base 2.0")
    mozilla.add("base 2.1", case=SEPARATE)
    mozilla.records = [entry for entry in mozilla.records if entry["fileType"] != "trgvocab"]
    mozilla.publish()
    assert release("firefox:zh-en") == "base 2.0"


@pytest.mark.parametrize(
    "spec,message",
    [
        ("firefox:zh-en/tiny", "no such model; there are: base-memory 2.0, base 1.0"),
        ("firefox:de-en", "no such model; there are: none of these languages"),
        ("firefox:zh", "names no model of Firefox: write firefox:zh-en"),
        ("firefox:zh-en/", "names no model of Firefox"),
    ],
)
def test_what_is_not_published_is_refused_with_what_is(
    mozilla: Mozilla, spec: str, message: str
) -> None:
    mozilla.add("base 1.0")
    mozilla.add("base-memory 2.0")
    with pytest.raises(UserError, match=message):
        open_source(spec)


def test_a_file_with_another_hash_is_refused_and_not_kept(mozilla: Mozilla, cached: Path) -> None:
    mozilla.add("base 2.0")
    mozilla.change("model", hash="0" * 64)
    with pytest.raises(UserError, match=r"but 0{64} was published"):
        open_source("firefox:zh-en")
    assert not list(cached.rglob("model*"))


@pytest.mark.parametrize(
    "values,message",
    [
        ({"filename": "../../outside.zst"}, "attachment.filename"),
        ({"filename": ".."}, "attachment.filename"),
        ({"architecture": "../base"}, "architecture"),
        ({"version": "newest"}, "newest is no version"),
        ({"version": None}, "version"),
        ({"hash": ""}, "attachment.hash"),
        ({"size": 0}, "attachment.size"),
    ],
)
def test_records_of_another_form_are_refused(
    mozilla: Mozilla, cached: Path, values: dict[str, Any], message: str
) -> None:
    mozilla.add("base 2.0")
    mozilla.change("vocab", **values)
    with pytest.raises(UserError, match=f"records: a record's .*{message}"):
        open_source("firefox:zh-en")
    assert not cached.exists()


@pytest.mark.parametrize("answer", [[], {}, {"data": {}}, {"data": [1]}])
def test_an_index_of_another_form_is_refused(mozilla: Mozilla, answer: Any) -> None:
    mozilla.site.add_json(RECORDS, answer)
    with pytest.raises(UserError, match="has no list of records"):
        open_source("firefox:zh-en")


@pytest.mark.parametrize("answer", [[], {}, {"capabilities": {}}])
def test_a_server_that_names_no_attachments_is_refused(mozilla: Mozilla, answer: Any) -> None:
    mozilla.add("base 2.0")
    mozilla.site.add_json("/v1/", answer)
    with pytest.raises(UserError, match="names no attachments"):
        open_source("firefox:zh-en")


def test_one_command_makes_a_bundle(
    mozilla: Mozilla, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mozilla.add("base 2.0")
    out = tmp_path / "bundle"
    assert main(["build", "firefox:zh-en", "--recipe", "fp32", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert f"… Firefox's zh-Hans-en, base 2.0, of {mozilla.site.url}/v1" in said
    manifest = (out / "model.yaml").read_text(encoding="utf-8")
    assert "converted from Firefox's zh-Hans-en, base 2.0" in manifest
    assert "MPL-2.0" in manifest


def test_what_fails_leaves_no_bundle(
    mozilla: Mozilla, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mozilla.add("base 2.0")
    for path in list(mozilla.site.files):
        if path.startswith("/cdn/"):
            del mozilla.site.files[path]
    out = tmp_path / "bundle"
    assert main(["build", "firefox:zh-en", "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert "answers 404 Not Found" in error
    assert error.count("\n") == 1
    assert not out.exists()
