"""Talking to the web: proxies, redirects, and what to say in one line if it fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from pipeline.errors import UserError

TIMEOUT = httpx.Timeout(60, connect=15)  # seconds of silence
LARGEST_INDEX = 32 << 20  # bytes
AGAIN = "try again later"


def shown(url: str) -> str:
    """An address without what may be secret in it: a name, a password, a query."""
    try:
        parts = httpx.URL(url)
        return str(parts.copy_with(username="", password="", query=None, fragment=None))
    except httpx.InvalidURL:
        raise UserError(f"{url.partition('?')[0]} is no address: check it") from None


def read_json(url: str) -> Any:
    """What an address answers; raises UserError if it cannot be reached or is no JSON."""
    content = bytearray()
    with told(url), client() as web, web.stream("GET", url) as response:
        check_status(url, response)
        for block in response.iter_bytes():
            content += block
            if len(content) > LARGEST_INDEX:
                raise UserError(f"{shown(url)} has more than {LARGEST_INDEX} bytes: check it")
    try:
        return json.loads(content)
    except ValueError:
        raise UserError(f"{shown(url)} answers no JSON: check the address, or {AGAIN}") from None


def client() -> httpx.Client:
    """It obeys HTTP_PROXY, HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE."""
    try:
        return httpx.Client(
            follow_redirects=True,
            timeout=TIMEOUT,
            event_hooks={"response": [_refuse_downgrade]},
        )
    except ImportError:
        raise UserError("a SOCKS proxy needs socksio: pip install 'httpx[socks]'") from None
    except (ValueError, httpx.InvalidURL) as error:
        raise UserError(f"the proxy that the environment names: {error}: mend it") from None


def _refuse_downgrade(response: httpx.Response) -> None:
    if response.has_redirect_location and response.url.scheme == "https":
        target = response.url.join(response.headers["Location"])
        if target.scheme != "https":
            raise UserError(
                f"{shown(str(response.url))} redirects to {target.scheme}, where anybody could "
                "change what comes: name an address that keeps to https"
            )


def check_status(url: str, response: httpx.Response) -> None:
    """Raises UserError for an answer that is not what was asked for."""
    if response.status_code in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
        return
    status = f"{response.status_code} {response.reason_phrase}".strip()
    busy = response.status_code >= 500 or response.status_code == httpx.codes.TOO_MANY_REQUESTS
    remedy = AGAIN if busy else "check the name, or the mirror"
    raise UserError(f"{shown(url)} answers {status}: {remedy}")


@contextmanager
def told(url: str, part: Path | None = None) -> Iterator[None]:
    """Turns what goes wrong with an address, or with the `part` that is kept of it, into a
    UserError.
    """
    try:
        yield
    except httpx.TooManyRedirects:
        raise UserError(f"{shown(url)} redirects without an end: check the address") from None
    except httpx.UnsupportedProtocol:
        raise UserError(f"{shown(url)} leads to no http address: check it") from None
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
        raise UserError(
            f"{shown(url)} cannot be reached ({error}): connect to the network, set HTTPS_PROXY, "
            "or name a folder that has the model"
        ) from None
    except httpx.HTTPError as error:
        kept = part.stat().st_size if part is not None and part.is_file() else 0
        remedy = "run the command again, it goes on from there" if kept else AGAIN
        raise UserError(f"{shown(url)} broke off after {kept} bytes ({error}): {remedy}") from None
    except OSError as error:
        raise UserError(
            f"{part or shown(url)}: {error.strerror or error}: check the folder and its room"
        ) from None
