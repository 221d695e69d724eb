"""Quantisation recipes: `configs/quantisation/NAME.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from pipeline.config import Strict, home
from pipeline.errors import UserError


class Recipe(Strict):
    """How weights and activations of products with constant weights are stored and multiplied.

    The options combine freely, but for what the validator says (docs/quantisation.md has what each
    is worth).
    """

    name: str
    weights: Literal["fp32", "int8"]
    weight_limit: int = Field(default=63, ge=1, le=127)  # largest magnitude of an int8 weight
    rounding: Literal["nearest", "gptq"] = "nearest"
    activations: Literal["fp32", "dynamic", "static", "row"]
    percentile: float = Field(
        default=100.0, gt=50, le=100
    )  # of the values that a static range holds
    embeddings: Literal["fp32", "int8"]

    @model_validator(mode="after")
    def _together(self) -> Recipe:
        if (self.weights == "fp32") != (self.activations == "fp32"):
            raise ValueError("weights and activations are both fp32 or neither")
        if self.weights == "fp32" and self.rounding != "nearest":
            raise ValueError("fp32 weights are not rounded")
        if self.activations != "static" and self.percentile != 100:
            raise ValueError("a percentile needs static activations")
        return self

    @property
    def calibrated(self) -> bool:
        """Whether a build has to observe the model first."""
        return self.activations == "static" or self.rounding == "gptq"

    @property
    def batch_invariant(self) -> bool:
        """Whether a sentence's result is promised not to depend on its batch."""
        return self.activations != "dynamic"


def recipe_folder() -> Path:
    return home() / "configs" / "quantisation"


def known_recipes() -> list[str]:
    return sorted(path.stem for path in recipe_folder().glob("*.yaml"))


def load_recipe(name: str) -> Recipe:
    """The recipe `name`; raises UserError that lists the known ones."""
    path = recipe_folder() / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(known_recipes())
        raise UserError(f"no recipe {name!r} in {recipe_folder()}: choose one of {known}")
    try:
        return Recipe.model_validate(
            {"name": name, **yaml.safe_load(path.read_text(encoding="utf-8"))}
        )
    except (ValidationError, TypeError) as error:
        first = (
            error.errors()[0]
            if isinstance(error, ValidationError)
            else {"loc": (), "msg": "not a mapping"}
        )
        raise UserError(
            f"{path}: {'.'.join(map(str, first['loc']))} {first['msg']}: mend that key"
        ) from None
