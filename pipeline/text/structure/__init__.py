"""Structure that one pattern cannot describe."""

from pipeline.text.structure.blocks import blocks
from pipeline.text.structure.frames import fitted, frames, set_apart

__all__ = ["blocks", "fitted", "frames", "set_apart"]
