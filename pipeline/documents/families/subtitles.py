"""Subtitles: the texts of SubRip (.srt), WebVTT (.vtt) and SubStation Alpha (.ass, .ssa).

Times, positions, styles, notes and what else stands there stay letter for letter. Lines that are
one sentence are translated together, and have as many lines again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.documents.document import Family, Swap, UnreadableDocument
from pipeline.documents.encoding import text_rewriter
from pipeline.documents.inline import Tag, swapped
from pipeline.text.normalise import HAN

_TIMES = re.compile(r"[ \t]*(?:\d{1,4}:)?\d{1,2}:\d{2}[.,]\d{1,3}[ \t]+-->[ \t]+\S")
_LINES = re.compile(r"[^\r\n]*+(?:\r\n|\n|\r|\Z)")
_MARK = re.compile(r"<(/?)([A-Za-z][\w.]{0,40}|\d)?[^<>\r\n]{0,200}>|\{\\[^{}\r\n]{0,200}\}")
_STYLE = re.compile(r"\{\\([bius])([01])?\}")
_LONGEST = 20_000  # characters of one cue
_FIELDS = 9  # of a Dialogue, before its text
_ENDS = re.compile(r"[。！？!?…—~～\]）)」”]\s*\Z")
_SPEAKS = re.compile(r"\s*(?:[-–—]|[^\s：:]{1,10}[：:])")


def rewrite_cues(source: str, swap: Swap) -> str:
    """SubRip and WebVTT."""
    if source.strip() and not any(map(_TIMES.match, source.splitlines())):
        raise UnreadableDocument("has no times such as 00:01:02,500 --> …: give its extension")
    return "".join(_cues(source, swap))


def _cues(source: str, swap: Swap) -> Iterator[str]:
    text: list[str] = []
    within = False
    for found in _LINES.finditer(source):
        line = found[0]
        if within and line.strip():
            text.append(line)
            continue
        if within:
            yield _rewritten("".join(text), "\n", swap)
            text = []
        within = bool(_TIMES.match(line))
        yield line
    yield _rewritten("".join(text), "\n", swap)


def rewrite_dialogues(source: str, swap: Swap) -> str:
    """SubStation Alpha."""
    if source.strip() and "[Script Info]" not in source and "Dialogue:" not in source:
        raise UnreadableDocument("has no [Script Info] inside: give it its right extension")
    return "".join(_dialogues(source, swap))


def _dialogues(source: str, swap: Swap) -> Iterator[str]:
    for found in _LINES.finditer(source):
        line = found[0]
        parts = line.split(",", _FIELDS)
        if line.startswith("Dialogue:") and len(parts) == _FIELDS + 1 and "\\p1" not in line:
            yield ",".join(parts[:_FIELDS]) + ","
            yield _rewritten(parts[_FIELDS], "\\N", swap)
        else:
            yield line


def _rewritten(text: str, line_end: str, swap: Swap) -> str:
    """A cue's text with its translation; `line_end` parts its lines."""
    if len(text) > _LONGEST:
        raise UnreadableDocument(f"has a text of more than {_LONGEST} characters: check its times")
    body = text.rstrip("\r\n")
    end = text[len(body) :]
    between = "\r\n" if line_end == "\n" and "\r\n" in body else line_end
    lines = re.split(r"\r\n|\n|\r", body) if line_end == "\n" else body.split("\\N")
    if len(lines) > 1 and _is_one_sentence(lines):
        new = _exchanged("".join(line.strip() for line in lines), swap, len(lines))
    else:
        new = _exchanged("\n".join(lines), swap, 1)
    return text if new is None else new.replace("\n", between) + end


def _is_one_sentence(lines: list[str]) -> bool:
    return all(HAN.search(line) and not _SPEAKS.match(line) for line in lines) and not any(
        _ENDS.search(_MARK.sub("", line)) for line in lines[:-1]
    )


def _exchanged(text: str, swap: Swap, lines: int) -> str | None:
    content, literals = _parsed(text)
    new = swapped(content, lambda given: _wrapped(given, swap(given), lines))
    if new is None:
        return None
    return "".join(piece if isinstance(piece, str) else literals[piece] for piece in new)


def _parsed(text: str) -> tuple[list[str | Tag], dict[Tag, str]]:
    content: list[str | Tag] = []
    literals: dict[Tag, str] = {}
    opened: list[tuple[str, int]] = []
    at = 0
    for key, found in enumerate(_MARK.finditer(text)):
        style = _STYLE.fullmatch(found[0])
        name = style[1] if style else found[2] or ""
        tag = Tag(key, "single")
        if found[1] or (style and style[2] in ("0", None)):
            if opened and opened[-1][0] == name:
                tag = Tag(opened.pop()[1], "closing")
        elif style or name:
            opened.append((name, key))
            tag = Tag(key, "opening")
        content += [text[at : found.start()], tag]
        literals[tag] = found[0]
        at = found.end()
    return [*content, text[at:]], literals


def _wrapped(given: str, new: str, lines: int) -> str:
    """The translation in as many lines of about one length."""
    if new == given or lines < 2:
        return new
    words = new.split(" ")
    lengths = [len(re.sub(r"</?[gx]\d+/?>", "", word)) + 1 for word in words]
    share = sum(lengths) / lines
    turns, done, pieces = 1, lengths[0], [words[0]]
    for word, length in zip(words[1:], lengths[1:], strict=True):
        turn = turns < lines and done + length / 2 >= share * turns
        turns += turn
        done += length
        pieces += ["\n" if turn else " ", word]
    return "".join(pieces)


CUES = Family(
    extensions=(".srt", ".vtt"), media_type="text/plain", rewrite=text_rewriter(rewrite_cues)
)
DIALOGUES = Family(
    extensions=(".ass", ".ssa"), media_type="text/plain", rewrite=text_rewriter(rewrite_dialogues)
)
