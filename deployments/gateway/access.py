"""Who calls: the key that a request comes with, where the service asks for one.

A key is in a header, never in an address, which ends up in logs.
"""

from __future__ import annotations

from starlette.requests import Request

from deployments.errors import Unauthorized
from deployments.store.keys import KeyInfo, Keys

SCHEMES = ("bearer", "deepl-auth-key")  # of Authorization; a key alone is taken as well
HEADER = "x-api-key"


class Access:
    """`required`: whether requests that mean work, or the caller's own things, need a key."""

    def __init__(self, keys: Keys, *, required: bool) -> None:
        self._keys, self.required = keys, required

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
    """The key in the headers, "" where there is none."""
    scheme, _, rest = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() in SCHEMES:
        return rest.strip()
    return scheme or request.headers.get(HEADER, "").strip()


def owner_of(caller: KeyInfo | None) -> str | None:
    """Whose the things are that a caller makes: nobody's where no key is asked for."""
    return caller.id if caller else None
