"""Training of a toy model, and what its folder is good for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.config import DEFAULT_MODEL, resolve
from pipeline.errors import UserError
from tests.training.conftest import PIECES, SIZES, ShortRun

pytestmark = pytest.mark.quantize
SOURCE = resolve(DEFAULT_MODEL) / "source"


@pytest.fixture
def copy(run: ShortRun, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run.folder, tmp_path / "run"))


def test_the_loss_falls(run: ShortRun) -> None:
    found = run.losses()
    assert found[0] > 5  # of 328 pieces, ln 328 = 5.8
    assert found[-1] < 0.3 * found[0]
    assert run.state.tokens >= run.settings.total_tokens
    assert f"step {run.state.step // 5 * 5} " in (run.folder / "log.txt").read_text(
        encoding="utf-8"
    )
    assert "tok/s" in (run.folder / "log.txt").read_text(encoding="utf-8")


def test_the_same_seed_trains_the_same_model(
    run: ShortRun, data: Path, config: Path, tmp_path: Path
) -> None:
    from training import models
    from training.train import Start, train

    start, few = Start(models.read_config(config)), run.again(total_tokens=3000)
    for name, settings in (("a", few), ("b", few), ("c", run.again(total_tokens=3000, seed=2))):
        train(data, tmp_path / name, start, settings)
    one, again, other = (
        models.read_weights(tmp_path / name)["src_emb.weight"] for name in ("a", "b", "c")
    )
    assert one.equal(again)
    assert not one.equal(other)


def test_a_run_goes_on_where_it_was(run: ShortRun, copy: Path, data: Path, config: Path) -> None:
    from training.models import read_config
    from training.train import Start, train

    lines = run.losses()
    more = run.again(total_tokens=run.state.tokens + 3000)
    state = train(data, copy, Start(read_config(config)), more)
    assert run.state.step < state.step < run.state.step + 20
    assert more.total_tokens <= state.tokens < more.total_tokens + run.settings.batch_tokens
    assert state.epoch > run.state.epoch
    went_on = ShortRun(copy, more, state).losses()
    assert went_on[: len(lines)] == lines
    assert max(went_on[len(lines) :]) < 0.5 * lines[0]
    moments = state.optimisers[1].state_dict()["state"]
    assert all(int(entry["step"]) == state.step for entry in moments.values())


def test_a_finished_run_has_nothing_to_go_on_with(
    run: ShortRun, copy: Path, data: Path, config: Path
) -> None:
    from training.models import read_config
    from training.train import Start, train

    with pytest.raises(UserError, match=r"has seen 0\.1 M of 0\.1 M tokens: give a larger total"):
        train(data, copy, Start(read_config(config)), run.settings)


def test_a_run_changes_its_data_on_the_way(
    run: ShortRun, data: Path, config: Path, tmp_path: Path
) -> None:
    from training.models import read_config
    from training.train import Start, train

    start, folder = Start(read_config(config)), tmp_path / "run"
    first = train(data, folder, start, run.again(total_tokens=6000, until=0.5, log_every=1))
    assert 3000 <= first.tokens < 3400
    other = Path(shutil.copytree(data, tmp_path / "other"))
    (other / "calibration.txt").write_text("另一个。\n", encoding="utf-8")
    assert train(other, folder, start, run.again(total_tokens=6000)).tokens >= 6000
    assert (folder / "calibration.txt").read_text(encoding="utf-8") == "另一个。\n"


def test_a_damaged_run_is_told(run: ShortRun, copy: Path, data: Path, config: Path) -> None:
    from training.models import read_config
    from training.train import Start, train

    (copy / "last.pt").write_bytes((copy / "last.pt").read_bytes()[:1000])
    with pytest.raises(UserError, match=r"last\.pt is damaged"):
        train(data, copy, Start(read_config(config)), run.settings)


def test_a_new_run_begins_with_a_trained_model(
    run: ShortRun, data: Path, config: Path, tmp_path: Path
) -> None:
    from training.models import read_config
    from training.train import Start, train

    settings = run.again(total_tokens=20_000, learning_rate=1e-4)
    state = train(data, tmp_path / "next", Start(read_config(config), run.folder, 17_000), settings)
    assert 20_000 <= state.tokens < 21_000
    assert ShortRun(tmp_path / "next", settings, state).losses()[0] < 0.6 * run.losses()[0]


def test_what_the_first_model_had_seen_does_not_lower_the_rate(
    run: ShortRun, data: Path, config: Path, tmp_path: Path
) -> None:
    from training.models import read_config
    from training.train import Start, train

    start, folder = Start(read_config(config), run.folder, 17_000), tmp_path / "next"
    settings = run.again(total_tokens=20_000, until=0.5, learning_rate=1e-4, warmup=1, log_every=1)
    half = train(data, folder, start, settings)
    assert 18_500 <= half.tokens < 18_900
    train(data, folder, start, settings.model_copy(update={"until": 1.0}))
    lines = (folder / "log.txt").read_text(encoding="utf-8").splitlines()
    rates = [float(line.split(" lr ")[1].split()[0]) for line in lines]
    assert rates[0] == 1e-4
    assert rates[half.step] == pytest.approx(5e-5, rel=0.4)
    assert rates[-1] < 1e-5
    assert rates == sorted(rates, reverse=True)


def test_an_average_that_looks_back_one_step_is_the_model(
    run: ShortRun, data: Path, config: Path, tmp_path: Path
) -> None:
    from training.models import read_config
    from training.train import Start, train

    settings = run.again(total_tokens=8000, learning_rate=1e-3)
    for memory, same in ((1, True), (10, False)):
        folder = tmp_path / str(memory)
        state = train(
            data,
            folder,
            Start(read_config(config), run.folder),
            settings.model_copy(update={"memory": memory}),
        )
        pairs = zip(state.model.parameters(), state.average.parameters(), strict=True)
        assert all(model.equal(average) for model, average in pairs) is same


def test_other_vocabularies_are_refused(
    run: ShortRun, corpus: Path, config: Path, copy: Path, tmp_path: Path
) -> None:
    from tests.training.conftest import WEIGHTS
    from training.models import read_config
    from training.prepare import prepare
    from training.train import Start, train

    prepare([corpus], tmp_path / "data", WEIGHTS, sizes=(319, 327))
    for folder, start in ((copy, None), (tmp_path / "new", run.folder)):
        with pytest.raises(UserError, match="other vocabularies"):
            train(tmp_path / "data", folder, Start(read_config(config), start), run.settings)


def test_a_configuration_with_unknown_options_is_refused(tmp_path: Path) -> None:
    from training.models import read_config

    path = tmp_path / "config.json"
    path.write_text(json.dumps({**SIZES, "hiden_size": 3}), encoding="utf-8")
    with pytest.raises(UserError, match="hiden_size is no option of CSANMT"):
        read_config(path)


def test_a_run_is_a_source_that_becomes_a_bundle(run: ShortRun, tmp_path: Path) -> None:
    from pipeline.translator import Translator
    from quantize.bundles.build import build
    from quantize.int8.recipes import load_recipe
    from quantize.sources import open_source

    source = open_source(run.folder)
    assert (source.network.source_vocab_size, source.network.target_vocab_size) == PIECES
    assert source.network.hidden_size == SIZES["hidden_size"]
    assert len(source.calibration) == 100
    assert "0.1 M target tokens" in source.about.provenance
    build(run.folder, load_recipe("fp32"), tmp_path / "bundle")
    with Translator.load(tmp_path / "bundle") as translator:
        assert (
            translator.translate("我买了书。他们打开文件。").text
            == "I bought books. They opened the file."
        )


def test_the_models_weights_are_their_moving_average(run: ShortRun) -> None:
    from training import models

    written = models.read_weights(run.folder)
    for name, parameter in run.state.average.named_parameters():
        assert written[name].equal(parameter.detach().half().float())
    assert not written["src_emb.weight"].equal(
        run.state.model.src_emb.weight.detach().half().float()
    )


def test_averaging_is_the_mean(run: ShortRun, copy: Path, tmp_path: Path) -> None:
    from quantize.sources import open_source
    from training import models
    from training.average import average

    weights = models.read_weights(run.folder)
    models.save(
        copy,
        models.read_config(run.folder / "config.json"),
        {n: 3 * t + 0.5 for n, t in weights.items()},
    )
    average([run.folder, copy], tmp_path / "mean")
    found = open_source(tmp_path / "mean").network.weights
    for name, tensor in weights.items():
        np.testing.assert_allclose(found[name], 2 * tensor.numpy() + 0.25, rtol=2e-3, atol=1e-3)


def test_only_models_of_one_kind_are_averaged(run: ShortRun, tmp_path: Path) -> None:
    from training.average import average

    with pytest.raises(UserError, match="other vocabularies"):
        average([run.folder, SOURCE], tmp_path / "mean")
    with pytest.raises(UserError, match="exists: name a new folder"):
        average([run.folder], tmp_path)
    assert not (tmp_path / "mean").exists()


def test_the_full_size_is_the_default() -> None:
    import torch

    from quantize.csanmt.configuration import CsanmtConfig
    from quantize.csanmt.modeling import CsanmtForConditionalGeneration

    with torch.device("meta"):
        model = CsanmtForConditionalGeneration(CsanmtConfig())
    assert sum(parameter.numel() for parameter in model.parameters()) == 41_252_736


def test_the_command_trains_as_told(
    data: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from training.__main__ import main

    run = tmp_path / "run"
    options = [
        "--total-tokens",
        "2000",
        "--batch-tokens",
        "800",
        "--log-every",
        "1",
        "--licence",
        "CC0",
    ]
    assert main(["train", str(data), str(run), "--config", str(config), *options]) == 0
    told = capsys.readouterr().out
    assert "step 1 tokens" in told
    assert f"{run}: stopped at step" in told
    assert "licence: CC0" in (run / "about.yaml").read_text(encoding="utf-8")
    assert main(["train", str(data), str(run), *options]) == 2
    assert "give a larger total" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--warmup", "0"], "--warmup 0: Input should be greater than 0"),
        (["--until", "2"], "--until 2.0: Input should be less than or equal to 1"),
        (["--config", "none.json"], "none.json: No such file"),
        (["--start-from", "none"], "source.spm is missing"),
        ([], "train.npz is missing or damaged: make it with"),
    ],
)
def test_mistakes_are_one_line(
    options: list[str], told: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from training.__main__ import main

    assert main(["train", str(data if options else tmp_path), str(tmp_path / "run"), *options]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
