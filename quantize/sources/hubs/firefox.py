"""Firefox's models by id: `firefox:zh-en`, or `firefox:zh-en/base-memory`.

Mozilla publishes them in Remote Settings: records, each of a file with its hash, and attachments.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from packaging.version import InvalidVersion, Version
from pydantic import AfterValidator, Field, ValidationError

from pipeline.errors import UserError
from quantize.progress import Report, Show
from quantize.sources.base import About, Section, Source
from quantize.sources.firefox import open_firefox
from quantize.sources.hubs.files import Remote, cache, fetch
from quantize.sources.hubs.web import read_json, shown

ID = re.compile(r"firefox:([a-z]{2,3}(?:-[a-z]{4})?)-([a-z]{2,3}(?:-[a-z]{4})?)((?:/[^/]+)*)", re.I)
FORM = "firefox:zh-en, or with a name or version, firefox:zh-en/base-memory"
SERVER = "https://firefox.settings.services.mozilla.com/v1"
RECORDS = "buckets/main/collections/translations-models-v2/records"
LICENCE = "MPL-2.0"
CODES = {"zh": "zh-hans"}  # Mozilla's for what is often written shorter
MODEL, SHARED, SEPARATE = "model", "vocab", ("srcvocab", "trgvocab")  # kinds of files
RELEASED = {"": 1, "env.appinfo.OS != 'Android'": 2}  # for the browser on a computer, best last
SIZES = ("tiny", "base-memory", "base")  # best last


def _version(value: str) -> str:
    try:
        Version(value)
    except InvalidVersion:
        raise ValueError(f"{value} is no version") from None
    return value


Name = Annotated[str, Field(pattern=r"^\w[\w.-]*$")]  # a file's or folder's, and no path


class Attachment(Section):
    """Where a record's file is."""

    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(gt=0)]
    filename: Name
    location: str


class Record(Section):
    """One file of one model."""

    source: Name = Field(alias="sourceLanguage")
    target: Name = Field(alias="targetLanguage")
    architecture: Name
    version: Annotated[Name, AfterValidator(_version)]
    kind: str = Field(alias="fileType")
    audience: str = Field("", alias="filter_expression")
    attachment: Attachment

    @property
    def release(self) -> tuple[str, str, str, str, str]:
        """What the files of one model have in common."""
        return self.source, self.target, self.architecture, self.version, self.audience


@dataclass(frozen=True)
class Release:
    """The files of one version of a model by their kinds."""

    source: str
    target: str
    architecture: str
    version: str
    audience: str
    files: Mapping[str, Attachment]

    def __str__(self) -> str:
        return f"{self.architecture} {self.version}"

    @property
    def whole(self) -> bool:
        """Whether it has a model and the vocabularies of both languages."""
        return MODEL in self.files and (SHARED in self.files or self.files.keys() >= set(SEPARATE))

    @property
    def rank(self) -> tuple[Version, int, int]:
        """The newest is the highest, of these the one for computers, of these the best."""
        size = SIZES.index(self.architecture) if self.architecture in SIZES else -1
        return Version(self.version), RELEASED.get(self.audience, 0), size


def open_by_id(spec: str, report: Report, show: Show) -> Source:
    """Download what the id names; raises UserError for what is not there or cannot be reached."""
    match = ID.fullmatch(spec)
    if match is None:
        raise UserError(f"{spec} names no model of Firefox: write {FORM}")
    server = os.environ.get("CSANMT_FIREFOX_URL", "").rstrip("/") or SERVER
    pair = tuple(CODES.get(code.lower(), code.lower()) for code in match.group(1, 2))
    release = choose(spec, _releases(f"{server}/{RECORDS}", pair), match[3].split("/")[1:])
    name = f"Firefox's {release.source}-{release.target}, {release}"
    report(f"{name}, of {shown(server)}")
    model = _download(release, _attachments(server), report, show)
    source = open_firefox(model, name)
    return replace(source, about=About(licence=LICENCE, provenance=source.about.provenance))


def choose(spec: str, releases: Iterable[Release], named: list[str]) -> Release:
    """The newest release for computers, or of all that have each of the given names.

    Raises UserError that lists what there is.
    """
    whole = sorted((found for found in releases if found.whole), key=lambda found: found.rank)
    if named:
        fitting = [found for found in whole if {found.architecture, found.version} >= set(named)]
    else:
        fitting = [found for found in whole if found.audience in RELEASED]
    if not fitting:
        names = ", ".join(dict.fromkeys(map(str, reversed(whole)))) or "none of these languages"
        raise UserError(f"{spec}: Mozilla publishes no such model; there are: {names}")
    return fitting[-1]


def _releases(url: str, pair: tuple[str, ...]) -> list[Release]:
    """All versions of a pair of languages that the records tell of."""
    found: dict[tuple[str, str, str, str, str], dict[str, Attachment]] = defaultdict(dict)
    for entry in _entries(url, read_json(url)):
        codes = (entry.get("sourceLanguage"), entry.get("targetLanguage"))
        if tuple(str(code).lower() for code in codes) == pair:
            record = _record(url, entry)
            found[record.release][record.kind] = record.attachment
    return [Release(*release, files) for release, files in found.items()]


def _entries(url: str, answer: Any) -> list[dict[str, Any]]:
    entries = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UserError(f"{shown(url)} has no list of records: is it Remote Settings?")
    return entries


def _record(url: str, entry: dict[str, Any]) -> Record:
    try:
        return Record.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(
            f"{shown(url)}: a record's {where}: {first['msg']}: has its format changed?"
        ) from None


def _attachments(server: str) -> str:
    """Where a server says that attachments are."""
    try:
        base = read_json(f"{server}/")["capabilities"]["attachments"]["base_url"]
        return str(base).rstrip("/")
    except (KeyError, TypeError):
        raise UserError(f"{shown(server)}/ names no attachments: is it Remote Settings?") from None


def _download(release: Release, attachments: str, report: Report, show: Show) -> Path:
    """The model, with its vocabularies beside it."""
    folder = cache() / "firefox" / f"{release.source}-{release.target}"
    folder /= f"{release.architecture}-{release.version}"
    kinds = (SHARED,) if SHARED in release.files else SEPARATE
    paths = {}
    for kind in (*kinds, MODEL):
        file = release.files[kind]
        remote = Remote(f"{attachments}/{file.location}", file.filename, file.hash, file.size)
        paths[kind] = fetch(remote, folder, report, show)
    return paths[MODEL]
