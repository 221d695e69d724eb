"""Which sources of a corpus are shown, and how often: `sources.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, RootModel, ValidationError

from pipeline.config import Strict
from pipeline.errors import UserError
from quantize.sentences import read_text

SOURCES = Path(__file__).with_name("sources.yaml")
Phase = Literal["first", "general"]


class Shown(Strict):
    """How often an epoch shows each pair of a source, in each phase; 0 leaves the source out."""

    first: float = Field(ge=0, le=20)
    general: float = Field(ge=0, le=20)


class Sources(RootModel[dict[str, Shown]]):
    """By the name in the corpus's third column."""


def load_weights(phase: Phase, path: Path = SOURCES) -> dict[str, float]:
    """Every listed source's weight in this phase.

    Raises UserError for a file that is none of the kind.
    """
    try:
        listed = Sources.model_validate(yaml.safe_load(read_text(path)))
    except yaml.YAMLError as error:
        raise UserError(f"{path} is no YAML ({str(error).splitlines()[0]}): mend it") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(
            f"{path}: {'.'.join(map(str, first['loc']))} {first['msg']}: mend that key"
        ) from None
    return {name: getattr(shown, phase) for name, shown in listed.root.items()}
