"""What configuration files share: strict models, and paths that hold in any working directory."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pipeline.errors import UserError

DEFAULT_MODEL = "models/csanmt-zh-en-tiny"
ROOT = Path(__file__).resolve().parent.parent


class Strict(BaseModel):
    """A part of a configuration file: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


def home() -> Path:
    """The folder that holds `configs/` and `models/`: CSANMT_HOME, else the checkout of this
    package.
    """
    return Path(os.environ.get("CSANMT_HOME", ROOT))


def resolve(path: str | os.PathLike[str]) -> Path:
    """An existing absolute path for `path`, looked for in the working directory, then under
    `home()`.

    Raises UserError if it is in neither place.
    """
    given = Path(path)
    for candidate in (given, home() / given):
        if candidate.exists():
            return candidate.resolve()
    raise UserError(
        f"{given} does not exist (looked in {Path.cwd()} and {home()}): name a path that does"
    )


def cpus() -> int:
    """CPUs that this process may use, which in a container are fewer than the machine has."""
    return len(os.sched_getaffinity(0))
