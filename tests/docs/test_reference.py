"""The reference pages list what the code has: no more, no less, with the same values."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from typing import Any

import pytest
from dotenv import dotenv_values
from pydantic import BaseModel

from deployments.command import add_keys
from deployments.config import ServiceConfig, load
from deployments.errors import ServiceError
from deployments.gateway.dialects.seed import SentenceDetail, TranslateRequest, TranslateResponse
from pipeline.__main__ import _parser
from pipeline.answer.faults import SEVERITY, Fault
from pipeline.answer.numbers.compare import missing
from pipeline.answer.retries import _REMEDIES, TRIES
from pipeline.bundle import CONTRACT, CsanmtEntry, Manifest, MarianEntry, SentencePieceEntry
from tests.markdown import ROOT, code_blocks, named, read, rows

HTTP, ENVIRONMENT = "docs/reference/http.md", "docs/reference/environment.md"
WARNINGS, MANIFEST = "docs/reference/warnings.md", "docs/reference/model-yaml.md"
COMMANDS = "docs/reference/command-line.md"


def test_warnings_have_their_weights_and_remedies() -> None:
    listed = {name: (weight, remedies) for name, _, weight, remedies in rows(WARNINGS, "Warnings")}
    expected = {
        f"`{fault}`": (str(SEVERITY[fault]), ", ".join(_REMEDIES[fault]) or "–") for fault in Fault
    }
    assert listed == expected | {"`split`": ("", "")}
    assert TRIES == 2 and "at most twice" in read(WARNINGS)


def test_remedies_are_explained() -> None:
    explained = {name for name, _ in rows("docs/text.md", "Trying again")}
    assert explained == {remedy for remedies in _REMEDIES.values() for remedy in remedies}


def test_numbers_are_said_as_the_page_shows() -> None:
    for chinese, english in rows("docs/text.md", "Numbers"):
        for source, ways in zip(chinese.split(", "), english.split("; "), strict=True):
            for target in re.findall('"([^"]+)"', ways):
                assert missing(source, target) == [], (source, target)
                assert missing(source, "nothing") != [], source


def test_errors_have_their_status_and_when_to_come_back() -> None:
    listed = {(code.strip("`"), status, after) for status, code, _, after in rows(HTTP, "Errors")}
    assert listed == {
        (error.code, str(error.status), str(error.retry_after_s or ""))
        for error in tree()
        if "code" in vars(error)
    }


def test_sentences_of_errors_are_those_of_the_service() -> None:
    sentences = {code.strip("`"): sentence for _, code, sentence, _ in rows(HTTP, "Errors")}
    for error in tree():
        if "code" in vars(error) and (sentence := getattr(error, "sentence", None)):
            assert sentences[error.code].startswith(sentence), error


def tree(root: type[ServiceError] = ServiceError) -> Iterator[type[ServiceError]]:
    for child in root.__subclasses__():
        yield child
        yield from tree(child)


def test_fields_of_requests_and_answers_are_listed() -> None:
    tables = rows(HTTP, "POST /translate")
    listed = {name for first, *_ in tables for name in named(first)}
    models: tuple[type[BaseModel], ...] = (TranslateRequest, TranslateResponse, SentenceDetail)
    fields = {name for model in models for name in model.model_fields}
    assert listed == fields - {"source", "target"}  # which the example shows


def test_limits_in_the_page_are_the_configured_ones() -> None:
    limits, page = load({}).limits, read(HTTP)
    assert f"({limits.characters:,})" in page
    assert f"more than the limit of {limits.characters}" in page
    assert f"the limit of {limits.body_bytes} bytes" in page
    assert f"within {limits.body_read_s:g} seconds" in page


def test_variables_of_ray_have_their_values() -> None:
    section = rows(ENVIRONMENT, "`RAY_…`: configs/serve.env")
    listed = [(name.strip("`"), value.strip("`")) for name, value, *_ in section if value[0] == "`"]
    shipped = dotenv_values(ROOT / "configs" / "serve.env", interpolate=False)
    assert sorted(listed) == sorted(shipped.items())


def test_variables_of_our_own_are_those_that_the_code_reads() -> None:
    packages = ("deployments", "pipeline", "quantize")
    sources = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    read_by_code = {
        name
        for path in sources
        for name in re.findall(r'environ\.get\("(CSANMT_\w+)"', path.read_text(encoding="utf-8"))
    }
    assert {name.strip("`") for name, *_ in rows(ENVIRONMENT, "`CSANMT_…`")} == read_by_code


PREFIX = "CSANMT__"
PAGES_WITH_SETTINGS = [
    ENVIRONMENT,
    HTTP,
    "docs/how-to/busy.md",
    "docs/how-to/proxy.md",
    "docs/how-to/scale.md",
    "docs/how-to/systemd.md",
    "docs/state.md",
    "CHANGELOG.md",
]


@pytest.mark.parametrize("page", PAGES_WITH_SETTINGS)
def test_settings_by_environment_are_taken(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = re.findall(rf"({PREFIX}\w+)=('[^']*'|[^\s`\\]+)", read(page))
    assert given
    for name, value in given:
        monkeypatch.setenv(name, value.strip("'"))
        load({})


@pytest.mark.parametrize("page", [*PAGES_WITH_SETTINGS, "docs/serving.md", "docs/engine.md"])
def test_settings_that_are_named_exist(page: str) -> None:
    sections = "|".join(ServiceConfig.model_fields)
    for path in re.findall(rf"`((?:{sections})(?:\.\w+)+)`", read(page)):
        value: Any = load({})
        for key in path.split("."):
            assert hasattr(value, key), path
            value = getattr(value, key)


def test_every_key_of_a_manifest_is_listed() -> None:
    listed = {name for first, *_ in rows_of_manifest() for name in named(first)}
    optional = {"tokenizer", "files"}
    found = set(keys(Manifest)) - optional
    for entry in (SentencePieceEntry, MarianEntry, CsanmtEntry):
        found |= {f"tokenizer.{name}" for name in entry.model_fields}
    assert listed - {"tokenizer", "dimensions", "decoding", "canary", "gate", "files"} == found | {
        "files.NAME.sha256",
        "files.NAME.size",
    }
    assert f"serving takes {CONTRACT}" in read(MANIFEST)


def rows_of_manifest() -> list[list[str]]:
    return rows(MANIFEST, "`model.yaml`: every key of a bundle's manifest")


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """The keys of a model's values, those of models within it dotted."""
    for name, field in model.model_fields.items():
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
        inner = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if inner and name not in ("tokenizer", "files"):
            yield from keys(inner[0], f"{prefix}{name}.")
        else:
            yield prefix + name


