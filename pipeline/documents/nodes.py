"""A paragraph's content as a tree of texts and marks, and less of it that says the same.

1. Pairs are put within pairs; what crosses, or has no partner, stands alone.
2. What a translation does not need to see is taken away: marks around the whole, a pair around
   another, marks that touch.
3. A pair around no Chinese is one mark with its text; but Chinese punctuation at its edges is the
   sentence's, and stands outside of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.text.normalise import HAN
from pipeline.text.patterns.pattern import MARKS

_DEEPEST = 32  # pairs within pairs; deeper ones are marks that stand alone


Side = Literal["opening", "closing", "single"]


@dataclass(frozen=True, slots=True)
class Tag:
    """A mark; `key` names what it is to the family, both tags of a pair have the same.

    A mark that is a `word` of the sentence stays in it: code, a formula, what a program fills in.
    """

    key: int
    side: Side
    word: bool = False


Content = Sequence[str | Tag]


@dataclass(slots=True)
class Single:
    """What stands alone: tags, and text that stays as it is."""

    content: list[str | Tag]

    @property
    def wordless(self) -> bool:
        return not any(isinstance(piece, str) or piece.word for piece in self.content)


@dataclass(slots=True)
class Pair:
    opening: list[str | Tag]
    inside: list[Node]
    closing: list[str | Tag]


Node = str | Single | Pair


def visible(content: Iterable[str | Tag]) -> str:
    return "".join(piece for piece in content if isinstance(piece, str))


def parsed(content: Content) -> list[Node]:
    """Pairs within pairs; a tag without its partner, or that crosses a pair, stands alone."""
    partners = _partners(content)
    levels: list[list[Node]] = [[]]
    for place, piece in enumerate(content):
        if isinstance(piece, str):
            if piece:
                levels[-1].append(piece)
        elif place not in partners:
            levels[-1].append(Single([piece]))
        elif piece.side == "opening":
            levels.append([])
        else:
            inside = levels.pop()
            levels[-1].append(Pair([content[partners[place]]], inside, [piece]))
    return levels[0]


def _partners(content: Content) -> dict[int, int]:
    """The place of the other tag of each pair that is properly nested."""
    opened: list[tuple[int, int]] = []
    waiting: set[int] = set()
    partners: dict[int, int] = {}
    for place, piece in enumerate(content):
        if isinstance(piece, str) or piece.side == "single":
            continue
        if piece.side == "opening" and len(opened) < _DEEPEST:
            opened.append((piece.key, place))
            waiting.add(piece.key)
        elif piece.side == "closing" and piece.key in waiting:
            while opened:
                key, start = opened.pop()
                waiting.discard(key)
                if key == piece.key:
                    partners |= {place: start, start: place}
                    break
    return partners


def simplified(nodes: Sequence[Node]) -> list[Node]:
    """Fewer nodes that say the same (see the module's second point)."""
    simple: list[Node] = []
    for given in nodes:
        for node in _simplified_pair(given) if isinstance(given, Pair) else [given]:
            last = simple[-1] if simple else None
            if isinstance(node, Single) and isinstance(last, Single):
                last.content += node.content
            elif isinstance(node, str) and isinstance(last, str):
                simple[-1] = last + node
            else:
                simple.append(node)
    return simple


def _simplified_pair(pair: Pair) -> list[Node]:
    nodes = simplified(pair.inside)
    if not HAN.search(visible(flat(nodes))):
        return _without_text(pair, nodes)
    before, inside, after = core(nodes)
    if not visible([*before, *after]):
        return [Pair([*pair.opening, *before], inside, [*after, *pair.closing])]
    return [Pair(pair.opening, nodes, pair.closing)]


def _without_text(pair: Pair, nodes: list[Node]) -> list[Node]:
    """A pair around no Chinese as one mark; punctuation at its edges stands outside."""
    first = nodes[0] if nodes else None
    left = first[: len(first) - len(first.lstrip(MARKS))] if isinstance(first, str) else ""
    nodes = [first[len(left) :], *nodes[1:]] if isinstance(first, str) else nodes
    last = nodes[-1] if nodes else None
    right = last[len(last.rstrip(MARKS)) :] if isinstance(last, str) else ""
    nodes = [*nodes[:-1], last[: len(last) - len(right)]] if isinstance(last, str) else nodes
    inside = [piece for piece in flat(nodes) if piece]
    mark = Single([*pair.opening, *inside, *pair.closing])
    return [node for node in (left, mark, right) if node]


def core(nodes: Sequence[Node]) -> tuple[list[str | Tag], list[Node], list[str | Tag]]:
    """The nodes without what stands around all of their words, and that, before and after."""
    start, end = 0, len(nodes)
    while start < end and _edge(nodes[start]):
        start += 1
    while end > start and _edge(nodes[end - 1]):
        end -= 1
    before, words, after = list(flat(nodes[:start])), nodes[start:end], list(flat(nodes[end:]))
    if len(words) == 1 and isinstance(words[0], Pair):
        inner, nodes, outer = core(words[0].inside)
        return [*before, *words[0].opening, *inner], nodes, [*outer, *words[0].closing, *after]
    return before, list(words), after


def _edge(node: Node) -> bool:
    return (isinstance(node, str) and not node.strip()) or (
        isinstance(node, Single) and node.wordless
    )


def flat(nodes: Iterable[Node]) -> Iterator[str | Tag]:
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif isinstance(node, Single):
            yield from node.content
        else:
            yield from (*node.opening, *flat(node.inside), *node.closing)
