"""Recipes, and what is refused of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.errors import UserError
from quantize.int8.recipes import Recipe, load_recipe


@pytest.mark.parametrize(
    "options",
    [
        {"weights": "fp32", "activations": "row"},
        {"weights": "int8", "activations": "fp32"},
        {"weights": "fp32", "activations": "fp32", "rounding": "gptq"},
        {"weights": "int8", "activations": "row", "percentile": 99.9},
        {"weights": "int8", "activations": "row", "weight_limit": 128},
    ],
)
def test_options_that_make_no_sense_together_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Recipe.model_validate({"name": "odd", "embeddings": "int8", **options})


def test_an_unknown_recipe_lists_the_known_ones() -> None:
    with pytest.raises(UserError, match="fp32, row-127"):
        load_recipe("int3")


def test_a_recipe_file_that_is_wrong_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSANMT_HOME", str(tmp_path))
    folder = tmp_path / "configs" / "quantisation"
    folder.mkdir(parents=True)
    (folder / "odd.yaml").write_text("weights: int9\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"odd\.yaml: weights Input should be"):
        load_recipe("odd")
    (folder / "odd.yaml").write_text("- int8\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"odd\.yaml: not a mapping"):
        load_recipe("odd")
