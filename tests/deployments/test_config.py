from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.config import load, merge
from pipeline.config import ROOT
from pipeline.errors import UserError


def test_every_value_comes_from_the_file_and_any_may_be_overridden() -> None:
    file = yaml.safe_load((ROOT / "configs" / "service.yaml").read_text(encoding="utf-8"))
    config = load(
        {
            "config": "configs/service.yaml",
            "limits": {"characters": 7},
            "decoding": {"beam_size": 1},
        }
    )
    assert config.limits.characters == 7 and config.decoding.beam_size == 1
    assert config.limits.body_bytes == file["limits"]["body_bytes"]
    assert set(file) == set(type(config).model_fields)


def test_a_profile_is_laid_over_the_file_that_holds_every_value() -> None:
    config = load({"config": ["configs/service.yaml", "configs/cluster.yaml"]})
    assert config.stages == "separate" and config.translate.num_cpus == 1
    assert config.limits == load({}).limits
    assert load({}).stages == "together"


@pytest.mark.parametrize("given", [[], 7, ["configs/service.yaml", 7], {}])
def test_something_else_than_files_is_named_on_one_line(given: object) -> None:
    with pytest.raises(UserError, match=r"^args: config: expected a file or a list of files"):
        load({"config": given})


def test_the_environment_names_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSANMT_MODEL", "models/other")
    assert load({}).models == ("models/other",)


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("CSANMT__LIMITS__CHARACTERS", "5000", 5000),
        ("CSANMT__LIMITS__QUEUE_WAIT_S", "0.5", 0.5),
        ("CSANMT__DECODING__BEAM_SIZE", "null", None),
        ("CSANMT__SHUTDOWN_S", "3", 3.0),
        ("CSANMT__MODELS", "[small, models/large]", ("small", "models/large")),
    ],
)
def test_any_setting_may_come_from_the_environment_which_wins(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, value: object
) -> None:
    monkeypatch.setenv(variable, text)
    args: dict[str, Any] = {"limits": {"characters": 7, "queue_wait_s": 7}, "shutdown_s": 7}
    found: Any = load({**args, "decoding": {"beam_size": 7}})
    for key in variable.removeprefix("CSANMT__").lower().split("__"):
        found = getattr(found, key)
    assert found == value


def test_the_more_particular_variable_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSANMT__LIMITS__CHARACTERS", "5")
    monkeypatch.setenv("CSANMT__LIMITS", "{characters: 6, concurrent: 8}")
    limits = load({}).limits
    assert (limits.characters, limits.concurrent) == (5, 8)


def test_replicas_get_what_was_read_and_do_not_read_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent = pickle.dumps(load({}))
    monkeypatch.setenv("CSANMT__LIMITS__CHARACTERS", "5")
    assert pickle.loads(sent).limits.characters == 20_000


