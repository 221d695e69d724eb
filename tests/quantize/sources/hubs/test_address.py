"""Models by the address of a file."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from pipeline.errors import UserError
from quantize.sources import open_source
from tests.quantize.sources.ctranslate2.models import package
from tests.quantize.sources.hubs.site import Site
from tests.quantize.sources.marian_folders import opus_folder

PATH = "/zho-eng/opus-2020-07-17.zip"


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    """OPUS-MT's zip."""
    folder = opus_folder(tmp_path / "opus")
    return Path(shutil.make_archive(str(tmp_path / "packed"), "zip", folder)).read_bytes()


def test_a_zip_of_opus_mt_is_downloaded_once(site: Site, content: bytes) -> None:
    address = site.add(PATH, content)
    said: list[str] = []
    for _ in range(2):
        source = open_source(f"{address}?token=secret", said.append)
    assert source.about.provenance == f"converted from {address}"
    assert site.paths() == [f"{PATH}?token=secret"]
    assert said == [
        f"{address}: no hash is published for it; its sha256 is "
        f"{hashlib.sha256(content).hexdigest()}"
    ]


def test_a_hash_behind_the_address_is_checked(site: Site, content: bytes) -> None:
    address = site.add(PATH, content)
    digits = hashlib.sha256(content).hexdigest()
    assert open_source(f"{address}#sha256={digits.upper()}").network.hidden_size
    site.files[PATH] = content + b"more"
    with pytest.raises(UserError, match="has the sha256"):
        open_source(f"{site.add('/other.zip', content)}#sha256={'0' * 64}")


def test_a_package_of_argos_has_an_address_too(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "argos"
    folder.mkdir()
    path = package(folder)
    assert open_source(site.add(f"/v1/{path.name}", path.read_bytes())).languages.source == "zh"


def test_what_is_no_model_is_not_kept(site: Site, cached: Path) -> None:
    address = site.add("/page.zip", b"<html>Please log in.</html>")
    with pytest.raises(UserError, match=r"page\.zip is no model that is known here"):
        open_source(address)
    assert [path for path in cached.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "end,message",
    [
        ("/a.zip#md5=1", "belongs sha256= and 64 digits"),
        ("/a.zip#sha256=12", "belongs sha256= and 64 digits"),
        ("/folder/", "names no file"),
        ("", "names no file"),
        ("/a/%2e%2e", "names no file"),
        ("/..%2fa%2f", "names no file"),
        (":port/a.zip", "is no address"),
    ],
)
def test_addresses_that_name_no_file_are_refused(site: Site, end: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        open_source(f"http://127.0.0.1{end}")
    assert site.asked == []
