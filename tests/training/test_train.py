"""Training of a toy model, and what its folder is good for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.errors import UserError
from tests.training.conftest import PIECES, SIZES, WEIGHTS, ShortRun, train

pytestmark = pytest.mark.quantize


@pytest.fixture
def copy(run: ShortRun, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run.folder, tmp_path / "run"))


def test_the_loss_falls(run: ShortRun) -> None:
    found, log = run.losses(), (run.folder / "log.txt").read_text(encoding="utf-8")
    assert found[0] > 5  # of 328 pieces, ln 328 = 5.8
    assert found[-1] < 0.3 * found[0]
    assert run.state.tokens >= run.settings.total_tokens
    assert f"step {run.state.step // 5 * 5} " in log
    assert "tok/s" in log


def test_the_same_seed_trains_the_same_model(
    run: ShortRun, data: Path, config: Path, tmp_path: Path
) -> None:
    from training.models import read_weights

    few, other_seed = run.changed(total_tokens=3000), run.changed(total_tokens=3000, seed=2)
    for name, settings in (("a", few), ("b", few), ("c", other_seed)):
        train(data, tmp_path / name, config, settings)
    one, again, other = (
        read_weights(tmp_path / name)["src_emb.weight"] for name in ("a", "b", "c")
    )
    assert one.equal(again)
    assert not one.equal(other)


def test_a_run_continues_where_it_was(run: ShortRun, copy: Path, data: Path, config: Path) -> None:
    lines = run.losses()
    more = run.changed(total_tokens=run.state.tokens + 3000)
    state = train(data, copy, config, more)
    assert run.state.step < state.step < run.state.step + 20
    assert more.total_tokens <= state.tokens < more.total_tokens + run.settings.batch_tokens
    assert state.epoch > run.state.epoch
    continued = ShortRun(copy, more, state).losses()
    assert continued[: len(lines)] == lines
    assert max(continued[len(lines) :]) < 0.5 * lines[0]
    moments = state.optimisers[1].state_dict()["state"]
    assert all(int(entry["step"]) == state.step for entry in moments.values())


def test_a_finished_run_has_nothing_left_to_do(
    run: ShortRun, copy: Path, data: Path, config: Path
) -> None:
    with pytest.raises(UserError, match=r"has seen 0\.1 M of 0\.1 M tokens: give a larger total"):
        train(data, copy, config, run.settings)


def test_a_run_changes_its_data_on_the_way(
    run: ShortRun, data: Path, config: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    first = train(data, folder, config, run.changed(total_tokens=6000, until=0.5, log_every=1))
    assert 3000 <= first.tokens < 3400
    other = Path(shutil.copytree(data, tmp_path / "other"))
    (other / "calibration.txt").write_text("另一个。\n", encoding="utf-8")
    assert train(other, folder, config, run.changed(total_tokens=6000)).tokens >= 6000
    assert (folder / "calibration.txt").read_text(encoding="utf-8") == "另一个。\n"


def test_a_damaged_run_is_refused(run: ShortRun, copy: Path, data: Path, config: Path) -> None:
    (copy / "last.pt").write_bytes((copy / "last.pt").read_bytes()[:1000])
    with pytest.raises(UserError, match=r"last\.pt is damaged"):
        train(data, copy, config, run.settings)


def test_a_new_run_begins_with_a_trained_model(
    run: ShortRun, data: Path, config: Path, tmp_path: Path
) -> None:
    settings = run.changed(total_tokens=20_000, learning_rate=1e-4)
    state = train(data, tmp_path / "next", config, settings, model=run.folder, seen=17_000)
    assert 20_000 <= state.tokens < 21_000
    assert ShortRun(tmp_path / "next", settings, state).losses()[0] < 0.6 * run.losses()[0]


def test_tokens_that_the_first_model_had_seen_do_not_lower_the_rate(
    run: ShortRun, data: Path, config: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "next"
    whole = run.changed(total_tokens=20_000, learning_rate=1e-4, warmup=1, log_every=1)
    until_half = whole.model_copy(update={"until": 0.5})
    half = train(data, folder, config, until_half, model=run.folder, seen=17_000)
    assert 18_500 <= half.tokens < 18_900
    train(data, folder, config, whole, model=run.folder, seen=17_000)
    lines = (folder / "log.txt").read_text(encoding="utf-8").splitlines()
    rates = [float(line.split(" lr ")[1].split()[0]) for line in lines]
    assert rates[0] == 1e-4
    assert rates[half.step] == pytest.approx(5e-5, rel=0.4)
    assert rates[-1] < 1e-5
    assert rates == sorted(rates, reverse=True)


def test_an_average_that_looks_back_one_step_is_the_model(
    run: ShortRun, data: Path, config: Path, tmp_path: Path
) -> None:
    for memory, same in ((1, True), (10, False)):
        settings = run.changed(total_tokens=8000, learning_rate=1e-3, memory=memory)
        state = train(data, tmp_path / str(memory), config, settings, model=run.folder)
        pairs = zip(state.model.parameters(), state.average.parameters(), strict=True)
        assert all(model.equal(average) for model, average in pairs) is same


def test_other_vocabularies_are_refused(
    run: ShortRun, corpus: Path, config: Path, copy: Path, tmp_path: Path
) -> None:
    from training.prepare import prepare_data

    prepare_data([corpus], tmp_path / "data", WEIGHTS, sizes=(319, 327))
    for folder, model in ((copy, None), (tmp_path / "new", run.folder)):
        with pytest.raises(UserError, match="other vocabularies"):
            train(tmp_path / "data", folder, config, run.settings, model=model)


def test_the_models_weights_are_their_moving_average(run: ShortRun) -> None:
    from training.models import read_weights

    written = read_weights(run.folder)
    for name, parameter in run.state.average.named_parameters():
        assert written[name].equal(parameter.detach().half().float())
    last = run.state.model.src_emb.weight.detach().half().float()
    assert not written["src_emb.weight"].equal(last)


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
        english = translator.translate("我买了书。他们打开文件。").text
        assert english == "I bought books. They opened the file."
