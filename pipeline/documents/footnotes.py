"""Footnotes of Markdown, which CommonMark itself does not know: `[^1]`, and `[^1]: What it says.`

Without these rules, a note of one word is taken for the address of a link, and is not translated.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

_SIGN = re.compile(r"\[\^[^\s\[\]]{1,100}\]")
_DEFINITION = re.compile(rf"{_SIGN.pattern}:[ \t]*+")
_INDENTATION = 4  # of what else belongs to a note


def add_footnotes(markdown: MarkdownIt) -> None:
    """Have a parser read the signs of notes as one token, and notes as blocks of their own."""
    markdown.inline.ruler.before("link", "footnote", sign)
    markdown.block.ruler.before(
        "reference", "footnote", _definition, {"alt": ["paragraph", "reference"]}
    )


def sign(state: StateInline, silent: bool) -> bool:
    """The sign of a note, within a text or before the note itself."""
    found = _SIGN.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        state.push("footnote", "", 0).content = found[0]
    state.pos = found.end()
    return True


def _definition(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    """A note: the blocks behind its sign, and what is indented below it."""
    begin, last = state.bMarks[line] + state.tShift[line], state.eMarks[line]
    found = _DEFINITION.match(state.src, begin, last)
    if found is None or state.is_code_block(line):
        return False
    if silent:
        return True
    before = state.bMarks[line], state.tShift[line], state.sCount[line], state.parentType
    state.push("footnote_open", "", 1)
    state.bMarks[line], state.tShift[line] = found.end(), 0
    state.blkIndent += _INDENTATION
    state.sCount[line] = state.blkIndent
    state.parentType = "footnote"
    state.md.block.tokenize(state, line, end)
    state.blkIndent -= _INDENTATION
    state.bMarks[line], state.tShift[line], state.sCount[line], state.parentType = before
    state.push("footnote_close", "", -1)
    return True
