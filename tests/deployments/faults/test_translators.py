"""Translators that are killed or hang while clients wait for them."""

from __future__ import annotations

import os
import signal
from functools import partial

import pytest

from benchmarks.support.service import Service, wait_for
from tests.deployments.faults.clients import GAP_S, asking
from tests.deployments.faults.processes import hang, replaced

pytestmark = [pytest.mark.cluster, pytest.mark.chaos]


def test_a_killed_translator_costs_no_request(service: Service) -> None:
    wait_for(lambda: len(service.replicas("translate")) == 1, 60)  # earlier load may have added one
    with asking(service, "the only translator killed") as clients:
        before = service.replicas("translate")
        os.kill(before[0], signal.SIGKILL)
        wait_for(partial(replaced, service, "translate", before), 60)
        clients.go_on()
    assert not clients.failures()
    assert clients.longest() < GAP_S


@pytest.mark.parametrize("deployment", ["preprocess", "postprocess"])
def test_a_killed_replica_of_pre_or_postprocessing_costs_no_request(
    separate: Service, deployment: str
) -> None:
    with asking(separate, f"the only {deployment} killed") as clients:
        before = separate.replicas(deployment)
        os.kill(before[0], signal.SIGKILL)
        wait_for(partial(replaced, separate, deployment, before), 60)
        clients.go_on()
    assert not clients.failures()
    assert clients.longest() < GAP_S


def test_the_only_translator_hangs_and_is_replaced_without_a_failed_request(
    service: Service,
) -> None:
    wait_for(lambda: len(service.replicas("translate")) == 1, 60)
    with asking(service, "the only translator hangs") as clients:
        before = service.replicas("translate")
        seconds = hang(before[0])
        wait_for(partial(replaced, service, "translate", before), 60)
        clients.go_on()
    print(f"killed after {seconds:.1f} s")
    assert not clients.failures()
    # three checks of at most 1 + 1.2 s each, then a new one starts: 10 s on idle cores
    assert clients.longest() < 2 * GAP_S
