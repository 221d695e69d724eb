"""The API on two ingress replicas with one state, and two models behind it: every request comes on
a connection of its own, and the door deals these out in turn.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.support.service import ROOT, Service, wait_for
from pipeline.config import DEFAULT_MODEL
from pipeline.translator import Translator
from quantize.bundles.build import build
from quantize.int8.recipes import load_recipe
from tests.deployments.store.servers import Redis, postgres
from tests.reference import FOLDER

pytestmark = pytest.mark.cluster

SENTENCE = "我们今天去北京。"
TOY = "tiny_abs_shared"
CSANMT = "import sys; from deployments.command import main; sys.exit(main())"
PARAGRAPHS = [f"我们今年卖出了{number}个苹果，比去年多。" for number in range(300)]


@dataclass
class Shared:
    """A service that asks for keys, and its commands."""

    service: Service
    toy: Path
    exact: bool  # whether requests are counted by one Redis
    environment: dict[str, str] = field(default_factory=dict)

    def keys(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", CSANMT, "keys", *arguments],
            cwd=self.service.folder,
            env={
                **os.environ,
                **self.environment,
                "PYTHONPATH": str(ROOT),
                "XDG_STATE_HOME": str(self.service.folder),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def ask(self, method: str, path: str, key: str, **options: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {key}", **options.pop("headers", {})}
        url = f"{self.service.url}{path}"
        return httpx.request(method, url, headers=headers, timeout=60, **options)

    def translate(self, key: str, **fields: Any) -> dict[str, Any]:
        found = self.ask("POST", "/v1/translate", key, json={"text": SENTENCE, **fields})
        assert found.status_code == 200, found.text
        (translation,) = found.json()["translations"]
        return dict(translation)


@pytest.fixture(
    scope="module",
    params=["sqlite", pytest.param("postgresql and redis", marks=pytest.mark.databases)],
)
def shared(request: pytest.FixtureRequest, new_service: Callable[..., Service]) -> Iterator[Shared]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        toy = build(FOLDER / TOY, load_recipe("fp32"), folder / TOY)
        environment = {}
        if request.param != "sqlite":
            environment["CSANMT__STORE__URL"] = stack.enter_context(postgres()).new_database()
            redis = Redis(folder)
            redis.start()
            stack.callback(redis.stop)
            environment["CSANMT__STORE__LIMITS_URL"] = redis.url
        service = new_service(
            environment=environment,
            models=[str(ROOT / DEFAULT_MODEL), str(toy.path)],
            http={"keys": "required"},
        )
        yield Shared(service.start(), toy.path, request.param != "sqlite", environment)
        assert service.stop() == 0


@pytest.fixture
def key(shared: Shared, request: pytest.FixtureRequest) -> str:
    """One without limits, of the test's own."""
    return shared.keys("add", request.node.name)


def test_each_model_answers_as_it_does_alone(shared: Shared, key: str) -> None:
    served = shared.ask("GET", "/v1/models", key).json()["models"]
    assert [(model["name"], model["default"]) for model in served] == [
        ("csanmt-zh-en-tiny", True),
        (TOY, False),
    ]
    with Translator.load(shared.toy) as toy, Translator.load(DEFAULT_MODEL) as usual:
        expected = {None: usual.translate(SENTENCE).text, TOY: toy.translate(SENTENCE).text}
    for model, text in expected.items():
        fields = {"model": model} if model else {"source": "zh", "target": "en"}
        found = shared.translate(key, **fields)
        assert (found["text"], found["model"]) == (text, model or "csanmt-zh-en-tiny")


def test_a_glossary_is_there_for_every_replica_at_once(shared: Shared, key: str) -> None:
    body = {"name": "cities", "entries": {"北京": "Peking"}}
    made = shared.ask("POST", "/v1/glossaries", key, json=body).json()
    place = f"/v1/glossaries/{made['id']}"
    for number in range(4):
        found = shared.translate(key, glossary_id=made["id"])
        assert "Peking" in found["text"] and found["applied_terms"], number
    body["entries"] = {"北京": "Beiping"}
    assert shared.ask("PUT", place, key, json=body).status_code == 200
    for number in range(4):
        assert "Beiping" in shared.translate(key, glossary_id=made["id"])["text"], number
    other = shared.keys("add", f"other {made['id']}")
    assert shared.ask("GET", place, other).status_code == 404
    assert shared.ask("DELETE", place, key).status_code == 204
    for _ in range(4):
        assert shared.ask("GET", place, key).status_code == 404


def test_a_key_that_is_revoked_is_refused_by_every_replica(
    shared: Shared, key: str, request: pytest.FixtureRequest
) -> None:
    assert shared.translate(key)["text"]
    shared.keys("revoke", request.node.name)
    time.sleep(4)  # a replica believes what it knows for three seconds
    answers = {shared.ask("GET", "/v1/glossaries", key).status_code for _ in range(6)}
    assert answers == {401}


def test_requests_a_minute_are_counted_over_both_replicas(shared: Shared) -> None:
    key = shared.keys("add", "hasty", "--requests-per-minute", "10")
    body = {"text": SENTENCE}
    answers = [shared.ask("POST", "/v1/translate", key, json=body) for _ in range(16)]
    counted = Counter(answer.status_code for answer in answers)
    assert set(counted) == {200, 429}
    # Without Redis each replica allows its share, and the door need not deal out evenly.
    assert counted[200] == 10 if shared.exact else 5 <= counted[200] <= 10
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "rate_limited"
    assert 0 < int(refused.headers["retry-after"]) <= 60


def test_characters_a_month_are_counted_over_both_replicas(shared: Shared) -> None:
    key = shared.keys("add", "frugal", "--characters-per-month", str(3 * len(SENTENCE)))
    for _ in range(3):
        assert shared.translate(key)["text"]
    time.sleep(4)  # replicas tell each other every two seconds
    answers = [shared.ask("POST", "/v1/translate", key, json={"text": SENTENCE}) for _ in range(4)]
    assert {answer.status_code for answer in answers} == {429}
    assert {answer.json()["code"] for answer in answers} == {"quota_used"}
    assert int(answers[0].headers["retry-after"]) > 60
    row = next(row for row in shared.keys("list").splitlines() if row.startswith("frugal"))
    assert row.split()[-2:] == [str(3 * len(SENTENCE)), "3"]


def test_a_document_and_a_glossary_outlive_a_replica(shared: Shared, key: str) -> None:
    body = {"name": "fruit", "entries": {"苹果": "pome"}}
    glossary = shared.ask("POST", "/v1/glossaries", key, json=body).json()["id"]
    sent = shared.ask(
        "POST",
        "/v1/documents",
        key,
        files={"file": ("苹果.txt", "\n\n".join(PARAGRAPHS).encode())},
        data={"glossary_id": glossary},
    )
    assert sent.status_code == 202, sent.text
    ticket = sent.json()
    place, headers = f"/v1/documents/{ticket['id']}", {"x-document-key": ticket["key"]}

    def state() -> dict[str, Any]:
        found: dict[str, Any] = shared.ask("GET", place, key, headers=headers).json()
        return found

    wait_for(lambda: state().get("done", 0) > 0, 60)
    first, *_ = shared.service.replicas("ingress")
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: state().get("state") == "done", 100)
    text = shared.ask("GET", f"{place}/result", key, headers=headers).text
    assert len(text.split("\n\n")) == len(PARAGRAPHS) and "pome" in text
    assert shared.ask("GET", f"/v1/glossaries/{glossary}", key).status_code == 200
