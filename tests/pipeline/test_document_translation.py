"""`csanmt translate -f report.docx`, and many texts at once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import docx
import pytest

from pipeline.config import DEFAULT_MODEL
from pipeline.errors import InvalidText
from pipeline.translator import Translator
from tests.pipeline.documents.samples import pdf, word

SENTENCES = ["今天天气很好。", "数据库连接失败。", "苹果", "请输入您的用户名和密码。\n谢谢。", ""]


@pytest.fixture(scope="module")
def translator() -> Iterator[Translator]:
    with Translator.load(DEFAULT_MODEL) as translator:
        yield translator


def csanmt(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline", "translate", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=environment, check=False
    )


def test_many_texts_are_translated_as_each_alone(translator: Translator) -> None:
    alone = [translator.translate(text) for text in SENTENCES]
    assert list(translator.translate_all(SENTENCES * 3)) == alone * 3


def test_many_texts_take_less_time_than_each_alone(translator: Translator) -> None:
    texts = [f"第{number}个文件已经保存。" for number in range(200)]

    def seconds(translate: object) -> float:
        start = time.process_time()
        list(translate)  # type: ignore[call-overload]
        return time.process_time() - start

    together = seconds(translator.translate_all(texts))
    assert together < 0.7 * seconds(map(translator.translate, texts))


def test_a_text_that_cannot_be_translated_is_an_error(translator: Translator) -> None:
    with pytest.raises(InvalidText):
        list(translator.translate_all(["好", "\0"]))


def test_a_document_is_written_beside_its_source(tmp_path: Path) -> None:
    source = tmp_path / "report.docx"
    source.write_bytes(word())
    done = csanmt("-f", source)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[-1] == f"{tmp_path / 'report.en.docx'}: 12 texts"
    document = docx.Document(BytesIO((tmp_path / "report.en.docx").read_bytes()))
    assert all(paragraph.text.isascii() for paragraph in document.paragraphs)
    assert document.paragraphs[2].hyperlinks[0].address == "https://example.com"


def test_a_pdf_becomes_a_text_and_that_is_said(tmp_path: Path) -> None:
    source = tmp_path / "a.pdf"
    source.write_bytes(pdf())
    done = csanmt("-f", source)
    assert "csanmt: note: the text of the PDF without its layout and pictures" in done.stderr
    assert (tmp_path / "a.en.txt").read_text(encoding="utf-8").isascii()


def test_a_file_that_is_there_stays_without_force(tmp_path: Path) -> None:
    source, target = tmp_path / "a.md", tmp_path / "b.md"
    source.write_text("# 苹果\n", encoding="utf-8")
    target.write_text("old", encoding="utf-8")
    done = csanmt("-f", source, "-o", target)
    assert done.returncode == 2
    assert done.stderr == (
        f"csanmt: {target} is there already: name another file with -o, or add --force\n"
    )
    assert target.read_text(encoding="utf-8") == "old"
    assert csanmt("-f", source, "-o", target, "--force").returncode == 0
    assert target.read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize(
    ("name", "content", "arguments", "complaint"),
    [
        ("a.docx", b"", [], "a.docx: is empty"),
        ("a.docx", b"text", [], "a.docx: is not what its extension says, or damaged"),
        ("a.json", b'{"a": ', [], "a.json: is no well-formed JSON at line 1: mend it"),
        ("a.md", b"a", ["--json"], "--json is for plain texts: leave it out"),
        ("a.md", b"a", ["--encoding", "big5"], "--encoding is for plain texts: leave it out"),
        ("a.md", b"a", ["-o", "-"], "a document goes to a file: name it with -o"),
        ("a.md", b"a", ["--force", "-o", "a.md"], "a.md is the document itself"),
        ("a.md", "好".encode(), ["-o", "/nonexistent/a.md"], "/nonexistent/a.md: No such file"),
        ("a.md", "好".encode(), ["--model", "nowhere"], "nowhere/model.yaml: expected a model"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing_behind(
    name: str,
    content: bytes,
    arguments: list[str],
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = tmp_path / name
    source.write_bytes(content)
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    command = [sys.executable, "-m", "pipeline", "translate", "-f", name, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("csanmt: ") and complaint in done.stderr
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_document_that_is_not_there_is_one_line() -> None:
    done = csanmt("-f", "nothing.docx")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "nothing.docx: No such file" in done.stderr
