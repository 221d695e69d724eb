"""/livez and /readyz, and what the answers come from, in this process."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient

from deployments.config import ReadinessSettings, load
from deployments.gateway.application import make_app
from deployments.gateway.health import Readiness
from deployments.gateway.traffic import Traffic
from deployments.service import TranslationService


class Deployment:
    """Answers pings while it `lives`."""

    def __init__(self, lives: bool = True) -> None:
        self.lives, self.pings = lives, 0

    def ping(self) -> asyncio.Task[None]:
        self.pings += 1
        return asyncio.get_running_loop().create_task(self.answer())

    async def answer(self) -> None:
        if not self.lives:
            raise RuntimeError("gone")


def readiness(*deployments: Deployment, refresh_s: float = 0.01, stale_s: float = 5) -> Readiness:
    pings = {str(number): deployment.ping for number, deployment in enumerate(deployments)}
    return Readiness(pings, ReadinessSettings(refresh_s=refresh_s, stale_s=stale_s))


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


@pytest.mark.anyio
async def test_is_ready_once_every_deployment_answered() -> None:
    ready, starting = Deployment(), Deployment(lives=False)
    known = readiness(ready, starting)
    assert not known.ready()
    watch = asyncio.create_task(known.watch())
    await until(lambda: ready.pings > 2)
    assert not known.ready()
    starting.lives = True
    await until(known.ready)
    watch.cancel()


@pytest.mark.anyio
async def test_a_deployment_counts_as_lost_only_after_a_while_without_an_answer() -> None:
    deployment = Deployment()
    known = readiness(deployment, stale_s=0.2)
    watch = asyncio.create_task(known.watch())
    await until(known.ready)
    deployment.lives = False
    last = known.answered["0"]
    await until(lambda: not known.ready())
    assert time.monotonic() - last >= 0.2
    deployment.lives = True
    await until(known.ready)
    watch.cancel()


@pytest.mark.anyio
async def test_a_ping_without_an_answer_is_given_up_cancelled_and_logged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("ray.serve"), "propagate", True)
    calls: list[asyncio.Future[None]] = []

    def ping() -> asyncio.Future[None]:
        calls.append(asyncio.get_running_loop().create_future())
        return calls[-1]

    known = Readiness({"translate-x": ping}, ReadinessSettings(refresh_s=0.01, stale_s=0.01))
    watch = asyncio.create_task(known.watch())
    await until(lambda: len(calls) == 2)
    assert calls[0].cancelled() and not known.ready()
    assert "translate-x does not answer: TimeoutError" in caplog.text
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)
    assert calls[-1].cancelled()


@pytest.fixture
def traffic() -> Traffic:
    return Traffic()


@pytest.fixture
def api(translation_service: TranslationService, traffic: Traffic) -> Iterator[TestClient]:
    app = make_app(translation_service, readiness(Deployment()), traffic, load({}))
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def test_is_alive_and_ready(api: TestClient) -> None:
    alive = api.get("/livez")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    while (ready := api.get("/readyz")).status_code == 503:
        assert ready.json() == {"error": "The service is starting"}
        assert ready.headers["retry-after"] == "1"
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


def test_is_alive_and_not_ready_while_it_stops(api: TestClient, traffic: Traffic) -> None:
    traffic.draining = True
    assert api.get("/livez").status_code == 200
    ready = api.get("/readyz")
    assert (ready.status_code, ready.json()) == (503, {"error": "The service is stopping"})
    assert ready.headers["retry-after"] == "5"


def test_both_answer_head_requests(api: TestClient) -> None:
    assert api.head("/livez").status_code == 200
    assert api.head("/readyz").status_code in (200, 503)
    wrong = api.post("/livez")
    assert wrong.status_code == 405 and set(wrong.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_half_sent_bodies_leave_both_as_they_are(api: TestClient, traffic: Traffic) -> None:
    while api.get("/readyz").status_code == 503:
        pass
    traffic.bodies, traffic.buffered = 512, 64_000_000
    assert api.post("/translate", json={"text": "好"}).status_code == 503
    assert api.get("/livez").status_code == 200 and api.get("/readyz").status_code == 200


def test_openapi_describes_both(api: TestClient) -> None:
    paths = api.get("/openapi.json").json()["paths"]
    assert list(paths["/livez"]) == ["get"] and list(paths["/readyz"]) == ["get"]
