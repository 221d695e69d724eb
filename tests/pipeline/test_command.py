"""`csanmt translate` as its users type it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SENTENCE = "今天天气很好。"


def csanmt(
    *arguments: str, given: bytes = b"", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "pipeline", "translate", *arguments]
    variables = os.environ | (environment or {})
    return subprocess.run(command, input=given, capture_output=True, timeout=120, env=variables)


def test_a_text_a_file_and_standard_input_give_the_same_translation(tmp_path: Path) -> None:
    source, target = tmp_path / "zh.txt", tmp_path / "en.txt"
    source.write_bytes(b"\xef\xbb\xbf" + SENTENCE.encode())
    outputs = [csanmt(SENTENCE).stdout.rstrip(b"\n"), csanmt(given=SENTENCE.encode()).stdout]
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
        (["-o", "/nonexistent/en.txt", SENTENCE], b"", "/nonexistent/en.txt: No such file"),
        (["-o", "/tmp", SENTENCE], b"", "/tmp: Is a directory"),
        (["-o", "/dev/full", SENTENCE], b"", "/dev/full: No space left on device"),
        (["--encoding", "klingon"], b"a", "klingon is no encoding"),
        (["--encoding", "big5"], "天气ab".encode("utf-16"), "is not big5"),
        ([], "今天天气很好，".encode() * 20 + b"\xff", "the byte 0xff at 420 is not UTF-8"),
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


@pytest.mark.parametrize(
    "option",
    [
        *(("--beam", beam) for beam in ("0", "65", "many", "٣")),
        *(("--length-penalty", penalty) for penalty in ("nan", "inf", "-5", "much")),
    ],
)
def test_an_impossible_option_is_refused_by_its_value(option: tuple[str, str]) -> None:
    done = csanmt(*option, SENTENCE)
    assert done.returncode == 2
    assert f"{option[1]}: give a number from" in done.stderr.decode()


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "今天天气很好，我们去公园。"),
        ("big5", "今天天氣很好，我們去公園。"),
        ("utf-16", "今天天气很好，我们去公园。"),
    ],
)
def test_other_encodings_are_found_out_or_named(encoding: str, text: str) -> None:
    expected = csanmt(given=text.encode()).stdout
    found = csanmt(given=text.encode(encoding))
    assert found.stdout == expected
    assert b"is read as" in found.stderr
    named = csanmt("--encoding", encoding, given=text.encode(encoding))
    assert (named.stdout, named.stderr) == (expected, b"")


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_the_last_line_ends_as_it_did(end: str) -> None:
    output = csanmt(given=f"{SENTENCE}\r\n{SENTENCE}{end}".encode()).stdout.decode()
    first, second = output.removesuffix(end).split("\r\n")
    assert first == second
    assert output.endswith(f".{end}")


def test_nothing_in_gives_nothing_out() -> None:
    assert csanmt(given=b"").stdout == b""


def test_a_dash_is_standard_input_and_output() -> None:
    expected = csanmt(given=SENTENCE.encode()).stdout
    assert csanmt("-", given=SENTENCE.encode()).stdout == expected
    assert csanmt("-f", "-", "-o", "-", given=SENTENCE.encode()).stdout == expected


def test_a_file_stays_as_it_was_where_translating_fails(tmp_path: Path) -> None:
    target = tmp_path / "en.txt"
    target.write_text("old", encoding="utf-8")
    assert csanmt("-o", str(target), "--model", "nowhere", SENTENCE).returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["en.txt"]
    assert target.read_text(encoding="utf-8") == "old"
    target.chmod(0o640)
    assert csanmt("-o", str(target), SENTENCE).returncode == 0
    assert target.stat().st_mode & 0o777 == 0o640
    assert target.read_text(encoding="utf-8").isascii()


def test_a_full_disk_is_one_line() -> None:
    command = [sys.executable, "-m", "pipeline", "translate", SENTENCE]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == 2
    assert (
        done.stderr.decode()
        == "csanmt: standard output: No space left on device: write elsewhere\n"
    )


def test_a_closed_standard_input_is_one_line() -> None:
    command = f"exec {sys.executable} -m pipeline translate <&-"
    done = subprocess.run(command, shell=True, capture_output=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr.decode().startswith("csanmt: standard input is closed")
    assert done.stderr.count(b"\n") == 1


def test_a_terminal_that_lacks_a_character_gets_the_rest_and_a_word_about_it() -> None:
    done = csanmt("今天很好😀。", environment={"PYTHONIOENCODING": "gbk"})
    assert done.returncode == 0
    assert b"?" in done.stdout
    assert "gbk lacks characters of the translation" in done.stderr.decode()


def test_a_text_in_a_locale_without_utf8_is_read_all_the_same() -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = csanmt(SENTENCE, environment=ascii_only)
    assert (done.returncode, done.stdout) == (0, csanmt(SENTENCE).stdout)
