"""`serve deploy` of changed settings while clients send requests."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from benchmarks.support.service import Service, wait_for
from tests.deployments.faults.clients import GAP_S, SENTENCE, asking

pytestmark = [pytest.mark.cluster, pytest.mark.chaos]

CHARACTERS = 50  # the new limit
LONGER = SENTENCE * 4


def dashboard(service: Service) -> str:
    """The address of the dashboard of the service's Ray: 8265, or the next port that is free."""
    log = service.folder / "ray/session_latest/logs/dashboard.log"
    found = re.findall(r"http address: (\S+)", log.read_text(encoding="utf-8"))
    return f"http://{found[-1]}"


def changed(service: Service) -> Path:
    """The service's file with another limit."""
    document = yaml.safe_load(service.config.read_text(encoding="utf-8"))
    document["applications"][0]["args"]["limits"] = {"characters": CHARACTERS}
    path = service.folder / "changed.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def test_an_update_of_the_settings_costs_no_request(new_service: Callable[..., Service]) -> None:
    token = {"RAY_AUTH_TOKEN": secrets.token_hex(32)}
    service = new_service(environment={"CSANMT_DASHBOARD": "1", **token}).start()
    assert service.translate(LONGER).status_code == 200
    before = set(service.replicas(""))
    with asking(service, "settings updated", clients=4) as clients:
        subprocess.run(
            [Path(sys.executable).with_name("serve"), "deploy", changed(service)],
            env={
                **os.environ,
                **token,
                "RAY_AUTH_MODE": "token",
                "RAY_DASHBOARD_ADDRESS": dashboard(service),
            },
            check=True,
            timeout=60,
        )
        wait_for(lambda: not before & set(service.replicas("")), 90)
        clients.go_on()
    assert not clients.failures()
    assert clients.longest() < GAP_S
    refused = service.translate(LONGER)
    assert refused.status_code == 413, refused.text
    assert refused.json()["error"].endswith(f"more than the limit of {CHARACTERS}")
    assert service.stop() == 0, service.output()
