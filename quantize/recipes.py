"""Quantisation recipes: `configs/quantisation/NAME.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError

from pipeline.bundle import Strict
from pipeline.errors import UserError
from pipeline.resources import home


class Recipe(Strict):
    """How weights and activations of products with constant weights are stored and multiplied."""

    name: str
    weights: Literal["fp32", "int8"]
    weight_limit: int = Field(default=63, ge=1, le=127)  # largest magnitude of an int8 weight
    activations: Literal["fp32", "row"]
    embeddings: Literal["fp32", "int8"]


def recipe_folder() -> Path:
    return home() / "configs" / "quantisation"


def load_recipe(name: str) -> Recipe:
    """The recipe `name`; raises UserError that lists the known ones."""
    path = recipe_folder() / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in recipe_folder().glob("*.yaml")))
        raise UserError(f"no recipe {name!r} in {recipe_folder()}: choose one of {known}")
    try:
        return Recipe.model_validate({"name": name, **yaml.safe_load(path.read_text(encoding="utf-8"))})
    except (ValidationError, TypeError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": "not a mapping"}
        raise UserError(f"{path}: {'.'.join(map(str, first['loc']))} {first['msg']}: mend that key") from None
