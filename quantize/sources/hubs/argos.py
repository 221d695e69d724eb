"""Packages of Argos Translate by id: `argos:zh-en`, or `argos:zh-en/1.9`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version
from pydantic import TypeAdapter, ValidationError

from pipeline.errors import UserError
from quantize.progress import Report, Show
from quantize.sources.argos import open_argos
from quantize.sources.base import Section, Source
from quantize.sources.hubs.address import download, opened
from quantize.sources.hubs.web import read_json, shown

ID = re.compile(r"argos:([a-z]+)-([a-z]+)(?:/([\w.]+))?", re.I)
INDEX = "https://raw.githubusercontent.com/argosopentech/argospm-index/main"
HTTP = ("https://", "http://")  # others lead to IPFS


class Package(Section):
    """What the index says of a package."""

    from_code: str
    to_code: str
    package_version: str
    links: tuple[str, ...] = ()
    type: str = "translate"

    @property
    def rank(self) -> Version:
        """The newest is the highest."""
        try:
            return Version(self.package_version)
        except InvalidVersion:
            return Version("0")


def open_by_id(spec: str, report: Report, show: Show) -> Source:
    """Download what the id names; raises UserError for what is not there or cannot be reached."""
    match = ID.fullmatch(spec)
    if match is None:
        raise UserError(f"{spec} names no package of Argos: write argos:zh-en, or argos:zh-en/1.9")
    # The setting is Argos Translate's own.
    index = os.environ.get("ARGOS_PACKAGE_INDEX", "").rstrip("/") or INDEX
    package = choose(spec, _packages(f"{index}/index.json"), match[1], match[2], match[3])
    name = f"Argos's {package.from_code}-{package.to_code}, version {package.package_version}"
    report(f"{name}, of {shown(index)}")
    path = _download(package, report, show)
    return opened(path, lambda: open_argos(path, name))


def choose(
    spec: str, packages: list[Package], source: str, target: str, version: str | None
) -> Package:
    """The newest package of two languages, or the version named.

    Raises UserError that lists what there is.
    """
    pair = (source.lower(), target.lower())
    found = [
        package
        for package in packages
        if (package.from_code, package.to_code) == pair
        and package.type == "translate"
        and any(link.startswith(HTTP) for link in package.links)
    ]
    wanted = [package for package in found if version in (None, package.package_version)]
    if not wanted:
        versions = ", ".join(package.package_version for package in found)
        raise UserError(
            f"{spec}: Argos publishes no such package; "
            f"there are: {versions or 'none of these languages'}"
        )
    return max(wanted, key=lambda package: package.rank)


def _packages(url: str) -> list[Package]:
    answer: Any = read_json(url)
    try:
        return TypeAdapter(list[Package]).validate_python(answer)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UserError(
            f"{shown(url)}: {where}: {first['msg']}: is it the index of Argos Translate?"
        ) from None


def _download(package: Package, report: Report, show: Show) -> Path:
    """From the first link that has it."""
    links = [link for link in package.links if link.startswith(HTTP)]
    for link in links[:-1]:
        try:
            return download(link, report, show)
        except UserError as error:
            report(f"{error}; trying another link")
    return download(links[-1], report, show)
