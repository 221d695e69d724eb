"""How a run trains: its settings, and the learning rate that follows from them."""

from __future__ import annotations

import math

from pydantic import Field

from pipeline.config import Strict

LOWEST = 0.02  # of the peak, what the learning rate falls to


class Settings(Strict):
    """The defaults are those of the full-size model on one GPU."""

    minutes: float = Field(default=9, gt=0)  # after which the run stops, to be continued
    # Target tokens when the run is complete, those of its first model included.
    total_tokens: float = Field(default=9e8, gt=0)
    # Share of the run at which it stops, to continue on other data.
    until: float = Field(default=1.0, gt=0, le=1)
    batch_tokens: int = Field(default=32768, gt=0)  # padded, a side
    learning_rate: float = Field(default=1.5e-3, gt=0)  # at its peak
    warmup: int = Field(default=2000, gt=0)  # steps
    memory: int = Field(default=2000, gt=0)  # steps that the average of the weights looks back
    smoothing: float = Field(default=0.1, ge=0, lt=1)  # of the labels
    seed: int = Field(default=1, ge=0)
    log_every: int = Field(default=100, gt=0)  # steps
    licence: str = "not stated"  # of the weights, for about.yaml

    def rate(self, progress: float, step: int) -> float:
        """The learning rate of a step, at the run's `progress` (0 to 1).

        A line up over the first `warmup` steps, times half a cosine down over the run.
        """
        up = min(1.0, (step + 1) / self.warmup)
        down = 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
        return self.learning_rate * up * max(LOWEST, down)
