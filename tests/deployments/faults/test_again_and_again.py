"""Processes that are killed again and again under load, in the order of the walk: what a client may
notice.
"""

from __future__ import annotations

import os
import signal
import time
from functools import partial

import httpx
import pytest

from benchmarks.support.processes import command, descendants
from benchmarks.support.service import Service, sending, wait_for

pytestmark = [pytest.mark.cluster, pytest.mark.chaos, pytest.mark.chaos_long]

SENTENCE = "中国的科技创新能力正在快速提升。"


@pytest.mark.parametrize(
    ("name", "deployment"),
    [("service", "translate"), ("separate", "preprocess"), ("separate", "postprocess")],
)
def test_killing_replicas_every_fifteen_seconds_costs_no_request(
    request: pytest.FixtureRequest, name: str, deployment: str
) -> None:
    service: Service = request.getfixturevalue(name)
    with sending(service, SENTENCE, clients=8, pause=0.2) as statuses:
        for _ in range(8):
            before = service.replicas(deployment)
            os.kill(before[0], signal.SIGKILL)
            wait_for(partial(replaced, service, deployment, before), 60)
            time.sleep(15)
    assert set(statuses) == {200}


def replaced(service: Service, deployment: str, before: list[int]) -> bool:
    return bool(set(service.replicas(deployment)) - set(before))


def test_killing_an_ingress_replica_costs_only_what_it_held(service: Service) -> None:
    before = service.replicas("ingress")
    with sending(service, SENTENCE, clients=4, pause=0.1) as statuses:
        wait_for(lambda: len(statuses) > 20, 30)
        os.kill(before[0], signal.SIGKILL)
        wait_for(
            lambda: (
                len(service.replicas("ingress")) == 2
                and before[0] not in service.replicas("ingress")
            ),
            60,
        )
        time.sleep(5)
        after = len(statuses)
        time.sleep(5)
    assert len([status for status in statuses if status != 200]) <= 4
    assert set(statuses[after:]) == {200}


@pytest.mark.parametrize("name", ["ray::FrontDoor", "ray::ServeController"])
def test_the_manager_of_the_front_door_and_the_controller_are_replaced(
    service: Service, name: str
) -> None:
    assert service.process is not None
    killed = [pid for pid in descendants(service.process.pid) if command(pid).startswith(name)]
    assert len(killed) == 1
    os.kill(killed[0], signal.SIGKILL)
    time.sleep(0.5)
    wait_for(lambda: answers(service), 30)
    with sending(service, SENTENCE, clients=2, pause=0.1) as statuses:
        time.sleep(10)
    assert set(statuses) == {200}


def answers(service: Service) -> bool:
    try:
        return service.translate(SENTENCE).status_code == 200
    except httpx.HTTPError:
        return False
