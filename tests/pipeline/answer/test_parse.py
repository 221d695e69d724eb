from __future__ import annotations

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from pipeline.answer.parse import Parsed, Parser
from pipeline.answer.translation import Part
from pipeline.decode.options import Hypothesis
from pipeline.tokenizers import Tokenizer
from pipeline.tokenizers.sentencepiece import SentencePieceTokenizer
from tests.bundles import MASKS, VOCABULARIES

TARGET = sentencepiece.SentencePieceProcessor(model_file=str(VOCABULARIES / "target.spm"))
SIZE = 8000
PARSER = Parser(
    SentencePieceTokenizer(VOCABULARIES / "source.spm", VOCABULARIES / "target.spm", MASKS), 1, 0
)


@pytest.fixture(scope="module")
def parser(tokenizer: Tokenizer) -> Parser:
    return Parser(tokenizer, unknown_id=1, end_id=0)


def part(text: str, tokens: int = 20) -> Part:
    return Part(text, tuple(range(300, 300 + tokens)))


def hypothesis(text: str, finished: bool = True) -> Hypothesis:
    return Hypothesis(tuple(TARGET.encode(text)), score=-0.5, steps=9, finished=finished)


@pytest.mark.parametrize(
    "text",
    [
        "How are you?",
        "The number is 1,000,000,000,000,000.",
        "Format YYYYMMDD with #XXXX",
        "very, very, very good",
        "- - - - -",
        "He came, he saw, he won.",
    ],
)
def test_ordinary_text_passes(text: str, parser: Parser) -> None:
    assert parser.parse(part("你好吗？"), hypothesis(text)) == Parsed(text, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I like salad" + " salad" * 40, "I like salad"),
        ("The end" + " of the world" * 20 + ".", "The end of the world."),
        ("Good. " + "(applause) " * 15, "Good. (applause)"),
        ("It is" + " not that he was here but that" * 4, "It is not that he was here but that"),
        ("A man 's" + " 's" * 12 + " '1639 years", "A man 's '1639 years"),
        ("A line" + " ." * 40, "A line ."),
    ],
)
def test_loops_are_taken_out_and_flagged(text: str, expected: str, parser: Parser) -> None:
    assert parser.parse(part("我喜欢沙拉", 60), hypothesis(text)) == Parsed(expected, ("loop",))


def test_a_source_that_repeats_itself_may_be_repeated(parser: Parser) -> None:
    laughter = " ".join(["ha"] * 7)
    assert parser.parse(part("哈哈哈哈哈哈哈"), hypothesis(laughter)) == Parsed(laughter, ())
    assert "loop" in parser.parse(part("哈哈"), hypothesis(laughter)).warnings


def test_endless_laughter_is_cut_and_flagged(parser: Parser) -> None:
    parsed = parser.parse(part("哈" * 500, 60), hypothesis(" ".join(["ha"] * 60), finished=False))
    assert parsed == Parsed(" ".join(["ha"] * 8), ("truncated", "loop"))


def test_an_unfinished_hypothesis_is_truncated(parser: Parser) -> None:
    assert parser.parse(part("你好"), hypothesis("How are", finished=False)) == Parsed(
        "How are", ("truncated",)
    )


def test_the_unknown_symbol_is_taken_out_and_flagged(parser: Parser) -> None:
    ids = (1, *hypothesis("How are").ids, 1)
    assert parser.parse(part("你好"), Hypothesis(ids, -1.0, 4)) == Parsed("How are", ("unknown",))


def test_far_too_long_is_flagged(parser: Parser) -> None:
    text = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen twenty"
    text += " thirty forty fifty"
    assert parser.parse(part("一", 1), hypothesis(text)) == Parsed(text, ("long",))


def test_what_follows_an_end_symbol_is_ignored(parser: Parser) -> None:
    ids = (*hypothesis("How are").ids, 0, *hypothesis("you").ids)
    assert parser.parse(part("你好"), Hypothesis(ids, -1.0, 4)) == Parsed("How are", ())


@pytest.mark.parametrize(
    "ids", [(), (0,), (1, 1), (266 - 128,), (-5, 10**9), (TARGET.piece_to_id("▁"),)]
)
def test_nothing_left_is_empty(ids: tuple[int, ...], parser: Parser) -> None:
    parsed = parser.parse(part("你好"), Hypothesis(ids, 0.0, 1))
    assert parsed.text == ""
    assert "empty" in parsed.warnings


ANY_ID = st.one_of(
    st.integers(-5, 300),
    st.integers(SIZE - 5, SIZE + 5),
    st.integers(),
    st.sampled_from([268, 269]),
)


@given(st.lists(ANY_ID, max_size=200), st.text(max_size=40), st.booleans())
def test_any_ids_give_one_line_of_clean_text(ids: list[int], source: str, finished: bool) -> None:
    parsed = PARSER.parse(part(source, 5), Hypothesis(tuple(ids), 0.0, len(ids), finished))
    text = parsed.text
    assert text == " ".join(text.split())
    assert "\ufffd" not in text
    assert "\0" not in text
    text.encode("utf-8")
    assert set(parsed.warnings) <= {"truncated", "loop", "unknown", "long", "empty"}
    assert ("empty" in parsed.warnings) == (text == "")


@given(
    st.lists(st.integers(300, 303), min_size=1, max_size=6),
    st.integers(16, 40),
    st.lists(st.integers(310, 340)),
)
def test_every_loop_is_cut(phrase: list[int], rounds: int, before: list[int]) -> None:
    ids = (*before, *phrase * rounds)
    assert "loop" in PARSER.parse(part("你好", 100), Hypothesis(ids, 0.0, len(ids))).warnings
