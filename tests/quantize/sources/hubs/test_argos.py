"""Argos's packages by id, from an index as Argos's is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import UserError
from quantize.sources import open_source
from tests.quantize.sources.ctranslate2.models import package
from tests.quantize.sources.hubs.site import Site


class Index:
    """Packages on a site, all the same small model."""

    def __init__(self, site: Site, folder: Path) -> None:
        folder.mkdir()
        self.site, self.content = site, package(folder).read_bytes()
        self.packages: list[dict[str, Any]] = []
        self.publish()

    def publish(self) -> None:
        self.site.add_json("/index/index.json", self.packages)

    def add(self, version: str, pair: str = "zh_en", **values: Any) -> dict[str, Any]:
        source, target = pair.split("_")
        path = f"/v1/translate-{pair}-{version.replace('.', '_')}.argosmodel"
        self.packages.append(
            {
                "package_version": version,
                "argos_version": "1.9.0",
                "from_code": source,
                "from_name": "Chinese",
                "to_code": target,
                "to_name": "English",
                "links": [self.site.add(path, self.content)],
                "code": f"translate-{pair}",
            }
            | values
        )
        self.publish()
        return self.packages[-1]


@pytest.fixture
def index(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    monkeypatch.setenv("ARGOS_PACKAGE_INDEX", f"{site.url}/index/")
    return Index(site, tmp_path / "argos")


def test_the_newest_version_of_the_languages_is_taken(index: Index) -> None:
    for version in ("1.9", "1.10", "1.1"):
        index.add(version)
    index.add("2.0", "en_zh")
    index.add("2.0", type="sbd")
    source = open_source("argos:zh-en")
    assert source.about.provenance == "converted from Argos's zh-en, version 1.10"
    assert index.site.paths()[-1] == "/v1/translate-zh_en-1_10.argosmodel"
    assert (source.languages.source, source.languages.target) == ("zh", "en")
    assert open_source("argos:zh-en/1.1").about.provenance.endswith("version 1.1")


def test_it_is_said_that_no_hash_is_published(index: Index) -> None:
    index.add("1.9")
    said: list[str] = []
    open_source("argos:zh-en", said.append)
    assert said[0] == f"Argos's zh-en, version 1.9, of {index.site.url}/index"
    assert "translate-zh_en-1_9.argosmodel: no hash is published for it" in said[1]


def test_links_are_tried_in_turn(index: Index) -> None:
    entry = index.add("1.9")
    entry["links"] = ["ipfs://Qm", f"{index.site.url}/v1/gone.argosmodel", *entry["links"]]
    index.publish()
    said: list[str] = []
    open_source("argos:zh-en", said.append)
    assert any("gone.argosmodel answers 404 Not Found" in line for line in said)


@pytest.mark.parametrize(
    "spec,message",
    [
        ("argos:zh-en/2.0", "no such package; there are: 1.9, 1.8"),
        ("argos:xx-en", "no such package; there are: none of these languages"),
        ("argos:zh_en", "names no package of Argos: write argos:zh-en"),
    ],
)
def test_what_is_not_published_is_refused_with_what_is(
    index: Index, spec: str, message: str
) -> None:
    index.add("1.9")
    index.add("1.8")
    index.add("2.0", links=["ipfs://Qm"])
    with pytest.raises(UserError, match=message):
        open_source(spec)


@pytest.mark.parametrize("answer", [{}, [1], [{"from_code": "zh"}]])
def test_an_index_of_another_form_is_refused(index: Index, answer: Any) -> None:
    index.site.add_json("/index/index.json", answer)
    with pytest.raises(UserError, match="is it the index of Argos Translate"):
        open_source("argos:zh-en")


def test_a_package_that_came_damaged_is_not_kept(index: Index, cached: Path) -> None:
    index.add("1.9")
    path = "/v1/translate-zh_en-1_9.argosmodel"
    index.site.files[path] = index.content[: len(index.content) // 2]
    with pytest.raises(UserError, match=r"1_9\.argosmodel"):
        open_source("argos:zh-en")
    assert [found for found in cached.rglob("*") if found.is_file()] == []
    index.site.files[path] = index.content
    assert open_source("argos:zh-en").network.hidden_size
