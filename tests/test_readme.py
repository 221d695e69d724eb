"""What the READMEs show works as shown, and both show the same."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from pipeline.bundle import read_manifest
from pipeline.config import DEFAULT_MODEL
from pipeline.text.prepare import Preprocessor
from pipeline.translator import Translator
from tests.markdown import READMES, ROOT, code_blocks, links, read, rows


@pytest.fixture(scope="module")
def translator() -> Iterator[Translator]:
    with Translator.load(DEFAULT_MODEL) as translator:
        yield translator


def session(readme: str) -> dict[str, str]:
    """What each command of the README answers, by the command."""
    (shown,) = (block for block in code_blocks(readme, "sh") if block.startswith("$ "))
    exchanges = (exchange.split("\n", 1) for exchange in shown.removeprefix("$ ").split("\n$ "))
    return {command: answer.strip() for command, answer in exchanges}


def curl(readme: str) -> tuple[list[str], dict[str, object]]:
    """The arguments of the README's curl, and the answer that it shows."""
    ((command, answer),) = ((c, a) for c, a in session(readme).items() if c.startswith("curl "))
    return shlex.split(command), json.loads(answer)


@pytest.mark.parametrize("readme", READMES)
def test_the_service_answers_the_curl_example_as_shown(readme: str, service_url: str) -> None:
    (_, url, _, header, _, body), shown = curl(readme)
    name, value = header.split(": ")
    url = url.replace("http://127.0.0.1:8000", service_url)
    answer = httpx.post(url, content=body.encode(), headers={name: value}, timeout=60).json()
    assert list(answer) == list(shown)
    assert answer | {"latency_ms": shown["latency_ms"]} == shown


@pytest.mark.parametrize("readme", READMES)
def test_the_translation_in_the_curl_example_is_the_models(
    readme: str, translator: Translator
) -> None:
    (*_, body), shown = curl(readme)
    text = json.loads(body)["text"]
    assert (text, translator.translate(text).text) == (shown["input"], shown["output"])


@pytest.mark.parametrize("readme", READMES)
def test_examples_are_no_near_ties_that_another_cpu_would_decide_otherwise(
    readme: str, translator: Translator
) -> None:
    # Emulated as a Haswell, by qemu, a hundred sentences' scores moved by 0.06 at most.
    margin = 0.5
    texts = [
        json.loads(curl(readme)[0][-1])["text"],
        *re.findall(r'translate\("(.+?)"\)', read(readme)),
    ]
    texts += [shlex.split(command)[-1] for command in session(readme) if "csanmt" in command]
    assert len(texts) == 3
    preprocessor, options = Preprocessor.load(translator.bundle), translator.engine.defaults
    for text in texts:
        (unit,) = preprocessor.prepare(text).units
        best, second, *_ = translator.nbest(
            [unit.ids],
            beam_size=options.beam_size,
            length_penalty=options.length_penalty,
            max_length=options.limit(len(unit.ids)),
        )[0]
        assert best.score - second.score > margin, text


@pytest.mark.parametrize("readme", READMES)
def test_the_command_line_example_answers_as_shown(readme: str) -> None:
    ((command, shown),) = ((c, a) for c, a in session(readme).items() if "csanmt" in c)
    program, *arguments = shlex.split(command)
    assert program == ".venv/serve/bin/csanmt"  # which pyproject.toml makes of pipeline.__main__
    assert run("-m", "pipeline", *arguments) == shown


@pytest.mark.parametrize("readme", READMES)
def test_the_python_example_prints_what_its_comment_says(readme: str) -> None:
    (code,) = code_blocks(readme, "python")
    (shown,) = re.findall(r"  # (.+)$", code, re.MULTILINE)
    assert run("-c", code) == shown


def run(*arguments: str) -> str:
    """What Python prints, in the folder that the README is in."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize("readme", READMES)
def test_the_make_commands_are_what_ci_and_the_service_run(readme: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (commands,) = (block for block in code_blocks(readme, "sh") if block.startswith("make "))
    assert re.findall(r"^make (\w+)", commands, re.MULTILINE) == ["serve", "test"]
    assert "-m deployments serve_config.yaml" in makefile  # as the fixture of the service runs it
    assert "\nmake test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("readme", READMES)
def test_the_variables_of_make_exist(readme: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    given = set(re.findall(r"\b([A-Z]+)=\S", read(readme)))
    assert given == {"MODEL", "SOURCE", "QUICK"} | ({"HF_ENDPOINT"} & given)
    for variable in given - {"HF_ENDPOINT"}:
        assert re.search(rf"\$\((?:if \$\()?{variable}\)", makefile), variable


def test_both_readmes_show_the_same() -> None:
    english, chinese = READMES
    assert session(english) == session(chinese)
    assert code_blocks(english, "python") == code_blocks(chinese, "python")
    assert [t for t, _ in links(english)][1:] == [t for t, _ in links(chinese)][1:]


@pytest.mark.parametrize("readme", READMES)
def test_the_figures_of_speed_are_those_that_the_benchmark_wrote(readme: str) -> None:
    results = json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))
    measured = {
        (row["beam"], row["batch"]): row["vs_peer"]
        for row in results["rows"]
        if (row["model"], row["lengths"], row["recipe"]) == ("opus-mt", "24/32", "static-63")
    }
    heading = "How fast it is" if readme == "README.md" else "速度"
    for beam, (_, *ratios) in zip((1, 4), rows(readme, heading), strict=True):
        for batch, ratio in zip((1, 4, 16, 32), ratios, strict=True):
            found = measured.get((beam, batch))
            assert ratio == ("" if found is None else f"{found:.2f}"), (beam, batch)


@pytest.mark.parametrize("readme", READMES)
def test_the_scores_are_those_of_the_bundle_its_card_and_its_report(readme: str) -> None:
    scores = read_manifest(ROOT / DEFAULT_MODEL).scores
    (argos,) = re.findall(
        r"^\| Argos \|[^|]*\| ([\d.]+)", read(f"{DEFAULT_MODEL}/README.md"), re.MULTILINE
    )
    for score in (scores["flores-dev BLEU"].split()[0], argos):
        assert f"{float(score):.1f}" in read(readme)
    (shown,) = re.findall(r"ΔBLEU ([−\d.]+ … [+\d.]+)", read(readme))
    row = next(
        line
        for line in read(f"{DEFAULT_MODEL}/report.md").splitlines()
        if line.startswith("| static-63-gptq |")
    )
    assert f"({shown.replace('−', '-')})" in row
