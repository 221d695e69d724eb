"""Files made to do harm are refused, or read within bounded time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from pipeline.documents import (
    DocumentError,
    DocumentLimits,
    DocumentTooLarge,
    UnreadableDocument,
    open_document,
)
from tests.pipeline.documents.samples import RESX, unzipped, with_part, word, zipped

MEMORY_MB = 600  # that opening any file may add
SECONDS = 30  # of CPU, on a busy machine
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"

OPEN = """
import json, resource, sys, time
from pipeline.documents import DocumentError, open_document
content = open(sys.argv[1], "rb").read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.process_time()
try:
    end = f"{len(open_document(sys.argv[1], content).texts)} texts"
except DocumentError as error:
    end = str(error)
more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(json.dumps([end, more / 1024, time.process_time() - start]))
"""


def stored(body: str) -> bytes:
    """A Word document that is as large as it is unpacked."""
    parts = unzipped(word())
    parts["word/document.xml"] = (
        f'<w:document xmlns:w="{_W}"><w:body>{body}</w:body></w:document>'.encode()
    )
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return target.getvalue()


def laughs() -> bytes:
    entities = ['<!ENTITY a0 "好">']
    entities += [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)]
    body = "<root><data><value>&a11;</value></data></root>"
    return f"<!DOCTYPE root [{''.join(entities)}]>{body}".encode()


RUN = "<w:r><w:t>好</w:t></w:r>"
BOLD = "<w:r><w:rPr><w:b/></w:rPr><w:t>好</w:t></w:r>"
HARMFUL: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "bomb": ("a.docx", lambda: with_part(word(), "x", bytes(250_000_000)), "unpacks to"),
    "ratio": ("a.docx", lambda: with_part(word(), "x", bytes(50_000_000)), "times its size"),
    "parts": (
        "a.docx",
        lambda: zipped(dict.fromkeys(map(str, range(20_000)), "")),
        "more than 10000 parts",
    ),
    "elements": (
        "a.docx",
        lambda: stored("<w:p/>" * 2_100_000 + "好"),
        "more than 1000000 elements",
    ),
    "long part": ("a.docx", lambda: stored("x" * 21_000_000), "more than 20000000 bytes"),
    "runs": ("a.docx", lambda: stored(f"<w:p>{RUN * 100_000}</w:p>"), "4 texts"),
    "styles": ("a.docx", lambda: stored(f"<w:p>{(BOLD + RUN) * 70_000}</w:p>"), "characters"),
    "deep": ("a.docx", lambda: stored("<w:p>" * 100_000 + "好"), "nested too deeply"),
    "laughs": ("a.resx", laughs, "a.resx: "),
    "tags": ("a.html", lambda: b"<b>" * 400_000 + "好".encode(), "1 texts"),
    "pairs": ("a.html", lambda: "<b>好</b>".encode() * 100_000, "characters to translate"),
    "attributes": ("a.html", lambda: b"<a " + b"x=1 " * 1_000_000 + b">", "0 texts"),
    "quotes": ("a.md", lambda: b"> " * 400_000, "0 texts"),
    "links": ("a.md", lambda: b"[a](" * 240_000, "0 texts"),
    "stars": ("a.md", lambda: "*a **好 ".encode() * 90_000, "1 texts"),
    "brackets": ("a.json", lambda: b"[" * 5_000_000, "nested more than 200"),
    "lines": ("a.po", lambda: b'msgid ""\n' + b'"x"\n' * 1_000_000, "more than 10000 lines"),
    "cue": ("a.srt", lambda: b"00:01,000 --> 00:02,000\n" + b"<i>" * 100_000, "check its times"),
    "bytes": ("a.txt", lambda: bytes(range(256)) * 70_000, "a.txt: is"),
    "pdf": ("a.pdf", lambda: b"%PDF-1.4\n" + b"1 0 obj<<" * 500_000, "is damaged"),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_harm_is_bounded(name: str, tmp_path: Path) -> None:
    file, make, expected = HARMFUL[name]
    path = tmp_path / file
    path.write_bytes(make())
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(path)], capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stderr
    end, memory, seconds = json.loads(done.stdout)
    assert expected in end
    assert memory < MEMORY_MB
    assert seconds < SECONDS


def test_a_size_that_an_archive_lies_about_is_held_to() -> None:
    content = bytearray(with_part(word(), "word/footnotes.xml", "<a>" + "好" * 100_000 + "</a>"))
    entry = content.rindex(b"word/footnotes.xml")  # in the directory; its size is 22 bytes before
    content[entry - 22 : entry - 18] = (10).to_bytes(4, "little")
    with pytest.raises(UnreadableDocument):
        open_document("a.docx", bytes(content))


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE r [<!ENTITY a "x">]>',
        '<!DOCTYPE r [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x"> %a;]>',
    ],
)
def test_entities_are_refused(declaration: str) -> None:
    content = RESX.replace("<root>", f"{declaration}<root>").replace("保存<", "保存&a;<")
    with pytest.raises(UnreadableDocument):
        open_document("a.resx", content.encode())


def test_encrypted_office_files_are_refused() -> None:
    with pytest.raises(UnreadableDocument, match="is encrypted or of an old kind"):
        open_document("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000))


def test_encrypted_parts_are_refused() -> None:
    content = bytearray(word())
    place = content.index(b"PK\x01\x02")
    content[place + 8] |= 1
    with pytest.raises(UnreadableDocument, match="is encrypted"):
        open_document("a.docx", bytes(content))


def test_two_parts_of_one_name_are_refused() -> None:
    target = BytesIO(word())
    with zipfile.ZipFile(target, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("word/document.xml", "<a/>")
    with pytest.raises(UnreadableDocument, match="two parts of one name"):
        open_document("a.docx", target.getvalue())


@pytest.mark.parametrize("limit", ["unpacked_bytes", "entries", "text_bytes", "elements"])
def test_every_limit_of_archives_holds(limit: str) -> None:
    with pytest.raises(DocumentTooLarge):
        open_document("a.docx", word(), DocumentLimits(**{limit: 1}))


def test_pages_of_a_pdf_are_limited() -> None:
    content = (Path(__file__).parents[2] / "data" / "documents" / "report.pdf").read_bytes()
    for limits in (DocumentLimits(pages=1), DocumentLimits(page_bytes=10)):
        with pytest.raises(DocumentError, match="more than"):
            open_document("a.pdf", content, limits)
