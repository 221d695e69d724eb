"""Blocks that may go over several lines: fenced code, scripts, tags, messages with plural forms."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.text.found import STRUCTURE, Found
from pipeline.text.normalise import BLANKS
from pipeline.text.patterns import TAG
from pipeline.text.patterns.pattern import HAN

_FENCE = re.compile(r"^(?:>[ \t]?|[ \t])*+(?P<fence>`{3,}+|~{3,}+|\$\$)(?P<info>.*)$", re.MULTILINE)
_SCRIPT = re.compile(r"<(script|style)\b[^<>]{0,400}+>", re.IGNORECASE)
_TAG = re.compile(TAG, re.ASCII)

_LONGEST_MESSAGE, _DEEPEST = 2000, 6  # characters; messages within messages
_SELECTOR = rf"(?:=\d+|[\w{HAN}]+)\s*\{{"
_MESSAGE = re.compile(
    rf"\{{\s*[\w{HAN}.]+\s*,\s*(?P<type>plural|select|selectordinal)\s*,\s*(?:offset:\d+\s+)?{_SELECTOR}"
)
_MESSAGE_PART = re.compile(
    rf"(?P<opens>{_MESSAGE.pattern})|(?P<argument>\{{[^{{}}]*\}})|(?P<next>\}}\s*{_SELECTOR})"
    r"|(?P<closes>\}\s*\}[，。、；：！？]?)|(?P<number>#)|(?P<stray>[{}])"
)


def blocks(text: str) -> list[Found]:
    """The blocks of a text in order; of two that overlap, the one that begins first."""
    found: list[Found] = []
    if "```" in text or "~~~" in text or "$$" in text:
        found += _fenced(text)
    if "<" in text:
        found += _scripts(text)
        if "\n" in text or "\r" in text:
            found += (
                Found(tag.start(), tag.end(), "tag")
                for tag in _TAG.finditer(text)
                if len(tag[0].splitlines()) > 1
            )
    if "{" in text:
        found += _messages(text)
    apart: list[Found] = []
    for block in sorted(found, key=lambda block: block.start):
        if not apart or block.start >= apart[-1].end:
            apart.append(block)
    return apart


def _fenced(text: str) -> Iterator[Found]:
    """Code between fences; as in CommonMark one of backticks may stay open to the end."""
    opened: re.Match[str] | None = None
    for line in _FENCE.finditer(text):
        fence, info = line["fence"], line["info"]
        if opened is None:
            if fence[0] in info or (fence == "$$" and info.strip()):
                continue  # code or a formula within a line
            opened = line
        elif fence.startswith(opened["fence"]) and not info.strip():
            yield Found(opened.start("fence"), line.end("fence"), STRUCTURE)
            opened = None
    if opened and opened["fence"].startswith("`"):
        yield Found(opened.start("fence"), len(text.rstrip(BLANKS)), STRUCTURE)


def _scripts(text: str) -> Iterator[Found]:
    end = 0
    for opening in _SCRIPT.finditer(text):
        if opening.start() < end:
            continue
        closing = f"</{opening[1].lower()}>"
        at = text.find(closing, opening.end())
        if at < 0:
            return
        end = at + len(closing)
        yield Found(opening.start(), end, STRUCTURE)


def _messages(text: str) -> Iterator[Found]:
    """ICU messages: the frames around what they say in each case, and the number sign in it."""
    end = 0
    for opening in _MESSAGE.finditer(text):
        if opening.start() >= end and (parts := _parts_of(text, opening.start())):
            yield from parts
            end = parts[-1].end


def _parts_of(text: str, start: int) -> list[Found]:
    """The frames and number signs of the message at `start`, none if it is not well formed."""
    parts: list[Found] = []
    counting: list[bool] = []  # whether "#" stands for a number, in each message that is open
    for token in _MESSAGE_PART.finditer(text, start, start + _LONGEST_MESSAGE):
        if token["stray"] or len(counting) > _DEEPEST:
            return []
        if token["opens"]:
            counting.append(token["type"] != "select")
        if token["opens"] or token["next"] or token["closes"]:
            parts.append(Found(token.start(), token.end(), STRUCTURE))
        elif token["number"] and any(counting):
            parts.append(Found(token.start(), token.end(), "placeholder"))
        if token["closes"]:
            counting.pop()
            if not counting:
                return parts
    return []
