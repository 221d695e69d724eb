"""What a dialect is."""

from __future__ import annotations

from typing import Protocol

from fastapi import FastAPI
from starlette.responses import Response

from deployments.errors import ServiceError


class Dialect(Protocol):
    """The requests that one kind of client sends, and the answers that it understands."""

    prefix: str  # of the paths at which it renders errors

    def add_routes(self, app: FastAPI) -> None:
        """Routes that raise ServiceError where they have no answer."""
        ...

    def render(self, error: ServiceError, request_id: str) -> Response:
        """The body that says what is wrong; its headers are added by who asks for it."""
        ...
