"""What a build knows when it writes products: the recipe, and what was observed at their inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy.typing as npt

from quantize.int8.recipes import Recipe

Array = npt.NDArray[Any]
# begins the names of the extra outputs of an observing build; "|" parts the products
OBSERVED = "observed:"


class Observed(Protocol):
    """What calibration found, by the names of products."""

    def range(self, name: str, percentile: float) -> tuple[float, float]:
        """Bounds of the product's input: of all its values, or of the middle `percentile` of them."""
        ...

    @property
    def hessians(self) -> Mapping[str, Array]:
        """Xᵀ·X [in, in] of the product's inputs."""
        ...


@dataclass(frozen=True)
class Plan:
    """`observing` adds the products' inputs to the graphs' outputs."""

    recipe: Recipe
    observed: Observed | None = None
    observing: bool = False
    rounded: dict[str, Array] = field(default_factory=dict)  # weights that more than one graph uses
