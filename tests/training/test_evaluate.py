"""Scores of models and of stored outputs, and the model card's examples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.bundle import read_manifest
from pipeline.config import DEFAULT_MODEL, resolve
from pipeline.errors import UserError

pytestmark = pytest.mark.quantize
MODEL = resolve(DEFAULT_MODEL)


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """Outputs of a system that leaves out every reference's first word."""
    from quantize.sentences import load_test_sets

    path = tmp_path / "stored.en"
    path.write_text(
        "".join(line.split(" ", 1)[1] + "\n" for line in load_test_sets()[0].references),
        encoding="utf-8",
    )
    return path


def test_models_and_stored_outputs_are_in_one_table(
    stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from sacrebleu.metrics.bleu import BLEU

    from quantize.sentences import load_test_sets
    from training.__main__ import main

    extra = tmp_path / "own.tsv"
    extra.write_text(
        "今天天气很好。\tThe weather is fine today.\tweather\n谢谢。\tThank you.\tthanks\n",
        encoding="utf-8",
    )
    models, recipe = [str(MODEL), str(MODEL / "source")], read_manifest(MODEL).recipe["name"]
    options = [
        "--set",
        str(extra),
        "--outputs",
        f"{stored}=Theirs",
        "--sentences",
        "4",
        "--json",
        str(tmp_path / "j"),
    ]
    assert main(["evaluate", *models, *options]) == 0
    table = capsys.readouterr().out
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in table.splitlines()
        if line.startswith("|")
    ]
    assert [row[:2] for row in rows[2:]] == [
        [models[0], recipe],
        [models[1], "fp32"],
        ["Theirs", "stored"],
    ]
    assert rows[4][4:] == ["–"] * 4
    assert "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:" in table
    assert "nc:6|nw:2" in table
    found = json.loads((tmp_path / "j").read_text(encoding="utf-8"))
    assert found["sentences"] == {"flores-dev": 4, "ntrex": 4, "own": 2}
    references = load_test_sets(4)[0].references
    outputs = [line.split(" ", 1)[1] for line in references]
    score = BLEU().corpus_score(outputs, [list(references)]).score
    assert found["systems"][2]["sets"]["flores-dev"]["bleu"] == pytest.approx(score)
    assert rows[4][2] == f"{score:.2f}"
    assert found["systems"][0]["sets"]["own"]["chrf"] > 20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--outputs", "{short}=Short"], "has 2 lines, flores-dev has 997"),
        (["--outputs", "{none}=None"], "No such file"),
        (["--set", "{short}"], "line 1: expected Chinese, TAB, English"),
    ],
)
def test_files_of_another_form_are_refused(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from training.__main__ import main

    short = tmp_path / "short.en"
    short.write_text("One line.\nAnother.\n", encoding="utf-8")
    given = [option.format(short=short, none=tmp_path / "none.en") for option in options]
    assert main(["evaluate", str(MODEL), *given]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_outputs_need_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    from training.__main__ import main

    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", str(MODEL), "--outputs", "nameless.en"])
    assert stopped.value.code == 2
    assert "expected FILE=NAME" in capsys.readouterr().err


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    from training.evaluate import evaluate_systems, read_sets

    with pytest.raises(UserError, match="is no folder here"):
        evaluate_systems([str(tmp_path / "none")], read_sets([], 1), {})


def test_the_examples_are_twenty_of_four_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    from training.__main__ import main

    assert main(["examples", str(MODEL)]) == 0
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in capsys.readouterr().out.splitlines()
    ][2:]
    assert len(rows) == 20
    groups = [row[0] for row in rows]
    assert set(groups) == {"everyday", "technical", "news", "legal"}
    assert min(groups.count(group) for group in set(groups)) >= 4
    assert all(english for _, _, english in rows)
    assert [
        english for _, chinese, english in rows if "pip install numpy" in chinese and "`" in english
    ]
