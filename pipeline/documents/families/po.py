"""Catalogues of gettext: entries without a translation get one, marked as fuzzy."""

from __future__ import annotations

import re

import polib

from pipeline.documents.document import (
    DocumentLimits,
    DocumentTooLarge,
    Family,
    Swap,
    UnreadableDocument,
    Written,
)
from pipeline.documents.encoding import read_text
from pipeline.text.normalise import HAN

_CHARSET = re.compile(rb"charset=([\w-]{1,40})")
_WITHIN = 8192  # bytes, the header's
_MOST_LINES = 10_000  # of an entry: the library's time grows with their square
_FUZZY = "fuzzy"


def rewrite(content: bytes, swap: Swap, limits: DocumentLimits) -> Written:
    found = _CHARSET.search(content[:_WITHIN])
    charset = found[1].decode("ascii") if found else "utf-8"
    text = read_text(content, limits, None if charset == "CHARSET" else charset)
    if "msgid" not in text.text:
        raise UnreadableDocument("has no entries: give it its right extension")
    if _longest_entry(text.text) > _MOST_LINES:
        raise DocumentTooLarge(f"has an entry of more than {_MOST_LINES} lines: shorten it")
    try:
        # With a line end it is the name of no file, which the library would read instead.
        catalogue = polib.pofile(text.text + "\n", wrapwidth=_wrapped(text.text))
    except (OSError, ValueError, IndexError) as error:
        line = re.search(r"line (\d+)", str(error))
        place = f" at line {line[1]}" if line else ""
        raise UnreadableDocument(f"is no well-formed catalogue{place}: mend it") from None
    if sum(_translate(entry, swap) for entry in catalogue) == 0:
        return text.written(text.text)
    if catalogue.metadata.get("Language", "").lower() in ("", "zh", "zh_cn"):
        catalogue.metadata["Language"] = "en"
    return text.written(str(catalogue))


def _longest_entry(text: str) -> int:
    """The most lines in a row that only go on with a text."""
    longest = current = 0
    for line in text.splitlines():
        current = current + 1 if line.lstrip().startswith('"') else 0
        longest = max(longest, current)
    return longest


def _wrapped(text: str) -> int:
    """The width that the catalogue's lines are wrapped to; none is a large one."""
    return max(78, max((len(line) for line in text.splitlines()), default=0))


def _translate(entry: polib.POEntry, swap: Swap) -> bool:
    if entry.obsolete or entry.translated() or _FUZZY in entry.flags or not HAN.search(entry.msgid):
        return False
    new = swap(entry.msgid)
    if new == entry.msgid:
        return False
    if entry.msgid_plural:
        many = entry.msgid_plural
        forms = dict.fromkeys(entry.msgstr_plural, swap(many) if HAN.search(many) else many)
        if any(entry.msgstr_plural.values()):
            return False
        entry.msgstr_plural = {**forms, 0: new}
    else:
        entry.msgstr = new
    entry.flags.append(_FUZZY)
    return True


FAMILY = Family(
    extensions=(".po", ".pot"), media_type="text/x-gettext-translation", rewrite=rewrite
)
