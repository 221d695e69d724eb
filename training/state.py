"""Where a run stands: everything that it needs to continue."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import torch
from torch import nn

from pipeline.errors import UserError
from quantize.csanmt.configuration import CsanmtConfig
from quantize.csanmt.modeling import CsanmtForConditionalGeneration
from training.models import own_options, save_model
from training.optimisers import optimisers

LAST = "last.pt"


class State:
    """The model, the moving average of its weights, the optimisers, and how far they have come."""

    def __init__(
        self,
        model: CsanmtForConditionalGeneration,
        learning_rate: float,
        device: torch.device,
        tokens: int = 0,
    ) -> None:
        """A run's beginning; `tokens` are the target tokens that the model has seen before."""
        # transformers' wrapper hides the type of `to`.
        self.model = model.to(device).train()  # type: ignore[arg-type]
        self.average = copy.deepcopy(self.model).eval()
        self.optimisers = optimisers(self.model, learning_rate)
        self.start, self.step, self.tokens, self.epoch = tokens, 0, tokens, 0

    @staticmethod
    def resume(folder: Path, learning_rate: float, device: torch.device) -> State:
        """As `save` left it, with the next epoch to come; raises UserError for a damaged file."""
        path = folder / LAST
        try:
            kept = torch.load(path, map_location=device, weights_only=True)
            model = CsanmtForConditionalGeneration(CsanmtConfig(**kept["config"]))
            state = State(model, learning_rate, device)
            state.model.load_state_dict(kept["model"])
            state.average.load_state_dict(kept["average"])
            for optimiser, values in zip(state.optimisers, kept["optimizers"], strict=True):
                optimiser.load_state_dict(values)
            state.start, state.step = kept["start"], kept["step"]
            state.tokens, state.epoch = kept["tokens"], kept["epoch"] + 1
        except (RuntimeError, KeyError, ValueError, EOFError, pickle.UnpicklingError):
            raise UserError(
                f"{path} is damaged, or of another program: begin a run in a new folder"
            ) from None
        return state

    def progress(self, total: float) -> float:
        """The share done of a run that ends at `total` tokens.

        The tokens that its first model had seen do not count.
        """
        return (self.tokens - self.start) / (total - self.start)

    def save(self, folder: Path) -> None:
        """Write the averaged model, and everything that `resume` needs.

        What is there stays until both are complete.
        """
        config = self.model.config
        save_model(folder, config, dict(self.average.named_parameters()))
        unfinished = folder / f"unfinished-{LAST}"
        kept = {
            "config": own_options(config),
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizers": [optimiser.state_dict() for optimiser in self.optimisers],
            "start": self.start,
            "step": self.step,
            "tokens": self.tokens,
            "epoch": self.epoch,
        }
        torch.save(kept, unfinished)
        unfinished.replace(folder / LAST)

    def update(self, learning_rate: float, memory: int) -> None:
        """Take a step along the gradients, and clear them.

        The average looks back `memory` steps.
        """
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = learning_rate
            optimiser.step()
        self.model.zero_grad(set_to_none=True)
        self.step += 1
        # More at first, when the weights that it began with are worth little.
        share = max(1 / memory, 9 / (self.step + 10))
        average, weights = list(self.average.parameters()), list(self.model.parameters())
        with torch.no_grad():
            torch._foreach_lerp_(average, weights, share)
