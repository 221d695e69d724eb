"""Health and description of the API through the real service."""

from __future__ import annotations

import httpx


def test_is_alive_and_ready(service_url: str) -> None:
    alive, ready = httpx.get(f"{service_url}/livez"), httpx.get(f"{service_url}/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


def test_openapi_describes_translate_with_its_errors(service_url: str) -> None:
    document = httpx.get(f"{service_url}/openapi.json").json()
    operation = document["paths"]["/translate"]["post"]
    request = operation["requestBody"]["content"]["application/json"]["schema"]
    assert request["required"] == ["text"]
    assert set(request["properties"]) == {"text", "detail", "model"}
    schemas = document["components"]["schemas"]
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    assert schemas[answer.rpartition("/")[2]]["required"] == ["input", "output", "latency_ms"]
    for status in ("400", "408", "413", "500", "503"):
        refused = operation["responses"][status]["content"]["application/json"]["schema"]["$ref"]
        assert schemas[refused.rpartition("/")[2]]["required"] == ["error"]
    assert "422" not in operation["responses"]
    assert {"/livez", "/readyz"} <= set(document["paths"])
