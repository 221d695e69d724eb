"""The model card's translations: the sentences of `examples.zh.txt`, as a bundle gives them."""

from __future__ import annotations

from pathlib import Path

from pipeline.translator import Translator
from quantize.sentences import read_lines

SENTENCES = Path(__file__).with_name("examples.zh.txt")


def examples(bundle: str, path: Path = SENTENCES) -> str:
    """A Markdown table of the sentences in `path`, whose lines that begin with # name the group of
    those below.

    Raises UserError for a bundle or file that cannot be read.
    """
    rows, group = [], ""
    with Translator.load(bundle) as translator:
        for line in read_lines(path):
            if line.startswith("#"):
                group = line.lstrip("# ")
            else:
                english = translator.translate(line).text.replace("|", "\\|")
                rows.append(f"| {group} | {line} | {english} |")
    return "\n".join(["| | Chinese | English |", "|---|---|---|", *rows])
