"""One of two translators hangs; both die of a text, one after the other."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.support.service import Service, wait_for
from tests.deployments.faults.clients import ARTICLE, GAP_S, asking
from tests.deployments.faults.processes import hang
from tests.deployments.faults.work import Work, translators_in_use

pytestmark = [pytest.mark.cluster, pytest.mark.chaos]

LONG = (ARTICLE * 10)[:19_500]  # keeps a translator busy for some ten seconds


def test_a_text_of_which_two_translators_die_is_refused_and_its_neighbours_are_answered(
    pair: Service,
) -> None:
    both = translators_in_use(pair, 2)
    with (
        asking(pair, "two translators die of a text", clients=4) as innocent,
        ThreadPoolExecutor(1) as pool,
    ):
        with innocent.silent():
            work = Work(both)
            deadly = pool.submit(pair.translate, LONG)
            wait_for(work.is_found, 30)
        innocent.go_on()
        os.kill(work.busy, signal.SIGKILL)
        # Those that died with it are suspects: all are asked again alone, and cleared.
        innocent.go_on()
        # It is with the other translator now. None of the innocent may have to die with that one:
        # a second time would be taken for their own fault.
        (last,) = set(both) - {work.busy}
        with innocent.silent():
            again = Work([last])
            wait_for(again.is_found, 30)
            assert not deadly.done()
            os.kill(last, signal.SIGKILL)
        answer = deadly.result()
        innocent.go_on()
    assert answer.status_code == 422, answer.text
    assert answer.json() == {"error": "The service failed twice at this text"}
    assert "retry-after" not in answer.headers
    assert not innocent.failures()


def test_one_of_two_translators_hangs_and_the_other_goes_on(pair: Service) -> None:
    before = translators_in_use(pair, 2)
    with asking(pair, "one of two translators hangs") as clients:
        hang(before[0])
        clients.go_on()
    assert not clients.failures()
    assert clients.longest() < GAP_S
    wait_for(lambda: len(set(pair.replicas("translate")) - {before[0]}) == 2, 60)
    assert before[1] in pair.replicas("translate")
