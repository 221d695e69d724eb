from __future__ import annotations

from types import SimpleNamespace

import pytest

from deployments.stages.scaling import METRIC, TokensPolicy


@pytest.mark.parametrize(
    ("tokens", "wanted"),
    [
        ({}, 1),
        ({"a": 0}, 1),
        ({"a": 512}, 1),
        ({"a": 513}, 513 / 512),
        ({"a": 500, "b": 780}, 2.5),
        ({"a": 1e6}, 4),
    ],
)
def test_wants_a_replica_for_each_target_of_tokens_within_bounds(
    tokens: dict[str, float], wanted: float
) -> None:
    context = SimpleNamespace(
        aggregated_metrics={METRIC: tokens} if tokens else {},
        capacity_adjusted_min_replicas=1,
        capacity_adjusted_max_replicas=4,
    )
    assert TokensPolicy(512)(context) == (wanted, {})
