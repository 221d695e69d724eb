"""The patterns' own examples, and the time that hostile texts take."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from itertools import product

import pytest

from pipeline.text.normalise import Normaliser
from pipeline.text.patterns import PATTERNS, Pattern
from pipeline.text.protect import find
from pipeline.text.sentences import sentences

FINDS = [(pattern.kind, example) for pattern in PATTERNS for example in pattern.finds]
LEAVES = [example for pattern in PATTERNS for example in pattern.leaves]

# What patterns begin with, repeat and end with; each is repeated to a long line.
ATOMS = [
    *("1", "1,111", "1.", "1 ", "1-", "±1", "10²", "1:", "+1 ", "978-", "AB12-", "GB ", "ISBN "),
    *("(", ")", "((", "[", "](", "[a](b) ", "{", "{{", "{a,plural,one{", "{#", "{\\a}", "<", "<a "),
    *(
        '{"a',
        'f("a',
        '["a",',
        "<a b=",
        "<a b='c' ",
        "<1",
        "<!-",
        "，",
        "“",
        "、",
        "…",
        "'",
        '"',
        "\\",
        "\\\\a",
        "\\N",
        "A:\\",
    ),
    *(
        " ",
        "\u3000",
        "\t",
        " -",
        " |",
        "a ",
        "好 ",
        "好\u3000",
        "a",
        "A",
        "a_",
        "__",
        "a.",
        "a/",
        "/",
    ),
    *(
        "aB",
        "a@",
        "a-",
        "--a",
        "a(",
        "a:b",
        "$a",
        "$",
        "%",
        "%-",
        "%(",
        "%<a>",
        "2024-01-02T03:04:",
        "%Y-",
        "%d",
        "@:",
        "#F",
        "##",
        "&#",
    ),
    *("http://", "http://a(", "http://a/好", "http://好.", "好@", "好/", "/好", "A:\\好", "a='好'"),
    *("`", "``", "` a", "~", "*", "**", "* a", "_a", "|", "|-", "// 好", "*/ ", "￥", "¥1", "京A"),
    *("😀", "★", "\u200d", "①", "α", "→", "a→", "⟦", "\ue000", "⿰", "（", "（ ", "一、", "A. "),
]
ENDS = [
    ("x ", "万"),
    ("￥", "万"),
    ("http://", "好"),
    ('"', '"'),
    ("|", "|-"),
    ("// ", "*/"),
    ("x", " 好"),
]


def seconds(work: Callable[[str], object], text: str) -> float:
    start = time.process_time()
    work(text)
    return time.process_time() - start


def cut(text: str) -> int:
    return sum(1 for _ in sentences(text, "on", find(text)))


def joined(text: str) -> int:
    return sum(1 for _ in sentences(text, "nonewlines"))


def assert_linear(work: Callable[[str], object], atom: str, head: str, tail: str, n: int) -> None:
    """Twice the text takes at most about twice the time; four times as long would be quadratic."""

    def text(length: int) -> str:
        return head + atom * (length // len(atom)) + tail

    for _ in range(3):  # another process may have been in the way
        double = seconds(work, text(2 * n))
        if double < 0.01 or double < 3 * seconds(work, text(n)):
            return
    pytest.fail(f"{head!r} + {atom!r} * n + {tail!r}: {double:.3f} s for {2 * n} characters")


@pytest.mark.parametrize(("kind", "example"), FINDS)
def test_an_example_is_found_as_it_is_marked(kind: str, example: str) -> None:
    text = re.sub("[⟪⟫]", "", example)
    marked = re.findall("⟪(.*?)⟫", example)
    assert marked
    assert [(text[span.start : span.end], span.kind) for span in find(text)] == [
        (span, kind) for span in marked
    ]


@pytest.mark.parametrize("example", LEAVES)
def test_a_counter_example_is_left(example: str) -> None:
    assert find(example) == []


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.expression[:40])
def test_a_pattern_takes_linear_time(pattern: Pattern) -> None:
    expression = re.compile(pattern.expression, re.ASCII)
    for atom, tail in product(ATOMS, ("万", '"')):
        assert_linear(
            lambda text: sum(1 for _ in expression.finditer(text)), atom, "￥", tail, 4000
        )


@pytest.mark.parametrize(("head", "tail"), ENDS)
def test_all_that_is_looked_for_takes_linear_time(head: str, tail: str) -> None:
    for atom in ATOMS:
        assert_linear(cut, atom, head, tail, 2000)


@pytest.mark.parametrize(
    "atom",
    ["\n", "\r\n", "\n```a\n", "\n> ", "\n~~~", "$$\n", "<script>\n", "\u2028", "}\n", "\n|-"],
)
def test_many_lines_take_linear_time(atom: str) -> None:
    normalise = Normaliser().normalise
    for tail in ("好", "```", "\n|-|-"):
        assert_linear(cut, atom, "x", tail, 4000)
        assert_linear(joined, atom, "x", tail, 4000)
        assert_linear(normalise, atom, "x", tail, 50_000)
        assert_linear(normalise, " ", "x", atom + tail, 50_000)
