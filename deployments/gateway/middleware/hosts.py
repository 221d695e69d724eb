"""Answers only to its own names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from deployments.errors import UnknownHost

PROBES = frozenset({"/livez", "/readyz"})  # which name a host by its address
NAME = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+?)\.?(:[0-9]*)?")


class Hosts:
    """Refuses requests whose Host is none of `names`; "*" takes any, "*.a.b" those below a.b.

    Somebody else's name may lead a visitor's browser to a service on his own machine, whose answers
    that somebody's page could then read (DNS rebinding). Browsers always say which name it was.
    """

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        self.app, self.names = app, frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and "*" not in self.names:
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            host = Headers(scope=scope).get("host")
            if path not in PROBES and host is not None and not self.known(host):
                raise UnknownHost
        await self.app(scope, receive, send)

    def known(self, host: str) -> bool:
        """Whether a Host header, with or without a port, has one of the names."""
        match = NAME.fullmatch(host.strip().lower())
        if match is None:
            return False
        name = match[1]
        above = name.split(".")[1:]
        wildcards = (".".join(["*", *above[start:]]) for start in range(len(above)))
        return name in self.names or any(wildcard in self.names for wildcard in wildcards)
