"""Marks come back from any translation well-formed, and no text is lost."""

from __future__ import annotations

import re
from itertools import count
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.documents.base import swapped_in_spans
from pipeline.documents.inline import Content, Tag, swapped
from pipeline.text.normalise import HAN

_PIECE = re.compile(r"<(?P<closing>/?)(?P<name>\w)(?P<single>/?)>|(?P<text>[^<]+)")


def content(written: str) -> list[str | Tag]:
    """`请<b>保存</b><x/>` as content; the key of a tag is its letter."""
    return [
        piece["text"]
        or Tag(
            ord(piece["name"]),
            "single" if piece["single"] else "closing" if piece["closing"] else "opening",
        )
        for piece in _PIECE.finditer(written)
    ]


def written(pieces: Content) -> str:
    return "".join(
        piece
        if isinstance(piece, str)
        else f"<{'/' * (piece.side == 'closing')}{chr(piece.key)}{'/' * (piece.side == 'single')}>"
        for piece in pieces
    )


def text_of(source: str) -> str:
    seen: list[str] = []

    def swap(text: str) -> str:
        seen.append(text)
        return text

    swapped(content(source), swap)
    return seen[0]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<b>你好</b>", "你好"),  # marks around the whole
        ("<b><i>你好</i></b><x/>", "你好"),
        (" <x/>你好 ", "你好 "),
        ("请<b><i>保存</i></b>", "请<g1>保存</g1>"),  # a pair around a pair
        ("用<b>Python</b>写", "用<x1/>写"),  # no Chinese in it
        ("用<b>“Python”，</b>写", "用“<x1/>”，写"),  # but Chinese punctuation, which is outside
        ("请<b>保存</b><i>。</i>", "请<g1>保存</g1>。"),
        ("你好<b><i>，</i></b>世界", "你好，<x1/>世界"),
        ("你好<b> </b>世界", "你好<x1/>世界"),
        ("请<x/><y/>保存", "请<x1/>保存"),  # marks that touch
        ("请<b><x/>保存<y/></b>吧", "请<g1>保存</g1>吧"),
        ("请<b>保存", "请<x1/>保存"),  # without a partner
        ("请<b>保<i>存</b>文</i>件", "请<g1>保<x2/>存</g1>文<x3/>件"),  # crossed
    ],
)
def test_the_text_has_the_marks_that_it_needs(source: str, text: str) -> None:
    assert text_of(source) == text


def test_marks_that_the_text_has_itself_are_not_ours() -> None:
    source: list[str | Tag] = ["写<g1>和<x2/>，", Tag(1, "single"), "保存"]
    seen: list[str] = []

    def swap(text: str) -> str:
        seen.append(text)
        return "write <g1> and <x2/>, <x3/> save"

    new = swapped(source, swap)
    assert seen == ["写<g1>和<x2/>，<x3/>保存"]
    assert new == ["write <g1> and <x2/>, ", Tag(1, "single"), " save"]


def test_without_chinese_or_a_change_there_is_nothing_new() -> None:
    assert swapped(content("a<b>c</b>"), str.upper) is None
    assert swapped(content("请<b>保存</b>"), lambda text: text) is None


@pytest.mark.parametrize(
    ("translation", "mended"),
    [
        ("<g1>save</g1> it<x2/>!", "<b>save</b> it<x/>!"),
        ("save</g1> it<x2/>", "<b>save</b> it<x/>"),  # the word beside a mark that is left
        ("please <g1>save it<x2/>", "please <b>save</b> it<x/>"),
        ("save it", "save it<x/>"),  # what is lost comes last, or is gone
        ("<g1>a</g1> <g1>b</g1><x2/><x2/>", "<b>a</b> b<x/>"),  # doubled
        ("</g1>a <g1>b<x2/>", "a <b>b</b><x/>"),  # the wrong way round
        ("<g1></g1>a<x2/>", "a<x/>"),  # around nothing
        ("<g1> a </g1>b<x2/>", "<b>a</b> b<x/>"),  # blanks stand outside
        ("a<g9>b</g9><x2/>", "a<g9>b</g9><x/>"),  # another's
    ],
)
def test_what_a_translation_did_to_its_marks_is_mended(translation: str, mended: str) -> None:
    new = swapped(content("请<b>保存</b>文<x/>件"), lambda _: translation)
    assert new is not None
    assert written(new) == mended


def test_punctuation_in_a_style_of_its_own_is_translated() -> None:
    new = swapped(content("看<b>手册</b><i>。</i>"), lambda _: "See the <g1>manual</g1>.")
    assert written(new or []) == "See the <b>manual</b>.<i></i>"


def test_pairs_that_cross_are_closed_in_order() -> None:
    new = swapped(content("<a>一</a>二<b>三</b>"), lambda _: "<g1>x<g2>y</g1>z</g2>")
    assert new is not None
    assert written(new) == "<a>x<b>y</b></a>z"


