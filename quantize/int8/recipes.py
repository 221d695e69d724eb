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

    The options combine freely, but for what the validator says. docs/quantisation.md has what each
    is worth.
    """

    name: str
    weights: Literal["fp32", "int8"]
    weight_limit: int = Field(default=63, ge=1, le=127)  # largest magnitude of an int8 weight
    rounding: Literal["nearest", "gptq"] = "nearest"
    activations: Literal["fp32", "dynamic", "static", "row"]
    # Share of the values that a static range holds.
    percentile: float = Field(default=100.0, gt=50, le=100)
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


def recipe_folder() -> Path:
    """Where the recipes are."""
    return home() / "configs" / "quantisation"


def known_recipes() -> list[str]:
    """The names that `load_recipe` knows."""
    return sorted(path.stem for path in recipe_folder().glob("*.yaml"))


def load_recipe(name: str) -> Recipe:
    """The recipe `name`.

    Raises UserError that lists the known ones, or names the key that is wrong.
    """
    path = recipe_folder() / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(known_recipes())
        raise UserError(f"no recipe {name!r} in {recipe_folder()}: choose one of {known}")
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(settings, dict):
        raise UserError(f"{path}: not a mapping: mend it")
    try:
        return Recipe.model_validate({"name": name, **settings})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(f"{path}: {where} {first['msg']}: mend that key") from None
