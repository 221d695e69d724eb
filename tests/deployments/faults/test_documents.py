"""A document that is translated in the background, while the replicas that could do it die."""

from __future__ import annotations

import os
import signal
from typing import Any

import httpx
import pytest

from benchmarks.support.service import Service, wait_for

pytestmark = [pytest.mark.cluster, pytest.mark.chaos]

PARAGRAPHS = [f"我们今年卖出了{number}个苹果，比去年多。" for number in range(2000)]


@pytest.mark.timeout(240)
def test_a_document_outlives_the_replica_that_works_on_it(service: Service) -> None:
    documents = f"{service.url}/v1/documents"
    file = ("苹果.txt", "\n\n".join(PARAGRAPHS).encode())
    sent = httpx.post(documents, files={"file": file}, timeout=60)
    assert sent.status_code == 202, sent.text
    ticket = sent.json()
    one, headers = f"{documents}/{ticket['id']}", {"x-document-key": ticket["key"]}

    def status() -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(one, headers=headers, timeout=20).json()
        return found

    wait_for(lambda: status().get("done", 0) > 0, 60)
    for replica in service.replicas("ingress"):  # one of them has it
        before = set(service.replicas("ingress"))
        os.kill(replica, signal.SIGKILL)
        wait_for(lambda before=before: len(set(service.replicas("ingress")) - before) > 0, 60)  # type: ignore[misc]
        assert service.translate("你好。").status_code == 200
    assert status()["state"] == "running"
    wait_for(lambda: status().get("state") == "done", 100)
    result = httpx.get(f"{one}/result", headers=headers, timeout=20)
    assert result.headers["content-disposition"].endswith(".en.txt")
    paragraphs = result.text.split("\n\n")
    assert len(paragraphs) == len(PARAGRAPHS)
    assert all(text and text.isascii() for text in paragraphs)
