"""Files from the web: resumed where they broke off, checked against what is published of them."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx

from pipeline.bundle import sha256
from pipeline.errors import UserError
from quantize.progress import Report, Show
from quantize.sources.hubs.web import AGAIN, check_status, client, shown, told

TRIES = 5  # of a file that breaks off, each going on from the one before
PAUSE = 1.0  # seconds between them
LARGEST = 16 << 30  # bytes of a file whose size is not published
MB = 1_000_000
BROKEN = (httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError)


@dataclass(frozen=True)
class Remote:
    """A file on the web, and what is published of it."""

    url: str
    name: str  # that it gets here
    sha256: str | None = None
    size: int | None = None

    def __str__(self) -> str:
        return shown(self.url)

    def fault(self, path: Path) -> str | None:
        """What sets a file apart from the one that was published."""
        size = path.stat().st_size
        if self.size is not None and size != self.size:
            return f"has {size} bytes, but {self.size} were published"
        if self.sha256 is not None and (found := sha256(path)) != self.sha256.lower():
            return f"has the sha256 {found}, but {self.sha256.lower()} was published"
        return None


def cache() -> Path:
    """This user's own folder for what can be downloaded again, as the XDG base directories say."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    if Path(given).is_absolute():
        return Path(given) / "csanmt"
    try:
        return Path.home() / ".cache" / "csanmt"
    except RuntimeError:
        raise UserError("this user has no home folder: set XDG_CACHE_HOME") from None


def fetch(remote: Remote, folder: Path, report: Report, show: Show) -> Path:
    """The file in `folder`, downloaded unless it is there.

    It appears whole or not at all: `.part` keeps what came until then. Raises UserError for what
    cannot be reached, breaks off, or is another file than the one that was published.
    """
    path, part = folder / remote.name, folder / f"{remote.name}.part"
    with told(remote.url, part):
        if path.is_file() and remote.fault(path) is None:
            return path
        with _alone(part, remote) as file:
            _download(remote, file, show)
            file.flush()
            _tag(part).unlink(missing_ok=True)
            if fault := remote.fault(part):
                part.unlink()
                raise UserError(f"{remote} {fault}: {AGAIN}, or take another mirror")
            part.replace(path)
        if remote.sha256 is None:
            report(f"{remote}: no hash is published for it; its sha256 is {sha256(path)}")
    return path


def _download(remote: Remote, file: BinaryIO, show: Show) -> None:
    """Fill the `.part`, in as many requests as it takes and `TRIES` allows."""
    with client() as web:
        for left in reversed(range(TRIES)):
            try:
                if _request(web, remote, file, show):
                    return
            except BROKEN:
                if not left:
                    raise
            time.sleep(PAUSE)
    raise UserError(f"{remote}: the server does not give all of it: {AGAIN}")


def _request(web: httpx.Client, remote: Remote, file: BinaryIO, show: Show) -> bool:
    """Go on with the file; returns whether it is whole, as far as can be said."""
    held, tag = file.seek(0, os.SEEK_END), _tag(Path(file.name))
    if held and held == remote.size:
        return True
    same = tag.read_text(encoding="utf-8") if tag.is_file() else ""
    headers = {"Accept-Encoding": "identity"}
    if held and (same or remote.sha256):
        headers |= {"Range": f"bytes={held}-"} | ({"If-Range": same} if same else {})
    with web.stream("GET", remote.url, headers=headers) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            file.truncate(0)
            return False
        check_status(remote.url, response)
        if response.status_code == httpx.codes.OK:
            file.truncate(0)
            held = 0
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {held}-"):
            raise UserError(f"{remote} gives another part than was asked for: {AGAIN}")
        tag.write_text(_validator(response), encoding="utf-8")
        total = remote.size or held + int(response.headers.get("Content-Length", 0))
        for block in response.iter_raw():
            held += file.write(block)
            if held > (remote.size or LARGEST):
                file.truncate(0)
                raise UserError(f"{remote} gives more bytes than were published: {AGAIN}")
            show(f"{remote.name}, MB", -(-held // MB), -(-max(held, total) // MB))
    return remote.size is None or held == remote.size


def _tag(part: Path) -> Path:
    """Beside a `.part`: by what its server knows whether the file is still the same."""
    return part.with_name(f"{part.name}.tag")


def _validator(response: httpx.Response) -> str:
    tag: str = response.headers.get("ETag", "")
    return "" if tag.startswith("W/") else tag or response.headers.get("Last-Modified", "")


@contextmanager
def _alone(part: Path, remote: Remote) -> Iterator[BinaryIO]:
    """The `.part`, open to be written behind what it has, by one process at a time."""
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"{remote} is being downloaded by another process: wait") from None
        yield file
