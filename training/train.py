"""Training on one GPU or on CPUs, in runs that may be stopped and continued.

A run's folder is a source that `python -m quantize build` reads: the moving average of the weights
with its configuration, vocabularies and calibration text. Beside them are `last.pt`, from which the
run continues, and `log.txt`.
"""

from __future__ import annotations

import math
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml

from pipeline.errors import UserError
from quantize.csanmt.configuration import CsanmtConfig
from quantize.csanmt.modeling import CsanmtForConditionalGeneration
from quantize.progress import Report, Show, no_report, no_show
from quantize.sources.base import About
from quantize.sources.trained import ABOUT, CALIBRATION, VOCABULARIES
from training import models, vocabularies
from training.batches import Index, Pairs
from training.losses import Losses, losses
from training.optimisers import half_precision, suited_to
from training.prepare import ARRAYS
from training.settings import Settings
from training.state import LAST, State

SAVE_EVERY = 600  # seconds


@dataclass(frozen=True)
class Start:
    """What a new run begins with: random weights of this configuration, or a trained model's."""

    config: CsanmtConfig
    model: Path | None = None
    tokens: int = 0  # target tokens that the trained model has seen


def train_model(
    data: Path,
    run: Path,
    start: Start,
    settings: Settings,
    *,
    report: Report = no_report,
    show: Show = no_show,
) -> State:
    """Continue the run in the folder `run`, or begin it, on the data that `prepare` wrote.

    Returns it as it was saved. Raises UserError for data and models that do not fit together, and
    when the loss is no longer a number.
    """
    began = time.monotonic()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    pairs = Pairs(data / ARRAYS, device)
    torch.manual_seed(settings.seed)
    state = _open(data, run, start, settings, device)
    last = state.start + settings.until * (settings.total_tokens - state.start)
    if state.tokens >= last:
        raise UserError(
            f"{run} has seen {state.tokens / 1e6:.1f} M of {last / 1e6:.1f} M tokens: "
            "give a larger total"
        )
    torch.manual_seed(settings.seed + state.step)
    log, saved = Log(run / "log.txt", settings, state, report, show), time.monotonic()
    with suited_to(device):
        while True:
            for batch in pairs.batches(settings.batch_tokens, settings.seed + state.epoch):
                log.add(*_step(state, pairs, batch, settings))
                now = time.monotonic()
                finished = state.tokens >= last or now - began > settings.minutes * 60
                if finished or now - saved > SAVE_EVERY:
                    _save(state, run, settings)
                    saved = now
                if finished:
                    return state
            state.epoch += 1


def _open(data: Path, run: Path, start: Start, settings: Settings, device: torch.device) -> State:
    run.mkdir(parents=True, exist_ok=True)
    resumed = (run / LAST).is_file()
    for folder in [run] if resumed else [start.model] if start.model else []:
        if not vocabularies.same(folder, data):
            raise UserError(
                f"{data} has other vocabularies than {folder}: "
                f"prepare it with --vocabulary {folder}"
            )
    for name in (*VOCABULARIES, CALIBRATION):
        if not (data / name).is_file():
            raise UserError(f"{data / name} is missing: make it with `python -m training prepare`")
        shutil.copyfile(data / name, run / name)
    if resumed:
        return State.resume(run, settings.learning_rate, device)
    if start.model:
        return State(models.load_model(start.model), settings.learning_rate, device, start.tokens)
    model = CsanmtForConditionalGeneration(models.sized(start.config, data))
    return State(model, settings.learning_rate, device)


def _step(state: State, pairs: Pairs, batch: Index, settings: Settings) -> tuple[Losses, float]:
    """The losses of the batch before the step, and the learning rate that it took."""
    rate = settings.rate(state.progress(settings.total_tokens), state.step)
    src, trg = pairs.pad(batch)
    with torch.autocast(src.device.type, torch.bfloat16, enabled=half_precision(src.device)):
        found = losses(state.model, src, trg, settings.smoothing)
    torch.autograd.backward(found.total)
    state.update(rate, settings.memory)
    state.tokens += found.tokens
    return found, rate


def _save(state: State, run: Path, settings: Settings) -> None:
    state.save(run)
    provenance = (
        "trained by `python -m training` of csanmt-serve on "
        f"{state.tokens / 1e6:.1f} M target tokens"
    )
    about = About(licence=settings.licence, provenance=provenance)
    models.write_text(run / ABOUT, yaml.safe_dump(about.model_dump(), allow_unicode=True))


class Log:
    """A line every `log_every` steps, to the run's log and to the user."""

    def __init__(
        self, path: Path, settings: Settings, state: State, report: Report, show: Show
    ) -> None:
        self._path, self._settings, self._state = path, settings, state
        self._report, self._show = report, show
        self._tokens, self._since = 0, time.monotonic()

    def add(self, found: Losses, rate: float) -> None:
        """Count a step; raises UserError for a loss that is no number."""
        state, settings = self._state, self._settings
        self._tokens += found.tokens
        if state.step % settings.log_every:
            return
        loss, contrast = found.translation.item(), found.alignment.item()
        if not math.isfinite(loss):
            raise UserError(
                f"the loss is {loss} at step {state.step}: continue with a lower learning rate"
            )
        now = time.monotonic()
        speed = self._tokens / (now - self._since)
        line = (
            f"step {state.step} tokens {state.tokens / 1e6:.1f}M epoch {state.epoch} "
            f"loss {loss:.3f} contrast {contrast:.3f} lr {rate:.2e} {speed:.0f} tok/s"
        )
        with self._path.open("a", encoding="utf-8") as log:
            log.write(line + "\n")
        self._report(line)
        self._show("thousand tokens", state.tokens // 1000, round(settings.total_tokens / 1000))
        self._tokens, self._since = 0, now
