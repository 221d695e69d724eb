"""Names that the service answers to, without Ray."""

from __future__ import annotations

import pytest

from deployments.gateway.traffic import Traffic
from tests.deployments.gateway.middleware.applications import (
    Connection,
    app_of,
    client_of,
    echo,
    limits,
)

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "host",
    ["test", "TEST", "test.", "test:8000", "a.example.org", "a.b.example.org:1", "[::1]:80", None],
)
async def test_answers_to_its_names(host: str | None) -> None:
    headers = [] if host is None else [(b"host", host.encode())]
    connection = Connection(app_of(echo, limits(), Traffic()), *headers)
    connection.body(b"")
    assert await connection.status() == 200


OTHERS = ["evil.test", "test.evil", "testevil", "example.org", "127.0.0.1", "", "[::2]", "te st"]


@pytest.mark.parametrize("host", [*OTHERS, "é", ":"])
@pytest.mark.parametrize(("path", "status"), [("/", 400), ("/translate", 400), ("/readyz", 200)])
async def test_refuses_other_names_but_of_probes(host: str, path: str, status: int) -> None:
    async with client_of(app_of(echo, limits(), Traffic())) as client:
        answer = await client.get(path, headers=[(b"host", host.encode())])
    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "unknown_host"
