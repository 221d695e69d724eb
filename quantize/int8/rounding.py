"""From float32 to integers: a recipe's weights, embedding tables and ranges of inputs."""

from __future__ import annotations

import numpy as np

from quantize.int8.observations import Observations
from quantize.int8.recipes import Recipe
from quantize.network import Array

DAMPING = 0.01  # of the Hessian's mean diagonal: keeps it invertible where inputs hardly vary
BLOCK = 128  # rows whose errors are passed on together
STORED_LIMIT = 127  # largest magnitude of integers that a source has stored
TABLE_LIMIT = 127  # largest magnitude in an int8 embedding table, which nothing sums up
SMALLEST_SCALE = 1e-8  # where all values are zero


class Quantiser:
    """The integers of one recipe.

    Weights that GPTQ has rounded are kept by their products' names: the step's graphs share them.
    """

    def __init__(self, recipe: Recipe, observations: Observations | None = None) -> None:
        """Recipes that are `calibrated` need `observations`."""
        self.recipe = recipe
        self._observations = observations
        self._compensated: dict[str, Array] = {}

    @property
    def observations(self) -> Observations:
        """What calibration found."""
        assert self._observations is not None, f"{self.recipe.name} needs calibration"
        return self._observations

    def weight(
        self, product: str, weight: Array, stored_scales: Array | None = None
    ) -> tuple[Array, Array]:
        """A product's weight [in, out] as integers [in, out] int8 and scales [out] float32.

        Where the recipe has room for integers that were stored, these are found again.
        """
        limit = self.recipe.weight_limit
        scales = channel_scales(weight, limit)
        if limit == STORED_LIMIT:
            scales = kept(scales, stored_scales)
        if self.recipe.rounding == "nearest":
            return nearest(weight, scales, limit), scales
        if product not in self._compensated:
            hessian = self.observations.hessians[product]
            self._compensated[product] = compensated(weight, scales, limit, hessian)
        return self._compensated[product], scales

    def input_range(self, product: str) -> tuple[float, int]:
        """Scale and zero point of a product's input as u8, from calibration."""
        low, high = self.observations.range(product, self.recipe.percentile)
        low, high = min(low, 0.0), max(high, 0.0)
        scale = max((high - low) / 255, SMALLEST_SCALE)
        return scale, round(-low / scale)

    def table(self, table: Array, stored_scales: Array | None = None) -> tuple[Array, Array]:
        """An embedding table [V, H] as integers [V, H] int8 and scales [V, 1] float32."""
        scales = kept(channel_scales(table.T, TABLE_LIMIT), stored_scales)[:, None]
        return nearest(table, scales, TABLE_LIMIT), scales


def channel_scales(weight: Array, limit: int) -> Array:
    """Scales [out] float32 that bring each column's largest magnitude in [in, out] to `limit`."""
    largest = np.maximum(np.abs(weight).max(axis=0), SMALLEST_SCALE)
    scales: Array = largest.astype(np.float32) / np.float32(limit)
    return scales


def kept(scales: Array, stored: Array | None) -> Array:
    """The stored scales, and `scales` where there are none (0)."""
    if stored is None:
        return scales
    result: Array = np.where(stored > 0, stored, scales).astype(np.float32)
    return result


def nearest(weight: Array, scales: Array, limit: int) -> Array:
    """Each weight to the nearest integer: [in, out] int8."""
    return np.clip(np.rint(weight / scales), -limit, limit).astype(np.int8)


def compensated(weight: Array, scales: Array, limit: int, hessian: Array) -> Array:
    """Weights rounded so that the errors cancel on the inputs seen: [in, out] int8.

    This is GPTQ (Frantar et al., 2023). Rows are rounded in the order of their inputs' energy. Each
    row's error is passed on to the rows not yet rounded, as the inputs' correlation says: `hessian`
    = Xᵀ·X [in, in]. Scales stay as they are, so nothing changes at run time.
    """
    size = len(weight)
    order = np.argsort(-np.diag(hessian), kind="stable")
    root = _upper_inverse_root(hessian[np.ix_(order, order)])
    remaining = weight[order].astype(np.float64)
    rounded = np.zeros(weight.shape, np.int8)
    for begin in range(0, size, BLOCK):
        end = min(begin + BLOCK, size)
        errors = np.zeros((end - begin, weight.shape[1]))
        for row in range(begin, end):
            integers = np.clip(np.rint(remaining[row] / scales), -limit, limit)
            rounded[order[row]] = integers
            errors[row - begin] = (remaining[row] - integers * scales) / root[row, row]
            remaining[row + 1 : end] -= np.outer(root[row, row + 1 : end], errors[row - begin])
        remaining[end:] -= root[begin:end, end:].T @ errors
    return rounded


def _upper_inverse_root(hessian: Array) -> Array:
    """U, upper triangular, with Uᵀ·U = the damped hessian's inverse."""
    damped = hessian.astype(np.float64)
    mean = max(float(np.mean(np.diag(damped))), 1e-12)
    damped[np.diag_indices_from(damped)] += DAMPING * mean
    root: Array = np.linalg.cholesky(np.linalg.inv(damped)).T
    return root
