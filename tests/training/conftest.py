"""A toy corpus, its data and a short run, made once a session."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

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
WEIGHTS = {"everyday": 1.0, "manual": 2.0, "closed": 0.0}
PIECES = (320, 328)  # nearly one a character, in both


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """80 everyday pairs, 20 of a manual with numbers and code, 5 of a source with weight 0."""
    path = tmp_path_factory.mktemp("corpus") / "toy.tsv"
    sentences = product(SUBJECTS.items(), VERBS.items(), OBJECTS.items())
    lines = [f"{s}{v}{o}。\t{se} {ve} {oe}.\teveryday" for (s, se), (v, ve), (o, oe) in sentences]
    lines += [
        f"运行 `make {i}x` 并打开端口 {8000 + i}。\tRun `make {i}x` and open port {8000 + i}.\tmanual"
        for i in range(20)
    ]
    lines += [f"机密{i}。\tSecret {i}.\tclosed" for i in range(5)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def data(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from training.prepare import prepare

    folder = tmp_path_factory.mktemp("data")
    prepare([corpus], folder, WEIGHTS, sizes=PIECES)
    return folder


@dataclass(frozen=True)
class ShortRun:
    folder: Path
    settings: Settings
    state: State  # when it stopped

    def again(self, **changes: float | int) -> Settings:
        return self.settings.model_copy(update=changes)

    def losses(self) -> list[float]:
        lines = (self.folder / "log.txt").read_text(encoding="utf-8").splitlines()
        return [float(line.split(" loss ")[1].split()[0]) for line in lines]


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "config.json"
    path.write_text(json.dumps(SIZES), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def run(data: Path, config: Path, tmp_path_factory: pytest.TempPathFactory) -> ShortRun:
    """A new run of the toy model until it has seen 75,000 tokens.

    Tests of other runs copy the folder.
    """
    import torch

    from training.models import read_config
    from training.settings import Settings
    from training.train import Start, train

    torch.set_num_threads(1)  # a toy's products are too small to be shared out
    folder = tmp_path_factory.mktemp("run")
    settings = Settings(
        total_tokens=75_000, batch_tokens=400, learning_rate=0.02, warmup=10, log_every=5
    )
    return ShortRun(folder, settings, train(data, folder, Start(read_config(config)), settings))
