"""Web pages and fragments of them: texts, and the attributes that people read.

1. A paragraph goes from one block's tag to the next; tags within it are marks.
2. Code, scripts, styles, formulas, drawings and what says `translate="no"` stay as they are.
3. All that is not translated stays letter for letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape

from pipeline.documents.document import DocumentLimits, DocumentTooLarge, Family, Swap, Written
from pipeline.documents.encoding import read_text, text_rewriter
from pipeline.documents.inline import Tag
from pipeline.documents.markup import Token, attributes, names, tokens
from pipeline.documents.paragraph import Paragraph
from pipeline.text.normalise import HAN

_WITHIN = names(  # a paragraph
    "a abbr acronym b bdi bdo big cite data del dfn em font i img input ins label mark q rb rp rt",
    "ruby s small span strike strong sub sup time u var wbr",
)
_OPAQUE_WITHIN = names("script style template code kbd samp tt svg math canvas object audio video")
_OPAQUE = _OPAQUE_WITHIN | names("pre textarea iframe noembed noframes plaintext xmp")
_UNSEEN = frozenset(["script", "style", "template", "iframe", "noembed", "noframes"])
_VOID = names("area base br col embed hr img input link meta param source track wbr")
_READ = frozenset(["alt", "title", "placeholder", "aria-label", "aria-description", "label"])
_TOLD = names("description keywords og:title og:description twitter:title")
_CHARSET = re.compile(
    rb"""<(?:meta[^>]{0,200}charset|\?xml[^>]{0,100}encoding)\s{0,9}=\s{0,9}["']?([\w-]{1,40})""",
    re.IGNORECASE,
)
_CHARSET_WITHIN = 2048  # bytes from the start


def rewrite_html(source: str, swap: Swap, *, xml: bool = False) -> str:
    """The page or fragment with its texts swapped; `xml` for XHTML."""
    page = _Page(source, swap, xml)
    page.walk()
    new = "".join(page.pieces)
    if new == source or page.language is None:
        return new
    place, tag = page.language
    return "".join([*page.pieces[:place], tag, *page.pieces[place + 1 :]])


