"""A translator that grows beyond health.max_rss_mb."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from benchmarks.support.service import Service, wait_for
from tests.deployments.faults.clients import ARTICLE

pytestmark = [pytest.mark.cluster, pytest.mark.chaos, pytest.mark.chaos_long]

# A translator that has just started has 225 to 260 MB. With eight hypotheses a sentence it grows to
# 270 for one paragraph of 500 characters, and within a second to 530 for several at once.
PARAGRAPH = ARTICLE[:500]
TOGETHER = 12
HUNGRY = {
    "health": {"max_rss_mb": 400},
    "decoding": {"beam_size": 8},
    "limits": {"call_tokens": 4000, "queue_wait_s": 60, "request_s": 50},
    "translate": {"max_batch_tokens": 65_536, "max_replicas": 1},
}


def resident_mb(service: Service) -> float:
    (pid,) = service.replicas("translate")
    return float(psutil.Process(pid).memory_info().rss / 1e6)


def test_a_translator_that_grows_too_large_is_replaced_and_no_request_fails(
    new_service: Callable[..., Service],
) -> None:
    service = new_service(**HUNGRY).start()
    before = service.replicas("translate")
    fresh = resident_mb(service)
    with ThreadPoolExecutor(TOGETHER) as pool:
        answers = list(pool.map(service.translate, [PARAGRAPH] * TOGETHER))
    # Those that it had when it was killed were asked again alone, and did no harm.
    assert [answer.status_code for answer in answers] == [200] * TOGETHER
    wait_for(lambda: len(now := service.replicas("translate")) == 1 and now != before, 60)
    assert service.translate("你好").status_code == 200
    after = service.replicas("translate")
    time.sleep(5)  # more than three checks
    assert service.replicas("translate") == after
    print(f"{fresh:.0f} MB at first, {resident_mb(service):.0f} MB after it was replaced")
    assert service.stop() == 0, service.output()
