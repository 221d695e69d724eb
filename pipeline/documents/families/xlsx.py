"""Excel workbooks: texts in cells, comments, headers and footers, shapes, charts, headings.

Numbers, formulas, what formulas gave, and names of sheets stay. The headings of a table are also
its columns' names: they change together, or stay where formulas use them or English would make two
of them the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape

from lxml import etree

from pipeline.documents.document import DocumentLimits, Family, Swap, Written
from pipeline.documents.drawing import rewrite_drawing, rewrite_text
from pipeline.documents.inline import Tag, swapped
from pipeline.documents.office import check_kind, rewrite_parts
from pipeline.documents.package import Package
from pipeline.documents.runs import Dialect, rewrite_paragraph
from pipeline.documents.xml import local, parse, qualified
from pipeline.text.normalise import HAN

_S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPE = "spreadsheetml.sheet.main+xml"
_NAMES = re.compile(r"xl/(?:tables/table\d+|pivotCache/pivotCacheDefinition\d+)\.xml")
_STRINGS = r"xl/sharedStrings\.xml"
_SHEETS = r"xl/worksheets/sheet\d+\.xml"
_LONGEST_NAME = 255  # characters of a column's name
# Codes in headers and footers: parts, page numbers, fonts, sizes.
_CODE = re.compile(r'&(?:[A-Z&]|\[[^\]]{1,40}\]|"[^"]{0,200}"|\d{1,3}|K[0-9A-Fa-f+-]{6})')
_FORMULA_WITH_NAMES = re.compile(rb"<(?:\w{1,20}:)?(?:f|calculatedColumnFormula)\b[^<]*\[")
_FORMULA = re.compile(r"<(?:\w{1,20}:)?f\b[^<]*")

CELL = Dialect(
    run=f"{{{_S}}}r",
    properties=f"{{{_S}}}rPr",
    text=f"{{{_S}}}t",
    dropped=qualified(_S, "rPh", "phoneticPr"),
)


def rewrite(content: bytes, swap: Swap, limits: DocumentLimits) -> Written:
    package = Package(content, limits)
    check_kind(package, _TYPE)
    kept = _kept_names(package, swap, limits)

    def strings(root: etree._Element, swap: Swap) -> bool:
        texts = root.iter(*qualified(_S, "si", "is", "text"))
        return sum(_rewrite_rich(text, swap, kept) for text in texts) > 0

    def sheet(root: etree._Element, swap: Swap) -> bool:
        return any([strings(root, swap), _rewrite_headers(root, swap)])

    def names(root: etree._Element, swap: Swap) -> bool:
        return _rewrite_names(root, swap, kept)

    written = rewrite_parts(
        content,
        swap,
        limits,
        _TYPE,
        [
            (rf"{_STRINGS}|xl/comments\d*\.xml|xl/comments/comment\d+\.xml", strings),
            (_SHEETS, sheet),
            (_NAMES.pattern, names),
            (
                r"xl/(?:drawings/drawing|charts/chart|diagrams/(?:data|drawing))\d*\.xml",
                rewrite_drawing,
            ),
            (r"xl/threadedComments/threadedComment\d+\.xml", _rewrite_comments),
        ],
    )
    return Written(written.content, tuple(_notes(package, kept)))


def _rewrite_rich(element: etree._Element, swap: Swap, kept: frozenset[str]) -> bool:
    """Whether a cell's text was exchanged, be it plain or of runs."""
    if not any(True for _ in element.iter(CELL.run)):
        plain = element.find(CELL.text)
        return plain is not None and (plain.text or "") not in kept and rewrite_text(plain, swap)
    return _text(element) not in kept and rewrite_paragraph(element, CELL, swap)


def _text(element: etree._Element) -> str:
    return "".join(text.text or "" for text in element.iter(CELL.text))


def _rewrite_comments(root: etree._Element, swap: Swap) -> bool:
    texts = [element for element in root.iter() if local(element) == "text"]
    return sum(rewrite_text(text, swap) for text in texts) > 0


def _rewrite_headers(root: etree._Element, swap: Swap) -> bool:
    changed = False
    for group in root.iter(f"{{{_S}}}headerFooter"):
        for element in group:
            text = element.text or ""
            codes = _CODE.findall(text)
            pieces: list[str | Tag] = [_CODE.split(text)[0]]
            for key, piece in enumerate(_CODE.split(text)[1:]):
                pieces += [Tag(key, "single"), piece]
            new = swapped(pieces, swap)
            if new is not None:
                element.text = "".join(p if isinstance(p, str) else codes[p.key] for p in new)
                changed = True
    return changed


def _named(root: etree._Element) -> list[etree._Element]:
    """The elements that name columns of a table or fields of a pivot table."""
    return list(root.iter(*qualified(_S, "tableColumn", "cacheField")))


def _kept_names(package: Package, swap: Swap, limits: DocumentLimits) -> frozenset[str]:
    """The names of columns that must stay as they are."""
    tables = [
        [element.get("name", "") for element in _named(parse(package.read(part), limits))]
        for part in package.names
        if _NAMES.fullmatch(part)
    ]
    names = {name for table in tables for name in table if HAN.search(name)}
    if not names:
        return frozenset()
    if any(_FORMULA_WITH_NAMES.search(package.read(part)) for part in _with_formulas(package)):
        return frozenset(names)
    kept = names & set(_rich_texts(package, limits))
    for table in tables:
        kept |= set(_alike(table, swap, kept))
    return frozenset(kept)


def _alike(table: Iterable[str], swap: Swap, kept: set[str]) -> Iterator[str]:
    """The names of a table that English would make alike, or too long."""
    taken: dict[str, str] = {}
    for name in table:
        new = name if name in kept or not HAN.search(name) else swap(name)
        other = taken.setdefault(new.lower(), name)
        if other != name:
            yield from (name, other)
        if len(new) > _LONGEST_NAME or "\n" in name:
            yield name


def _rich_texts(package: Package, limits: DocumentLimits) -> Iterator[str]:
    """Texts of several styles, which a name cannot have."""
    for part in package.names:
        if re.fullmatch(rf"{_STRINGS}|{_SHEETS}", part) and b"rPr" in package.read(part):
            for item in parse(package.read(part), limits).iter(*qualified(_S, "si", "is")):
                if item.find(CELL.run) is not None:
                    yield _text(item)


def _with_formulas(package: Package) -> list[str]:
    return [part for part in package.names if re.fullmatch(rf"{_SHEETS}|{_NAMES.pattern}", part)]


def _rewrite_names(root: etree._Element, swap: Swap, kept: frozenset[str]) -> bool:
    changed = False
    for element in _named(root):
        name = element.get("name", "")
        if HAN.search(name) and name not in kept and (new := swap(name)) != name:
            element.set("name", new)
            changed = True
    if changed and local(root) == "pivotCacheDefinition":
        root.set("refreshOnLoad", "1")
    return changed


def _notes(package: Package, kept: frozenset[str]) -> Iterator[str]:
    if kept:
        yield "headings that name columns of tables are left as they are"
    for part in package.names:
        if re.fullmatch(_SHEETS, part) and _has_formula_with_text(package.read(part)):
            yield "formulas with Chinese in them are left as they are"
            return


def _has_formula_with_text(part: bytes) -> bool:
    formulas = _FORMULA.findall(part.decode("utf-8", "replace"))
    return any(HAN.search(unescape(formula)) for formula in formulas)


FAMILY = Family(
    extensions=(".xlsx",),
    media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    rewrite=rewrite,
    container="zip",
)
