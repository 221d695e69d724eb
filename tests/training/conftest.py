"""A toy corpus, its data and a short run, made once a session."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from training.settings import Settings
    from training.state import State

SUBJECTS = {
    "我": "I",
    "他们": "They",
    "老师": "The teacher",
    "学生": "The student",
    "医生": "The doctor",
}
VERBS = {"买了": "bought", "喜欢": "like", "看见": "saw", "打开": "opened"}
OBJECTS = {"书": "books", "苹果": "apples", "文件": "the file", "新的窗口": "the new window"}
SIZES = {
    "hidden_size": 32,
    "filter_size": 64,
    "num_heads": 2,
    "num_encoder_layers": 1,
    "num_decoder_layers": 1,
    "num_semantic_encoder_layers": 1,
    "dropout": 0.0,
}
NETWORK_SIZES = {
    "src_vocab_size": 30,
    "trg_vocab_size": 20,
    "hidden_size": 8,
    "filter_size": 12,
    "num_heads": 2,
    "num_encoder_layers": 2,
    "num_decoder_layers": 2,
    "num_semantic_encoder_layers": 1,
    "max_relative_dis": 3,
}
WEIGHTS = {"everyday": 1.0, "manual": 2.0, "closed": 0.0}
PIECES = (320, 328)  # nearly one a character, in both


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """80 everyday pairs, 20 of a manual with numbers and code, 5 of a source with weight 0."""
    path = tmp_path_factory.mktemp("corpus") / "toy.tsv"
    sentences = product(SUBJECTS.items(), VERBS.items(), OBJECTS.items())
    lines = [f"{s}{v}{o}。\t{se} {ve} {oe}.\teveryday" for (s, se), (v, ve), (o, oe) in sentences]
    for i in range(20):
        command, port = f"`make {i}x`", 8000 + i
        lines.append(
            f"运行 {command} 并打开端口 {port}。\tRun {command} and open port {port}.\tmanual"
        )
    lines += [f"机密{i}。\tSecret {i}.\tclosed" for i in range(5)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def data(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from training.prepare import prepare_data

    folder = tmp_path_factory.mktemp("data")
    prepare_data([corpus], folder, WEIGHTS, sizes=PIECES)
    return folder


@dataclass(frozen=True)
class ShortRun:
    folder: Path
    settings: Settings
    state: State  # when it stopped

    def changed(self, **changes: float | int) -> Settings:
        """The settings with these changes."""
        return self.settings.model_copy(update=changes)

    def losses(self) -> list[float]:
        """Those in the run's log."""
        lines = (self.folder / "log.txt").read_text(encoding="utf-8").splitlines()
        return [float(line.split(" loss ")[1].split()[0]) for line in lines]


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "config.json"
    path.write_text(json.dumps(SIZES), encoding="utf-8")
    return path


def train(
    data: Path,
    folder: Path,
    config: Path,
    settings: Settings,
    *,
    model: Path | None = None,
    seen: int = 0,
) -> State:
    """Begin or continue the run in `folder`; a new one begins with `model`, if it is given.

    `seen` are the target tokens that this has seen.
    """
    from training.models import read_config
    from training.train import Start, train_model

    return train_model(data, folder, Start(read_config(config), model, seen), settings)


@pytest.fixture(scope="session")
def run(data: Path, config: Path, tmp_path_factory: pytest.TempPathFactory) -> ShortRun:
    """A new run of the toy model until it has seen 75,000 tokens.

    Tests of other runs copy the folder.
    """
    import torch

    from training.settings import Settings

    torch.set_num_threads(1)  # a toy's products are too small to be shared out
    folder = tmp_path_factory.mktemp("run")
    settings = Settings(
        total_tokens=75_000, batch_tokens=400, learning_rate=0.02, warmup=10, log_every=5
    )
    return ShortRun(folder, settings, train(data, folder, config, settings))


@pytest.fixture
def network() -> Any:
    """A tiny model whose weights are sines."""
    import torch

    from quantize.csanmt.configuration import CsanmtConfig
    from quantize.csanmt.modeling import CsanmtForConditionalGeneration

    model = CsanmtForConditionalGeneration(CsanmtConfig(**NETWORK_SIZES)).eval()
    with torch.no_grad():
        for place, (_, parameter) in enumerate(sorted(model.named_parameters())):
            values = torch.sin(torch.arange(parameter.numel()) * 0.37 + place) * 0.5
            parameter.copy_(values.reshape(parameter.shape))
    return model
