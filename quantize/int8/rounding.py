"""Rounding weights to signed integers, with one scale an output channel."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
DAMPING = 0.01  # of the Hessian's mean diagonal: keeps it invertible where inputs hardly vary
BLOCK = 128  # rows whose errors are passed on together


def channel_scales(weight: Array, limit: int) -> Array:
    """Scales [out] float32 that bring the largest magnitude of each column of weight [in, out] to
    `limit`.
    """
    scales: Array = np.maximum(np.abs(weight).max(axis=0), 1e-8).astype(np.float32) / np.float32(
        limit
    )
    return scales


def nearest(weight: Array, scales: Array, limit: int) -> Array:
    """Each weight to the nearest integer: [in, out] int8."""
    return np.clip(np.rint(weight / scales), -limit, limit).astype(np.int8)


def compensated(weight: Array, scales: Array, limit: int, hessian: Array) -> Array:
    """Rounded so that the errors cancel on the inputs seen: [in, out] int8 (GPTQ: Frantar et al.,
    2023).

    Rows are rounded in the order of their inputs' energy; each row's error is passed on to the rows
    not yet rounded as the inputs' correlation, `hessian` = Xᵀ·X [in, in], says. Scales stay as they
    are, so nothing changes at run time.
    """
    size = len(weight)
    order = np.argsort(-np.diag(hessian), kind="stable")
    spread = _upper_inverse_root(hessian[np.ix_(order, order)])
    left = weight[order].astype(np.float64)
    rounded = np.zeros(weight.shape, np.int8)
    for begin in range(0, size, BLOCK):
        end = min(begin + BLOCK, size)
        errors = np.zeros((end - begin, weight.shape[1]))
        for row in range(begin, end):
            whole = np.clip(np.rint(left[row] / scales), -limit, limit)
            rounded[order[row]] = whole
            errors[row - begin] = (left[row] - whole * scales) / spread[row, row]
            left[row + 1 : end] -= np.outer(spread[row, row + 1 : end], errors[row - begin])
        left[end:] -= spread[begin:end, end:].T @ errors
    return rounded


def _upper_inverse_root(hessian: Array) -> Array:
    """U, upper triangular, with Uᵀ·U = the damped hessian's inverse."""
    damped = hessian.astype(np.float64)
    mean = max(float(np.mean(np.diag(damped))), 1e-12)
    damped[np.diag_indices_from(damped)] += DAMPING * mean
    root: Array = np.linalg.cholesky(np.linalg.inv(damped)).T
    return root
