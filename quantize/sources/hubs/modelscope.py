"""A CSANMT of ModelScope by id, fetched by ModelScope's own library."""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.errors import UserError
from quantize.sources.hubs.libraries import asked
from quantize.sources.modelscope import CONFIGURATION, needed_files

OWNERS = ("damo", "iic")


def from_modelscope(model: str) -> Path:
    """The model's folder in that library's cache: only the files that are needed.

    It shows progress and resumes. Raises UserError without the library, the network or the model.
    """
    try:
        from modelscope import snapshot_download
    except ModuleNotFoundError:
        raise UserError(
            f"{model}: the modelscope library is not installed: run "
            f"`{sys.executable} -m pip install modelscope`, "
            "or copy the model's folder here and name that"
        ) from None
    with asked(model, "ModelScope"):
        folder = Path(snapshot_download(model, allow_patterns=[CONFIGURATION]))
    names = needed_files(folder)
    with asked(model, "ModelScope"):
        return Path(snapshot_download(model, allow_patterns=names))
