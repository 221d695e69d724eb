"""Catalogues of gettext: entries without a translation get one, marked as fuzzy.

The library reads them. It would write comments and the header in an order of its own, so that only
the lines of a translation and of its flags are put in place of those that stood there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

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
_LANGUAGE = re.compile(r"((?:\"|\\n)Language:[ \t]*+)(?:zh[\w-]*+)?(?=\\n)", re.IGNORECASE)
_TRANSLATION = re.compile(r"\s*+msgstr(?:\[(?P<number>\d{1,4})\])?")


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
        catalogue = polib.pofile(text.text + "\n")
    except (OSError, ValueError, IndexError) as error:
        line = re.search(r"line (\d+)", str(error))
        place = f" at line {line[1]}" if line else ""
        raise UnreadableDocument(f"is no well-formed catalogue{place}: mend it") from None
    lines = text.text.splitlines(keepends=True)
    new = list(_lines(lines, catalogue, swap))
    if new != lines:
        header = max(0, (catalogue[0].linenum or 0) - 1)
        new[:header] = [_LANGUAGE.sub(r"\1en", line) for line in new[:header]]
    return text.written("".join(new))


def _longest_entry(text: str) -> int:
    """The most lines in a row that only go on with a text."""
    longest = current = 0
    for line in text.splitlines():
        current = current + 1 if line.lstrip().startswith('"') else 0
        longest = max(longest, current)
    return longest


def _translations(entry: polib.POEntry, swap: Swap) -> Mapping[int, str]:
    """The texts of an entry that has none, by the numbers of its plural forms."""
    if entry.obsolete or _FUZZY in entry.flags or not HAN.search(entry.msgid):
        return {}
    if entry.msgstr or any(entry.msgstr_plural.values()):
        return {}
    new = swap(entry.msgid)
    if new == entry.msgid:
        return {}
    many = entry.msgid_plural
    forms = dict.fromkeys(entry.msgstr_plural, swap(many) if HAN.search(many) else many)
    return {**forms, 0: new}


def _lines(lines: Sequence[str], catalogue: polib.POFile, swap: Swap) -> Iterator[str]:
    """The catalogue's lines, with translations and the flag that they are to be reviewed."""
    at = 0
    for entry in catalogue:
        if forms := _translations(entry, swap):
            start = end = max(at, (entry.linenum or 0) - 1)
            while end < len(lines) and not _TRANSLATION.match(lines[end]):
                end += 1
            yield from lines[at:start]
            yield from _flagged(lines[start:end])
            at = end
            while at < len(lines) and (found := _TRANSLATION.match(lines[at])):
                text = forms.get(int(found["number"] or 0), forms[max(forms)])
                yield from _written(found[0], text, _line_end(lines[at]))
                at += 1
                while at < len(lines) and lines[at].lstrip().startswith('"'):
                    at += 1
    yield from lines[at:]


def _flagged(lines: Sequence[str]) -> Iterator[str]:
    """An entry's lines above its translation, marked as fuzzy."""
    begun = [line.lstrip() for line in lines]
    flags = next((place for place, line in enumerate(begun) if line.startswith("#,")), None)
    texts = (place for place, line in enumerate(begun) if line.startswith(("msg", "#|")))
    first = next(texts, len(lines))
    for place, line in enumerate(lines):
        if flags is None and place == first:
            yield f"#, {_FUZZY}{_line_end(line)}"
        flagged = place == flags
        comma = ", " if line.strip() != "#," else " "
        yield f"{line.rstrip()}{comma}{_FUZZY}{_line_end(line)}" if flagged else line


def _written(keyword: str, text: str, line_end: str) -> Iterator[str]:
    """A text in lines that end where its own do."""
    parts = re.findall(r"[^\n]*+\n|[^\n]++", text) or [""]
    for place, part in enumerate(parts if len(parts) == 1 else ["", *parts]):
        yield f'{"" if place else keyword + " "}"{polib.escape(part)}"{line_end}'


def _line_end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :] or "\n"


FAMILY = Family(
    extensions=(".po", ".pot"), media_type="text/x-gettext-translation", rewrite=rewrite
)