def test_sentences_that_a_mark_joined_are_apart() -> None:
    new = swapped(content("<b>注意。</b>保存"), lambda _: "<g1>Note.</g1>Save")
    assert new is not None
    assert written(new) == "<b>Note.</b> Save"
    new = swapped(content("文件a.<b>txt保</b>存"), lambda _: "file a.<g1>txt</g1>")
    assert new is not None
    assert written(new) == "file a.<b>txt</b>"  # as the source has it


def test_text_in_a_mark_that_is_lost_is_not() -> None:
    new = swapped(content("用<b>Python</b>写"), lambda _: "write it")
    assert new is not None
    assert written(new) == "write it <b>Python</b>"


_WORDS = st.sampled_from(["请", "保存", "文件。", "a", " ", "Py", ".", "，", "\n"])
_MARKS = st.sampled_from(
    [f"<{kind}>" for n in range(1, 5) for kind in (f"g{n}", f"/g{n}", f"x{n}/")]
)


@st.composite
def contents(draw: st.DrawFn, depth: int = 3) -> list[str | Tag]:
    """Balanced content; each mark has a key of its own."""
    pieces: list[str | Tag] = []
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.integers(0, 3 if depth else 2))
        if kind == 2:
            pieces.append(Tag(0, "single"))
        elif kind == 3:
            inside = draw(contents(depth - 1))
            pieces += [Tag(0, "opening"), *inside, Tag(0, "closing")]
        else:
            pieces.append(draw(_WORDS))
    return numbered(pieces)


def numbered(pieces: Content) -> list[str | Tag]:
    keys, opened, new = count(), list[int](), list[str | Tag]()
    for piece in pieces:
        if isinstance(piece, str):
            new.append(piece)
            continue
        key = opened.pop() if piece.side == "closing" else next(keys)
        if piece.side == "opening":
            opened.append(key)
        new.append(Tag(key, piece.side))
    return new


def is_balanced(pieces: Content) -> bool:
    opened: list[int] = []
    for piece in pieces:
        if isinstance(piece, Tag) and piece.side == "opening":
            opened.append(piece.key)
        elif (
            isinstance(piece, Tag)
            and piece.side == "closing"
            and (not opened or opened.pop() != piece.key)
        ):
            return False
    return not opened


def visible(text: str) -> str:
    return re.sub(r"\s", "", text)


@given(contents(), st.lists(st.one_of(_MARKS, _WORDS), max_size=12))
def test_any_translation_gives_balanced_content_with_all_of_its_text(
    source: list[str | Tag], translation: list[str]
) -> None:
    given_text: list[str] = []

    def swap(text: str) -> str:
        given_text.append(text)
        return "".join(translation)

    new = swapped(source, swap)
    if new is None:
        return
    assert is_balanced(new)
    tags = [piece for piece in new if isinstance(piece, Tag)]
    assert len(tags) == len(set(tags))
    singles = {piece for piece in source if isinstance(piece, Tag) and piece.side == "single"}
    assert singles <= set(tags)
    ours = set(re.findall(r"</?[gx]\d+/?>", given_text[0]))
    words = "".join(piece for piece in translation if piece not in ours)
    left = visible("".join(piece for piece in new if isinstance(piece, str)))
    for character in visible(words):  # in order, with what the marks held between
        assert character in left
        left = left[left.index(character) + 1 :]


@given(contents(), st.lists(st.integers(0, 30), max_size=8), st.randoms())
def test_marks_that_are_dropped_and_moved_leave_balanced_content(
    source: list[str | Tag], dropped: list[int], random: Random
) -> None:
    def swap(text: str) -> str:
        pieces = re.split(r"(</?[gx]\d+/?>)", HAN.sub("w", text))
        pieces = [piece for place, piece in enumerate(pieces) if place not in dropped]
        random.shuffle(pieces)
        return "".join(pieces) + "."

    new = swapped(source, swap)
    assert new is None or is_balanced(new)


@given(contents(), st.lists(st.one_of(_MARKS, _WORDS), max_size=12))
def test_spans_around_every_word_change_nothing_of_that(
    source: list[str | Tag], translation: list[str]
) -> None:
    def look(tag: Tag) -> str:
        return "ab"[tag.key % 2]

    new = swapped_in_spans(source, look, lambda _: "".join(translation))
    if new is not None:
        assert is_balanced(new)
        singles = {piece for piece in source if isinstance(piece, Tag) and piece.side == "single"}
        assert singles <= set(new)


def test_many_marks_take_linear_time() -> None:
    source = content("".join(f"{'保' * 3}<x/>" for _ in range(2000)))
    deep = [*(Tag(key, "opening") for key in range(20_000)), "保存"]
    deep += [Tag(key, "closing") for key in reversed(range(20_000))]
    assert swapped(deep, lambda _: "save") is not None
    assert swapped(source, lambda text: HAN.sub("w", text)) is not None