class _Page:
    """One walk through a page."""

    def __init__(self, source: str, swap: Swap, xml: bool) -> None:
        self._source, self._swap, self._xml = source, swap, xml
        self.pieces: list[str] = []
        self.language: tuple[int, str] | None = None  # the place of a tag that says it is English
        self._hidden: list[str] = []  # names of open elements, the outermost of which is opaque
        self._paragraph = Paragraph()
        self._opened: list[tuple[str, Tag]] = []  # names of tags that are open in the paragraph

    def walk(self) -> None:
        """Fill `pieces` with the page, its texts swapped."""
        for token in tokens(self._source, xml=self._xml):
            literal = self._source[token.start : token.end]
            if self._hidden:
                self._hide(token, literal)
            elif token.kind == "text":
                self._paragraph.text(literal)
            elif token.kind == "other":
                self._paragraph.mark(literal)
            elif token.name == "br" and token.kind != "closing":
                self._paragraph.line_break(literal)
            elif token.kind != "closing" and self._is_opaque(token, literal):
                self._begin_hiding(token, literal)
            elif token.name in _WITHIN:
                self._tag(token, self._read(token, literal))
            else:
                self._end_paragraph()
                self.pieces.append(self._read(token, literal))
        self._end_paragraph()

    def _end_paragraph(self) -> None:
        self.pieces.append(self._paragraph.rewritten(self._swap))
        self._paragraph, self._opened = Paragraph(), []

    def _begin_hiding(self, token: Token, literal: str) -> None:
        if not _is_within(token.name):
            self._end_paragraph()
        self._paragraph.mark(literal, word=token.name not in _UNSEEN)
        if token.kind == "opening" and not self._is_void(token, literal):
            self._hidden.append(token.name)

    def _is_void(self, token: Token, literal: str) -> bool:
        if literal.endswith("/>") and token.name in ("svg", "math"):
            return True
        return token.name in _VOID and not self._xml

    def _is_opaque(self, token: Token, literal: str) -> bool:
        if token.name in _OPAQUE:
            return True
        found = {name: value for name, value, *_ in attributes(literal)}
        return found.get("translate") == "no" or "notranslate" in found.get("class", "").split()

    def _hide(self, token: Token, literal: str) -> None:
        """Goes on with the mark that an opaque element is."""
        self._paragraph.lengthen(literal)
        if token.name == self._hidden[0] and token.kind == "opening":
            self._hidden.append(token.name)
        elif token.name == self._hidden[0] and token.kind == "closing":
            self._hidden.pop()
            if not (self._hidden or _is_within(token.name)):
                self._end_paragraph()

    def _tag(self, token: Token, literal: str) -> None:
        if token.kind == "empty" or token.name in _VOID:
            self._paragraph.mark(literal)
        elif token.kind == "opening":
            self._opened.append((token.name, self._paragraph.mark(literal, "opening")))
        elif self._opened and self._opened[-1][0] == token.name:
            self._paragraph.mark(literal, "closing", self._opened.pop()[1].key)
        else:
            self._paragraph.mark(literal)

    def _read(self, token: Token, tag: str) -> str:
        """A tag with the attributes that people read in English."""
        if token.name == "html" and token.kind != "closing" and self.language is None:
            self.language = len(self.pieces), _exchanged(tag, _english)
        if token.kind == "closing" or not HAN.search(unescape(tag)):
            return tag
        found = list(attributes(tag))
        told = {value.lower() for name, value, *_ in found if name in ("name", "property")}

        def read(name: str, value: str) -> str:
            is_read = name in _READ or (name == "content" and told & _TOLD)
            return self._swapped_value(value) if is_read else value

        return _exchanged(tag, read)

    def _swapped_value(self, value: str) -> str:
        text = unescape(value)
        new = self._swap(text) if HAN.search(text) else text
        return value if new == text else escape(new)


def _is_within(name: str) -> bool:
    """Whether an element stands within a paragraph, and ends none."""
    return name in _WITHIN or name in _OPAQUE_WITHIN


def _exchanged(tag: str, exchange: Callable[[str, str], str]) -> str:
    """A tag with other values of its attributes."""
    at, pieces = 0, list[str]()
    for name, value, start, end in attributes(tag):
        new = exchange(name, value)
        if new != value:
            quote = "" if tag[start - 1] in "\"'" else '"'
            pieces += [tag[at:start], quote, new, quote]
            at = end
    return "".join([*pieces, tag[at:]])


def _english(name: str, value: str) -> str:
    is_chinese = name in ("lang", "xml:lang") and value.lower().startswith("zh")
    return "en" if is_chinese else value


def rewrite(content: bytes, swap: Swap, limits: DocumentLimits) -> Written:
    if content.count(b"<") > limits.elements:
        raise DocumentTooLarge(f"has more than {limits.elements} tags: split it")
    text = read_text(content, limits, _charset(content))
    new = rewrite_html(text.text, swap)
    if text.encoding not in ("utf-16", "utf-8", "utf-8-sig"):
        new = new.encode(text.encoding, "xmlcharrefreplace").decode(text.encoding)
    return text.written(new)


def _charset(content: bytes) -> str | None:
    """What the page says of its encoding; GB 18030 where it names a part of that."""
    found = _CHARSET.search(content[:_CHARSET_WITHIN])
    name = found[1].decode("ascii").lower() if found else None
    return "gb18030" if name in ("gb2312", "gbk", "gb_2312-80") else name


FAMILY = Family(extensions=(".html", ".htm"), media_type="text/html", rewrite=rewrite)
XHTML = Family(
    extensions=(".xhtml",),
    media_type="application/xhtml+xml",
    rewrite=text_rewriter(lambda text, swap: rewrite_html(text, swap, xml=True)),
)