@pytest.mark.parametrize(
    ("variable", "text", "mistake"),
    [
        ("CSANMT__LIMITS__CHARCTERS", "5", "limits.charcters: Extra inputs are not permitted"),
        ("CSANMT__LIMTS__CHARACTERS", "5", "limts: Extra inputs are not permitted"),
        ("CSANMT__LIMITS__CHARACTERS", "0", "limits.characters: Input should be greater than"),
        ("CSANMT__LIMITS__CHARACTERS", "", "limits.characters: Input should be a valid integer"),
        ("CSANMT__LIMITS__CHARACTERS__X", "5", "limits.characters: Input should be a valid int"),
        ("CSANMT__SHUTDOWN_S__X", "5", "shutdown_s: Input should be a valid number"),
        ("CSANMT__LIMITS", "5", "limits: Input should be a valid dictionary"),
        ("CSANMT__MODELS", "small", "models: Input should be a valid tuple"),
        ("CSANMT__MODELS", "[small", "expected YAML, found something else"),
        ("CSANMT__", "5", "the settings: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_variable_is_named_on_one_line(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, mistake: str
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(UserError) as error:
        load({})
    assert str(error.value).startswith(f"{variable}: {mistake}")
    assert "\n" not in str(error.value) and str(error.value).rpartition(": ")[2].startswith("mend")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"limits": {"charcters": 5}}, "limits.charcters: Extra inputs are not permitted"),
        (
            {"limits": {"characters": 0}},
            "limits.characters: Input should be greater than or equal to 1",
        ),
        ({"models": []}, "models: Tuple should have at least 1 item"),
        ({"translate": {"num_cpus": "many"}}, "translate.num_cpus: Input should be a valid number"),
        (
            {"decoding": {"beam_size": 1000}},
            "decoding.beam_size: Input should be less than or equal to 16",
        ),
        (
            {"decoding": {"length_penalty": float("nan")}},
            "decoding.length_penalty: Input should be ",
        ),
    ],
)
def test_a_wrong_value_is_named_on_one_line(args: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as error:
        load(args)
    assert str(error.value).startswith(f"args: {message}")
    assert "\n" not in str(error.value)


def test_a_wrong_value_is_named_with_the_place_where_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = yaml.safe_load((ROOT / "configs" / "service.yaml").read_text(encoding="utf-8"))
    values["limits"]["characters"] = 0
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    wrong = {"config": str(path), "limits": {"concurrent": 5}}
    with pytest.raises(UserError, match=rf"^{re.escape(str(path))}: limits\.characters: "):
        load(wrong)
    wrong["limits"] = {"characters": -1}
    with pytest.raises(UserError, match=r"^a\.yaml: args: limits\.characters: "):
        load(wrong, "a.yaml: args")
    monkeypatch.setenv("CSANMT__LIMITS__CHARACTERS", "-2")
    with pytest.raises(UserError, match=r"^CSANMT__LIMITS__CHARACTERS: limits\.characters: "):
        load(wrong)
    del values["limits"]
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    monkeypatch.delenv("CSANMT__LIMITS__CHARACTERS")
    with pytest.raises(UserError, match=rf"^{re.escape(str(path))}: limits: Field required"):
        load({"config": str(path)})


def test_a_file_that_is_not_a_mapping_is_named(tmp_path: Path) -> None:
    path = tmp_path / "service.yaml"
    path.write_text("[1, 2]", encoding="utf-8")
    with pytest.raises(UserError, match="expected a YAML mapping, found list"):
        load({"config": str(path)})
    path.write_text("a: [1", encoding="utf-8")
    with pytest.raises(UserError, match="expected YAML, found something else"):
        load({"config": str(path)})


def test_merging_keeps_what_is_not_named() -> None:
    assert merge({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 4}}) == {
        "a": {"b": 4, "c": 2},
        "d": 3,
    }


@pytest.mark.parametrize(
    "name", ["configs/service.yaml", "configs/cluster.yaml", "serve_config.yaml"]
)
def test_every_key_has_a_comment_at_its_right(name: str) -> None:
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        key = line.partition(":")[0].strip()
        section = line.endswith(":")  # its keys say more
        assert not key or key.startswith(("#", "- c")) or section or "#" in line, line


def test_the_environment_file_can_be_read_by_a_shell_docker_and_kubernetes() -> None:
    for line in (ROOT / "configs" / "serve.env").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition("=")
        plain = re.fullmatch(r"[A-Za-z_]+", key) and value and not set(value) & set(" '\"#$")
        assert not line or line.startswith("# ") or plain, line


@pytest.mark.parametrize("seconds", ["0", "-1", ".inf", ".nan", "3000000"])
def test_seconds_that_no_clock_can_count_are_refused(
    monkeypatch: pytest.MonkeyPatch, seconds: str
) -> None:
    monkeypatch.setenv("CSANMT__LIMITS__BODY_READ_S", seconds)
    with pytest.raises(UserError, match=r"^CSANMT__LIMITS__BODY_READ_S: limits\.body_read_s: "):
        load({})
