"""How many translator replicas there should be, from the work they have rather than from their
calls.

Ray pickles this module by value into its controller, so it imports nothing of ours.
"""

from __future__ import annotations

from typing import Any

METRIC = "tokens"  # source tokens waiting or under way in a replica


class TokensPolicy:
    """Wants one replica for each `target` tokens, averaged over the look-back period."""

    def __init__(self, target: float) -> None:
        self.target = target

    def __call__(self, context: Any) -> tuple[float, dict[str, Any]]:
        tokens: dict[Any, float] = context.aggregated_metrics.get(METRIC, {})
        desired = sum(tokens.values()) / self.target
        low, high = context.capacity_adjusted_min_replicas, context.capacity_adjusted_max_replicas
        return min(max(desired, low), high), {}
