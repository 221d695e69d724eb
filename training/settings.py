"""How a run trains."""

from __future__ import annotations

from pydantic import Field

from pipeline.config import Strict


class Settings(Strict):
    """The defaults are those of the full-size model on one GPU."""

    minutes: float = Field(default=9, gt=0)  # after which the run stops, to be gone on with
    total_tokens: float = Field(
        default=9e8, gt=0
    )  # target tokens when the run is complete, its first model's included
    until: float = Field(
        default=1.0, gt=0, le=1
    )  # share of the run at which it stops, to go on with other data
    batch_tokens: int = Field(default=32768, gt=0)  # padded, a side
    learning_rate: float = Field(default=1.5e-3, gt=0)  # at its peak
    warmup: int = Field(default=2000, gt=0)  # steps
    memory: int = Field(
        default=2000, gt=0
    )  # steps that the moving average of the weights looks back
    smoothing: float = Field(default=0.1, ge=0, lt=1)  # of the labels
    seed: int = Field(default=1, ge=0)
    log_every: int = Field(default=100, gt=0)  # steps
    licence: str = "not stated"  # of the weights, for about.yaml
