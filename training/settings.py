"""How a run trains."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """The defaults are those of the full-size model on one GPU."""

    minutes: float = 9  # after which the run stops, to be gone on with
    total_tokens: float = 9e8  # target tokens of the whole run, which the learning rate follows
    until: float = 1.0  # of the total, where the run stops, to be gone on with on other data
    batch_tokens: int = 32768  # padded, a side
    learning_rate: float = 1.5e-3  # at its peak
    warmup: int = 2000  # steps
    smoothing: float = 0.1  # of the labels
    seed: int = 1
    log_every: int = 100  # steps
    licence: str = "not stated"  # of the weights, for about.yaml
