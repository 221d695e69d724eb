"""XLIFF 1.2, 2.0 and 2.1: units without a target get one, marked as in need of review."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from pipeline.documents.document import DocumentLimits, Family, Swap, UnreadableDocument, Written
from pipeline.documents.tree import Grammar, fill_from
from pipeline.documents.xml import local, parse, qualified, serialise

_OLD = "urn:oasis:names:tc:xliff:document:1.2"
_NEW = "urn:oasis:names:tc:xliff:document:2."
_UNTRANSLATED = ("new", "needs-translation", "initial")


def rewrite(content: bytes, swap: Swap, limits: DocumentLimits) -> Written:
    root = parse(content, limits)
    if local(root) != "xliff":
        raise UnreadableDocument("is no XLIFF inside: give it its right extension")
    namespace = str(root.tag)[1:].partition("}")[0]
    add = _add_new if namespace.startswith(_NEW) else _add_old
    tags = qualified(namespace, "trans-unit", "segment") | {"trans-unit"}
    units = [unit for unit in root.iter(*tags) if _wanted(unit)]
    changed = [_translate(unit, add, swap) for unit in units]
    if any(changed):
        _name_language(root, "target-language" if add is _add_old else "trgLang")
    return Written(lambda: serialise(root, content) if any(changed) else content)


def _wanted(unit: etree._Element) -> bool:
    """Whether the unit is to be translated, and has no translation yet."""
    for element in (unit, *unit.iterancestors()):
        if element.get("translate") is not None:
            if element.get("translate") == "no":
                return False
            break
    target = _child(unit, "target")
    state = (target.get("state") if target is not None else None) or unit.get("state")
    empty = target is None or not (len(target) or (target.text or "").strip())
    return empty or state in _UNTRANSLATED


def _child(unit: etree._Element, name: str) -> etree._Element | None:
    return next((child for child in unit if local(child) == name), None)


def _translate(
    unit: etree._Element, add: Callable[[etree._Element, etree._Element], None], swap: Swap
) -> bool:
    source = _child(unit, "source")
    if source is None:
        return False
    namespace = str(source.tag).removesuffix("source")
    # The codes of other formats (<ph>, <bpt> …) hold no text, but these do.
    names = ("g", "mrk", "pc")
    grammar = Grammar(pairs=frozenset(f"{namespace}{name}" for name in names))
    target = etree.Element(f"{namespace}target")
    if not fill_from(source, target, grammar, swap):
        return False
    old = _child(unit, "target")
    if old is not None:
        unit.remove(old)
    target.tail = source.tail
    source.addnext(target)
    add(unit, target)
    return True


def _add_old(unit: etree._Element, target: etree._Element) -> None:
    target.set("state", "needs-review-translation")
    unit.set("approved", "no")


def _add_new(unit: etree._Element, target: etree._Element) -> None:
    del target
    unit.set("state", "translated")  # reviewed and final come after it


def _name_language(root: etree._Element, attribute: str) -> None:
    """XLIFF 1.2 names the target's language of each file, XLIFF 2 that of all."""
    holders = [child for child in root if local(child) == "file"]
    for element in [root] if attribute == "trgLang" else holders:
        if not element.get(attribute):
            element.set(attribute, "en")


FAMILY = Family(extensions=(".xlf", ".xliff"), media_type="application/xliff+xml", rewrite=rewrite)