@pytest.mark.parametrize("command", ["translate", "keys"])
def test_every_argument_of_csanmt_is_listed(command: str) -> None:
    listed = {word for first, *_ in rows(COMMANDS, CSANMT[command]) for word in words(first)}
    parser = choices(_parser(add_keys))[command]
    assert listed == {name for name in arguments(parser) if name not in ("-h", "--help")}


CSANMT = {
    "translate": "`csanmt translate`: without a server",
    "keys": "`csanmt keys`: who may use the service",
}


def words(cell: str) -> set[str]:
    """Commands, options and arguments that a table's cell names; not an option's value."""
    return {
        word
        for name in named(cell)
        for place, word in enumerate(name.split())
        if not (place and name.startswith("-"))
    }


def choices(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The commands within a command."""
    found = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return dict(found[0].choices) if found else {}


def arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Of a command and those within it."""
    for action in parser._actions:
        if not isinstance(action, argparse._SubParsersAction):
            yield from action.option_strings or [str(action.metavar)]
    for name, inner in choices(parser).items():
        yield name
        yield from arguments(inner)


@pytest.mark.parametrize("page", [COMMANDS, "docs/state.md"])
def test_the_commands_shown_are_ones_that_csanmt_takes(page: str) -> None:
    lines = [line for block in code_blocks(page, "sh") for line in block.splitlines()]
    shown = [line.partition(" <")[0].split() for line in lines if line.startswith("csanmt ")]
    assert len(shown) >= 3
    for _, *given in shown:
        _parser(add_keys).parse_args(given)


def test_the_variables_of_make_are_those_that_it_reads() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    own = {"VENVS", "LOCK", "MAKEFILE_LIST", "MAKECMDGOALS"}
    taken = set(re.findall(r"\$\((?:if \$\()?([A-Z_]+)\)", makefile)) - own
    listed = {name for _, variables in rows(COMMANDS, "`make`") for name in named(variables)}
    assert {name.partition("=")[0] for name in listed if "=" in name} == taken
