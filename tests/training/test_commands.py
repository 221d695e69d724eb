"""`python -m training`, as it is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.conftest import WEIGHTS

pytestmark = pytest.mark.quantize


def test_the_command_prepares_data(
    corpus: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from training.__main__ import main

    sources = tmp_path / "sources.yaml"
    lines = [f"{name}: {{first: {weight}, general: 0}}" for name, weight in WEIGHTS.items()]
    sources.write_text("\n".join(lines), encoding="utf-8")
    out = tmp_path / "data"
    options = ["--out", str(out), "--sources", str(sources), "--vocabulary", str(data)]
    assert main(["prepare", str(corpus), *options]) == 0
    assert f"{out}: 120 of 120 pairs" in capsys.readouterr().out
    assert (out / "train.npz").read_bytes() == (data / "train.npz").read_bytes()


def test_the_command_trains(
    data: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from training.__main__ import main

    run = tmp_path / "run"
    options = ["--total-tokens", "2000", "--batch-tokens", "800", "--log-every", "1"]
    options += ["--licence", "CC0"]
    assert main(["train", str(data), str(run), "--config", str(config), *options]) == 0
    output = capsys.readouterr().out
    assert "step 1 tokens" in output
    assert f"{run}: stopped at step" in output
    assert "licence: CC0" in (run / "about.yaml").read_text(encoding="utf-8")
    assert main(["train", str(data), str(run), *options]) == 2
    assert "give a larger total" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--warmup", "0"], "--warmup 0: Input should be greater than 0"),
        (["--until", "2"], "--until 2.0: Input should be less than or equal to 1"),
        (["--config", "none.json"], "none.json: No such file"),
        (["--start-from", "none"], "source.spm is missing"),
        ([], "train.npz is missing or damaged: make it with"),
    ],
)
def test_mistakes_are_one_line(
    options: list[str],
    message: str,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from training.__main__ import main

    folder = str(data if options else tmp_path)
    assert main(["train", folder, str(tmp_path / "run"), *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_the_command_averages(
    data: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from training.__main__ import main

    run, options = tmp_path / "run", ["--total-tokens", "800", "--batch-tokens", "800"]
    assert main(["train", str(data), str(run), "--config", str(config), *options]) == 0
    assert main(["average", str(run), str(run), "--out", str(tmp_path / "mean")]) == 0
    assert "the mean of 2 models" in capsys.readouterr().out
    mean, one = (folder / "model.safetensors" for folder in (tmp_path / "mean", run))
    assert mean.read_bytes() == one.read_bytes()
