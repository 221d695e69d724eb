"""Models by address: `https://…/opus-2020-07-17.zip`, with `#sha256=…` if the hash is known."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import httpx

from pipeline.errors import UserError
from quantize.progress import Report, Show
from quantize.sources.base import Source
from quantize.sources.hubs.files import Remote, cache, fetch
from quantize.sources.hubs.web import shown

START = re.compile(r"https?://", re.IGNORECASE)
HASH = re.compile(r"sha256=([0-9a-f]{64})", re.IGNORECASE)
NAME = re.compile(r"\w[\w.-]*")


def download(address: str, report: Report, show: Show) -> Path:
    """The file of an address, in this user's cache.

    Raises UserError for an address that names no file, and as `fetch` does.
    """
    where = shown(address)
    plain, _, fragment = address.partition("#")
    published = HASH.fullmatch(fragment)
    if fragment and published is None:
        raise UserError(f"{where}#{fragment}: behind # belongs sha256= and 64 digits: mend it")
    name = unquote(httpx.URL(plain).path).rpartition("/")[2]
    if NAME.fullmatch(name) is None:
        raise UserError(f"{where} names no file: give the address of a zip, or download it")
    folder = cache() / "files" / hashlib.sha256(plain.encode()).hexdigest()[:16]
    return fetch(Remote(plain, name, published and published[1]), folder, report, show)


def has_hash(address: str) -> bool:
    """Whether the address says which hash its file has."""
    return "#" in address


def opened(path: Path, read: Callable[[], Source]) -> Source:
    """What `read` makes of a file that came without a published hash.

    What cannot be read may have come damaged, so that it is not kept.
    """
    try:
        return read()
    except UserError:
        path.unlink(missing_ok=True)
        raise
