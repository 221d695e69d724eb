"""Markdown's inline marks with their places, which markdown-it itself does not tell.

Its rules are wrapped: each says where in the paragraph the tokens come from that it makes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.rules_inline import (
    StateInline,
    autolink,
    backtick,
    emphasis,
    escape,
    html_inline,
    image,
    link,
    newline,
    strikethrough,
)
from markdown_it.token import Token

from pipeline.documents.footnotes import add_footnotes, sign
from pipeline.documents.inline import Side

_AT, _LABEL = "at", "label"  # keys in a token's meta
_HTML = re.compile(r"<(/?)([A-Za-z][\w-]*)[^>]*?(/?)>", re.DOTALL)

Rule = Callable[[StateInline, bool], bool]


@dataclass(frozen=True, slots=True)
class Place:
    """A mark within a paragraph's source; `name` is alike for both of a pair.

    `label` is what a link must go on to point by once its text is another one.
    """

    start: int
    end: int
    side: Side
    name: str
    label: str = ""


def parser() -> MarkdownIt:
    """CommonMark with tables, strikethrough and footnotes, whose tokens have places."""
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    add_footnotes(markdown)
    rules: dict[str, Rule] = {
        "autolink": _whole(autolink),
        "backticks": _whole(backtick),
        "emphasis": _each(emphasis.tokenize),
        "escape": _whole(escape),
        "footnote": _whole(sign),
        "html_inline": _whole(html_inline),
        "image": _whole(image),
        "link": _link,
        "newline": _whole(newline),
        "strikethrough": _each(strikethrough.tokenize),
    }
    for name, rule in rules.items():
        markdown.inline.ruler.at(name, rule)
    return markdown


def _made(state: StateInline, rule: Rule, silent: bool) -> list[Token] | None:
    """The tokens that a rule made, without the text before them; None where it does not apply."""
    count, pending = len(state.tokens), state.pending
    if not rule(state, silent):
        return None
    made = state.tokens[count:]
    return made[1:] if pending and made and made[0].type == "text" else made


def _whole(rule: Rule) -> Rule:
    """All tokens are of all that the rule took."""

    def placed(state: StateInline, silent: bool) -> bool:
        start = state.pos
        made = _made(state, rule, silent)
        for token in made or ():
            token.meta[_AT] = (start, state.pos)
        return made is not None

    return placed


def _each(rule: Rule) -> Rule:
    """Each token is of the characters that are its content."""

    def placed(state: StateInline, silent: bool) -> bool:
        start = state.pos
        made = _made(state, rule, silent)
        for token in made or ():
            token.meta[_AT] = (start, start + len(token.content))
            start += len(token.content)
        return made is not None

    return placed


def _link(state: StateInline, silent: bool) -> bool:
    start = state.pos
    if state.src[start] != "[":
        return False
    label_end = state.md.helpers.parseLinkLabel(state, start, True)
    made = _made(state, link, silent)
    if made:
        made[0].meta[_AT] = (start, start + 1)
        made[-1].meta[_AT] = (label_end, state.pos)
        if state.src[label_end : state.pos] in ("]", "][]"):  # its text is its label
            made[-1].meta[_LABEL] = " ".join(state.src[start + 1 : label_end].split())
    return made is not None


def places(tokens: Sequence[Token]) -> Iterator[Place]:
    """The marks of a paragraph in order, line breaks among them."""
    within_autolink = False
    for token in tokens:
        if _AT not in token.meta:
            continue
        start, end = token.meta[_AT]
        name = token.type.removesuffix("_open").removesuffix("_close")
        if token.markup == "autolink":
            if token.nesting > 0:
                yield Place(start, end, "single", name)
            within_autolink = token.nesting > 0
        elif token.type == "html_inline":
            yield _html(token.content, start, end)
        elif token.nesting:
            wide = name == "strong"  # the other half of the mark stands outside
            yield Place(
                start - (wide and token.nesting > 0),
                end + (wide and token.nesting < 0),
                "opening" if token.nesting > 0 else "closing",
                name,
                token.meta.get(_LABEL, ""),
            )
        elif token.type not in ("text", "text_special") and not within_autolink:
            yield Place(start, end, "single", name)


def _html(literal: str, start: int, end: int) -> Place:
    tag = _HTML.fullmatch(literal)
    if tag is None or tag[3] or tag[2].lower() in ("br", "img", "input", "wbr"):
        return Place(start, end, "single", "html")
    return Place(start, end, "closing" if tag[1] else "opening", f"<{tag[2].lower()}>")
