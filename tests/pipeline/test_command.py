"""`csanmt translate` as its users type it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SENTENCE = "今天天气很好。"


def csanmt(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "pipeline", "translate", *arguments]
    return subprocess.run(command, input=given, capture_output=True, timeout=120)


def test_a_text_a_file_and_standard_input_give_the_same_translation(tmp_path: Path) -> None:
    source, target = tmp_path / "zh.txt", tmp_path / "en.txt"
    source.write_bytes(b"\xef\xbb\xbf" + SENTENCE.encode())
    outputs = [csanmt(SENTENCE).stdout, csanmt(given=SENTENCE.encode()).stdout]
    assert csanmt("-f", str(source), "-o", str(target)).stdout == b""
    outputs.append(target.read_bytes())
    assert len(set(outputs)) == 1
    assert outputs[0].decode().strip().isascii()


def test_the_layout_of_a_file_is_kept() -> None:
    text = f"\n    {SENTENCE}\n\n- {SENTENCE}\n"
    lines = csanmt(given=text.encode()).stdout.decode().split("\n")
    assert [lines[0], lines[2], lines[4]] == ["", "", ""]
    assert lines[1].startswith("    ") and lines[3].startswith("- ")


def test_json_has_sentences_with_spans_and_scores() -> None:
    answer = json.loads(
        csanmt("--json", "--beam", "2", "--length-penalty", "1", SENTENCE * 2).stdout
    )
    assert answer["source"] == SENTENCE * 2
    assert [sentence["source"] for sentence in answer["sentences"]] == [SENTENCE] * 2
    span = answer["sentences"][1]["target_span"]
    assert answer["text"][span["start"] : span["end"]] == answer["sentences"][1]["target"]
    assert answer["sentences"][0]["score"] < 0


@pytest.mark.parametrize(
    ("arguments", "given", "complaint"),
    [
        (
            ["--model", "nowhere", SENTENCE],
            b"",
            "nowhere/model.yaml: expected a model bundle, found no such file",
        ),
        (["-f", "nothing.txt"], b"", "nothing.txt: No such file or directory"),
        (["-f", "nothing.txt", SENTENCE], b"", "give one"),
        ([], "天气".encode("gb18030"), "standard input is not UTF-8"),
        ([], b"a\x00b", "NUL"),
    ],
)
def test_a_mistake_is_one_line_without_a_traceback(
    arguments: list[str], given: bytes, complaint: str
) -> None:
    done = csanmt(*arguments, given=given)
    assert (done.returncode, done.stdout) == (2, b"")
    message = done.stderr.decode()
    assert message.startswith("csanmt: ") and complaint in message
    assert message.count("\n") == 1


@pytest.mark.parametrize("beam", ["0", "65", "many"])
def test_an_impossible_beam_is_refused(beam: str) -> None:
    assert csanmt("--beam", beam, SENTENCE).returncode == 2
