"""Weights as integers."""

from __future__ import annotations

import numpy as np
import pytest

from quantize.int8.observations import Observations
from quantize.int8.recipes import load_recipe
from quantize.int8.rounding import Quantiser, channel_scales, compensated, nearest


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


@pytest.mark.parametrize("recipe", ["row-127", "row-127-gptq"])
def test_stored_integers_are_kept_by_either_rounding_and_made_up_where_there_are_none(
    recipe: str,
) -> None:
    rng = np.random.default_rng(4)
    stored = rng.integers(-100, 101, (40, 6)).astype(np.int8)
    scales = rng.uniform(0.001, 0.01, 6).astype(np.float32)
    inputs = rng.normal(0, 1, (300, 40)) @ rng.normal(0, 1, (40, 40))
    found = Observations(sentences=1, histograms={}, hessians={"p": inputs.T @ inputs})
    weight, partly = (stored * scales).astype(np.float32), scales.copy()
    partly[2] = 0
    integers, used = Quantiser(load_recipe(recipe), found).weight("p", weight, partly)
    others = [0, 1, 3, 4, 5]
    assert np.array_equal(integers[:, others], stored[:, others])
    assert np.array_equal(used[others], scales[others])
    assert np.abs(integers[:, 2]).max() == 127


def test_a_smaller_limit_has_no_room_for_stored_integers() -> None:
    weight = np.array([[1.0, -0.5], [0.25, 0.125]], np.float32)
    own = Quantiser(load_recipe("row-63")).weight("p", weight)
    given = Quantiser(load_recipe("row-63")).weight("p", weight, np.full(2, 0.01, np.float32))
    assert all(np.array_equal(a, b) for a, b in zip(own, given, strict=True))
