"""Weights as integers."""

from __future__ import annotations

import numpy as np

from quantize.int8.rounding import channel_scales, compensated, nearest


def test_compensated_rounding_loses_less_on_the_inputs_it_was_fitted_to() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(2000, 96)) @ rng.normal(size=(96, 300))
    inputs += rng.normal(size=(2000, 300)) / 10
    weight = rng.normal(size=(300, 40)).astype(np.float32)
    scales = channel_scales(weight, 63)
    exact = inputs @ weight
    rounded = [nearest(weight, scales, 63), compensated(weight, scales, 63, inputs.T @ inputs)]
    plain, fitted = (np.square(inputs @ (r * scales) - exact).mean() for r in rounded)
    assert fitted < plain / 2
    assert np.abs(rounded[1]).max() <= 63


def test_rounding_is_to_the_nearest_where_inputs_do_not_correlate() -> None:
    weight = np.random.default_rng(0).normal(size=(200, 30)).astype(np.float32)
    scales = channel_scales(weight, 63)
    assert np.array_equal(compensated(weight, scales, 63, np.eye(200)), nearest(weight, scales, 63))
