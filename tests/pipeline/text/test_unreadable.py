"""What a vocabulary cannot say, by the default model's own vocabulary."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.prepare import Preprocessor
from pipeline.text.prepared import Prepared
from pipeline.text.protect import Found, find
from pipeline.text.unreadable import Unreadable
from pipeline.tokenizers.sentencepiece import SentencePieceTokenizer
from tests.bundles import MASKS, VOCABULARIES

TOKENIZER = SentencePieceTokenizer(VOCABULARIES / "source.spm", VOCABULARIES / "target.spm", MASKS)
UNREADABLE = Unreadable(TOKENIZER.reads)


def kept(prepared: Prepared) -> list[str]:
    return [span.text for unit in prepared.units for span in unit.protected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("안녕하세요，我是中国人。", ["안녕하세요"]),
        ("Привет мир，你好。", ["Привет мир"]),
        ("Dvořák的作品和Łódź。", ["Dvořák", "Łódź"]),
        ("第Ⅲ期，½杯，№5。", ["Ⅲ", "½", "№"]),
        ("面积是x²。", ["x²"]),
        ("先①苹果；②香蕉。", ["①", "②"]),
        ("误差±很小。", ["±"]),
        ("很ｇｏｏｄ，１２３。", []),
        ("很好é，Müller。", []),
        ("今天很好。", []),
    ],
)
def test_words_and_signs_come_back_letter_for_letter(
    text: str, expected: list[str], preprocessor: Preprocessor
) -> None:
    assert kept(preprocessor.prepare(text)) == expected


@pytest.mark.parametrize(
    ("text", "rare"),
    [
        ("𠮷野家开门了。", True),
        ("喆哥来了。", True),
        ("柬埔寨很热。", False),
        ("二〇二六年。", False),
        ("人々很好。", False),
    ],
)
def test_rare_han_makes_a_translation_doubtful(
    text: str, rare: bool, preprocessor: Preprocessor
) -> None:
    (unit,) = preprocessor.prepare(text).units
    assert unit.warnings == (("rare",) if rare else ())
    assert kept(preprocessor.prepare(text)) == []


TEXTS = st.text(alphabet="中文aZé1 ²①ⅢřŁ한ラП±★👍{}<b>/`。，\n𠮷々", max_size=60)


@given(TEXTS)
def test_spans_are_in_order_and_none_touches_another_kind(text: str) -> None:
    before = find(text)
    spans = UNREADABLE.spans(text, before)
    assert all(span in spans for span in before)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    outside = [span for span in spans if span not in before]
    assert all(span.kind == "foreign" for span in outside)
    assert UNREADABLE.spans(text, spans) == spans


def test_a_span_that_is_there_already_is_left_alone() -> None:
    text = "看±5℃的ř"
    assert UNREADABLE.spans(text, [Found(1, 4, "figure")]) == [
        Found(1, 4, "figure"),
        Found(5, 6, "foreign"),
    ]
