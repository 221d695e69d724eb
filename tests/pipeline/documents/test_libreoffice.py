"""LibreOffice opens what was written: no repair, every text where it was.

`apt-get install libreoffice-writer libreoffice-calc libreoffice-impress poppler-utils`
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.documents import open_document
from tests.pipeline.documents.samples import samples

pytestmark = [
    pytest.mark.office,
    pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed"),
]
SAMPLES = samples()
_CONVERT = ["--headless", "--convert-to", "pdf"]


@pytest.mark.parametrize(
    ("name", "unseen"),
    [("a.docx", 2), ("a.pptx", 1), ("a.xlsx", 1), ("a.odt", 0), ("a.odp", 1), ("a.html", 5)],
)
def test_each_text_is_to_be_seen(name: str, unseen: int, tmp_path: Path) -> None:
    """`unseen` are titles of the file, notes of speakers, and comments."""
    document = open_document(name, SAMPLES[name])
    words = {text: f"word{number}" for number, text in enumerate(document.texts)}
    path = tmp_path / name
    path.write_bytes(document.write(list(words.values())))
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", *_CONVERT, path],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=100,
    )
    pdf = path.with_suffix(".pdf")
    shown = subprocess.run(["pdftotext", str(pdf), "-"], check=True, capture_output=True, text=True)
    seen = "".join(shown.stdout.split())
    missing = [text for text, word in words.items() if word not in seen]
    assert len(missing) <= unseen, missing
