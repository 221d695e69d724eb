"""The judge: measures, gate, choice and report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.bundle import Bundle, Gate
from pipeline.config import DEFAULT_MODEL, resolve
from pipeline.errors import UserError

pytestmark = pytest.mark.quantize
SOURCE = resolve(DEFAULT_MODEL) / "source"


def test_the_interval_of_a_difference_is_sacrebleus_bootstrap() -> None:
    from sacrebleu.significance import estimate_ci

    from quantize.judge import scores
    from quantize.judge.sets import load_sets

    test = load_sets(120)[0]
    rng = np.random.default_rng(0)
    worse = [
        " ".join(word for word in line.split() if rng.random() > 0.1) for line in test.references
    ]
    better = [
        " ".join(word for word in line.split() if rng.random() > 0.05) for line in test.references
    ]
    found = scores.difference(scores.bleu(), worse, better, test.references)
    metric = scores.bleu()
    places = np.random.default_rng(scores.SEED).choice(
        120, size=(scores.RESAMPLES, 120), replace=True
    )
    sides = []
    for side in (worse, better):
        table = np.array(metric._extract_corpus_statistics(side, [list(test.references)]))
        sides.append(
            np.array(
                [
                    metric._compute_score_from_stats(table[row].sum(0).tolist()).score
                    for row in places
                ]
            )
        )
    mean, half = estimate_ci(sides[1] - sides[0])
    assert abs((found.lower95 + found.upper95) / 2 - mean) < 0.2
    assert abs((found.upper95 - found.lower95) / 2 - half) < 0.05
    assert found.delta == pytest.approx(
        metric.corpus_score(better, [list(test.references)]).score
        - metric.corpus_score(worse, [list(test.references)]).score
    )
    assert "nrefs:1|case:mixed|eff:no|tok:13a" in found.signature


def test_the_same_outputs_differ_by_nothing() -> None:
    from quantize.judge import scores
    from quantize.judge.sets import load_sets

    test = load_sets(40)[1]
    found = scores.difference(scores.chrf(), test.references, test.references, test.references)
    assert (found.delta, found.lower95, found.upper95) == (0, 0, 0)


def test_both_sets_are_whole() -> None:
    from quantize.judge.sets import load_sets, masked

    sets = load_sets()
    assert (
        [len(test.sources) for test in sets]
        == [len(test.references) for test in sets]
        == [997, 1997]
    )
    lines = masked(sets[0].sources, "⟦0⟧")
    assert len(lines) == 200
    assert all(line.count("⟦0⟧") == 1 for line in lines)


def quality(**changes: Any) -> Any:
    from quantize.judge.gate import Faithfulness, Fault, Quality, SetScores

    none = Fault(count=3, fp32=3, only_here=0, only_fp32=0)
    pooled: dict[str, Any] = {
        "bleu": 10.0,
        "chrf": 30.0,
        "delta_bleu": 0.0,
        "delta_bleu_lower95": -0.1,
        "delta_bleu_upper95": 0.1,
    }
    pooled |= {"delta_chrf": 0.0, "delta_chrf_lower95": -0.1}
    faithful = {"batch_invariant": 1.0, "delta_logp": 0.02, "best_changed": 0.01}
    faults = dict.fromkeys(("loops", "empty", "lengths", "unknown", "numbers", "masks"), none)
    return Quality(
        faithfulness=Faithfulness(
            **{**faithful, **{k: v for k, v in changes.items() if k in faithful}}
        ),
        exact_match=0.5,
        likeness=80,
        faults=faults | {name: Fault(**value) for name, value in changes.items() if name in faults},
        sets={
            "pooled": SetScores(
                **{**pooled, **{k: v for k, v in changes.items() if k in pooled}},
                bleu_signature="b",
                chrf_signature="c",
            )
        },
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"batch_invariant": 0.99},
        {"delta_logp": 0.2},
        {"best_changed": 0.2},
        {"delta_bleu_lower95": -0.31},
        {"delta_chrf_lower95": -0.21},
        {"loops": {"count": 18, "fp32": 14, "only_here": 5, "only_fp32": 0}},
        {"empty": {"count": 9, "fp32": 1, "only_here": 9, "only_fp32": 1}},
        {"numbers": {"count": 30, "fp32": 10, "only_here": 25, "only_fp32": 5}},
        {"masks": {"count": 8, "fp32": 3, "only_here": 5, "only_fp32": 0}},
    ],
)
def test_each_loss_alone_fails_the_gate(changes: dict[str, Any]) -> None:
    from quantize.judge import gate

    assert gate.full(quality()).passed
    assert len(gate.full(quality(**changes)).failures) == 1
    forced = gate.full(quality(**changes), force=True)
    assert (forced.passed, forced.forced) == (False, True)


def test_counts_within_chance_pass() -> None:
    from quantize.judge import gate

    assert gate.full(
        quality(numbers={"count": 12, "fp32": 10, "only_here": 12, "only_fp32": 10})
    ).passed
    assert gate.full(
        quality(loops={"count": 15, "fp32": 14, "only_here": 4, "only_fp32": 3})
    ).passed


def result(name: str, ratio: float, logp: float, **changes: Any) -> Any:
    from quantize.int8.recipes import load_recipe
    from quantize.judge.results import Result, Speed

    found = quality(delta_logp=logp, **changes)
    speed = Speed(cpu_seconds=1 / ratio, vs_fp32=ratio, lowest=ratio, highest=ratio)
    return Result(
        recipe=load_recipe(name), size_bytes=1, peak_rss_bytes=1, quality=found, speed=speed
    )


def test_the_fastest_that_passes_is_chosen() -> None:
    from quantize.judge.results import choose, most_faithful

    results = {
        "fp32": result("fp32", 1, 0),
        "dynamic-63": result("dynamic-63", 2.5, 0.03, batch_invariant=0.8),  # fails
        "static-63": result("static-63", 2.0, 0.04),
        "static-63-gptq": result("static-63-gptq", 1.98, 0.03),  # as fast, and closer
        "row-127": result("row-127", 1.99, 0.01),  # as fast here, not on every CPU
        "row-63": result("row-63", 1.7, 0.03),
    }
    assert choose(results) == "static-63-gptq"
    assert most_faithful(results) == "row-127"
    assert choose({"fp32": results["fp32"], "dynamic-63": results["dynamic-63"]}) is None


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, Any]]:
    from quantize.tune import tune

    folder = tmp_path_factory.mktemp("tune")
    out = folder / "model"
    results = tune(
        SOURCE, out, folder / "work", recipes=("dynamic-63", "row-63"), limit=16, force=True
    )[1]
    return out, folder / "work", results


def test_tuning_writes_a_bundle_with_its_report(tuned: tuple[Path, Path, dict[str, Any]]) -> None:
    out, _, results = tuned
    bundle = Bundle.load(out)
    assert bundle.manifest.recipe["name"] == "row-63"
    assert bundle.manifest.gate is not None
    assert bundle.manifest.gate.kind == "full"
    assert "tok:13a" in bundle.manifest.scores["pooled BLEU"]
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert {"machine", "cpu", "versions", "recipes"} <= set(report)
    one = report["recipes"]["row-63"]
    assert one["size_bytes"] < 0.3 * report["recipes"]["fp32"]["size_bytes"]
    assert one["batch_invariant"] is True
    assert one["exact_match"] == results["row-63"].quality.exact_match
    for key in ("peak_rss_bytes", "speed_vs_fp32", "delta_logp", "loops"):
        assert key in one
    for name in ("flores-dev", "ntrex", "pooled"):
        assert {"bleu", "chrf", "delta_bleu", "delta_bleu_lower95"} <= set(one["sets"][name])
    assert report["recipes"]["fp32"]["exact_match"] == 1
    text = (out / "report.md").read_text(encoding="utf-8")
    assert "row-63" in text
    assert "worst differences" in text
    for plot in ("quality-speed", "size-memory", "scores"):
        assert (out / "report" / f"{plot}.png").read_bytes().startswith(b"\x89PNG")
        assert f"report/{plot}.png" in text


def test_tuning_goes_on_where_it_was(tuned: tuple[Path, Path, dict[str, Any]]) -> None:
    from quantize.tune import tune

    out, work, _ = tuned
    said: list[str] = []
    tune(
        SOURCE,
        out,
        work,
        recipes=("dynamic-63", "row-63"),
        limit=16,
        force=True,
        report=said.append,
    )
    assert not said


def test_tuning_judges_kept_results_by_the_limits_of_today(
    tuned: tuple[Path, Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from quantize.judge import gate
    from quantize.tune import tune

    _, work, before = tuned
    out = tmp_path / "model"
    monkeypatch.setattr(gate, "DELTA_LOGP", 0.0)
    said: list[str] = []
    _, results = tune(
        SOURCE,
        out,
        work,
        recipes=("dynamic-63", "row-63"),
        limit=16,
        force=True,
        report=said.append,
    )
    assert not said
    assert results["row-63"].gate == gate.full(results["row-63"].quality)
    assert "log p" in " ".join(results["row-63"].gate.failures)
    assert results["row-63"].quality == before["row-63"].quality


def test_a_bundle_that_fails_is_not_written_unless_forced(tmp_path: Path) -> None:
    from quantize.bundles.build import build
    from quantize.int8.recipes import load_recipe

    def failing(_: Any, __: Bundle, force: bool) -> tuple[Gate, dict[str, str]]:
        return Gate(kind="quick", passed=False, forced=force, failures=("it lost its mind",)), {}

    out = tmp_path / "model"
    with pytest.raises(UserError, match=r"lost its mind.*--force"):
        build(SOURCE, load_recipe("row-63"), out, judge=failing)
    assert not out.exists()
    bundle = build(SOURCE, load_recipe("row-63"), out, judge=failing, force=True)
    assert bundle.manifest.gate == Gate(
        kind="quick", passed=False, forced=True, failures=("it lost its mind",)
    )


def test_the_quick_gate_refuses_a_model_broken_by_its_quantisation(tmp_path: Path) -> None:
    from quantize.bundles.build import build
    from quantize.int8.recipes import load_recipe

    coarse = load_recipe("row-63").model_copy(update={"weight_limit": 3})
    with pytest.raises(UserError, match="log p"):
        build(SOURCE, coarse, tmp_path / "model")
