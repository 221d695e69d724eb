"""Who calls: the key that a request comes with, where the service asks for one.

A key is in a header, never in an address, which ends up in logs.
"""

from __future__ import annotations

from fastapi import Depends, params
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.requests import Request

from deployments.errors import Unauthorized
from deployments.store.keys import KeyInfo, Keys

SCHEMES = ("bearer", "deepl-auth-key")  # of Authorization; a key alone is taken as well
HEADER = "x-api-key"


class Access:
    """`required`: whether requests that mean work, or the caller's own things, need a key."""

    def __init__(self, keys: Keys, *, required: bool) -> None:
        self._keys, self.required = keys, required

    @property
    def described(self) -> list[params.Depends]:
        """What says in a route's description how a key is sent."""
        if not self.required:
            return []
        header = APIKeyHeader(name="X-API-Key", auto_error=False)
        return [Depends(HTTPBearer(auto_error=False)), Depends(header)]

    async def caller(self, request: Request) -> KeyInfo | None:
        """Whose key the request has, None where none is asked for.

        Raises Unauthorized, or StoreUnavailable.
        """
        if not self.required:
            return None
        key = given(request)
        info = await self._keys.verify(key) if key else None
        if info is None:
            raise Unauthorized
        return info


def given(request: Request) -> str:
    """The key in the headers, "" where there is none.

    Ours goes before Authorization, which may hold what a proxy asked for.
    """
    own = request.headers.get(HEADER, "").strip()
    scheme, _, rest = request.headers.get("authorization", "").strip().partition(" ")
    if own or not rest:
        return own or scheme
    return rest.strip() if scheme.lower() in SCHEMES else ""


def owner_of(caller: KeyInfo | None) -> str | None:
    """Whose the things are that a caller makes: nobody's where no key is asked for."""
    return caller.id if caller else None
