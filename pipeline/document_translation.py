"""A document on disk, translated into another one beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from pipeline.answer.translation import Translation
from pipeline.documents import Document, DocumentLimits, DocumentTooLarge, open_document
from pipeline.documents.document import Family
from pipeline.documents.open import family_of, is_document
from pipeline.errors import UserError
from pipeline.files import output, read_bytes

Translate = Callable[[Sequence[str]], Iterator[Translation]]

_PLAIN = (".txt", ".text")  # what the command line translates as any other text


def is_translated_as_document(path: Path) -> bool:
    """Whether a file is more than a text to read and to print."""
    return is_document(path.name) and path.suffix.lower() not in _PLAIN


def translate_document(
    source: Path, target: Path | None, translate: Translate, *, force: bool
) -> list[str]:
    """Write the translation to `target`, by default beside the source: report.en.docx.

    Progress goes to standard error; returns what else there is to say, line by line. Raises
    UserError where a file stands there already, unless `force`.
    """
    target = target or target_for(source)
    if target.exists() and target.samefile(source):
        raise UserError(f"{target} is the document itself: name another file with -o")
    if target.is_file() and not force:
        raise UserError(f"{target} is there already: name another file with -o, or add --force")
    limits = DocumentLimits()
    document = open_document(source.name, _content(source, limits), limits)
    with output(target) as place:
        translations = list(_with_progress(document, translate))
        place.write(document.write([translation.text for translation in translations]))
    return list(_report(target, document, translations))


def target_for(source: Path) -> Path:
    """Where a translation goes that no other place is named for."""
    family: Family = family_of(source.name)
    return source.with_name(f"{source.stem}.en{family.written_as or source.suffix}")


def _content(source: Path, limits: DocumentLimits) -> bytes:
    if source.is_file() and source.stat().st_size > limits.bytes:
        raise DocumentTooLarge(f"{source}: has more than {limits.bytes} bytes: split it")
    return read_bytes(source)


def _with_progress(document: Document, translate: Translate) -> Iterator[Translation]:
    """The translations, while a bar on the terminal shows how many characters are done."""
    if not document.texts:
        return
    total = sum(map(len, document.texts))
    with tqdm(total=total, unit="char", unit_scale=True, disable=None, leave=False) as bar:
        for text, translation in zip(document.texts, translate(document.texts), strict=True):
            yield translation
            bar.update(len(text))


def _report(target: Path, document: Document, translations: Sequence[Translation]) -> Iterator[str]:
    counted = Counter(name for translation in translations for name in translation.warnings)
    for name, count in counted.most_common():
        yield f"csanmt: warning: {name} ({count} of {len(translations)} texts)"
    yield from (f"csanmt: note: {note}" for note in document.notes)
    yield f"{target}: {len(translations)} texts"
