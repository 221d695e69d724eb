from __future__ import annotations

from pathlib import Path

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BundleError
from pipeline.tokenizers import Tokenizer, load_tokenizer
from pipeline.tokenizers.sentencepiece import SentencePieceTokenizer
from tests.bundles import MASKS, VOCABULARIES, text_bundle

TARGET_SIZE = 8000
TARGET = sentencepiece.SentencePieceProcessor(model_file=str(VOCABULARIES / "target.spm"))
TOKENIZER = SentencePieceTokenizer(VOCABULARIES / "source.spm", VOCABULARIES / "target.spm", MASKS)
BYTE_IDS = range(10, 266)  # <0x00> … <0xFF> in the target vocabulary of tests/data


def target_ids(text: str) -> list[int]:
    ids: list[int] = TARGET.encode(text)
    return ids


def test_source_text_has_no_end_symbol_and_symbols_in_it_are_plain_text(
    tokenizer: Tokenizer,
) -> None:
    ids = tokenizer.encode("</s><unk><0x0A>你好")
    assert not {0, 1} & set(ids)
    assert tokenizer.count("</s><unk><0x0A>你好") == len(ids)


def test_mask_symbols_are_one_token(tokenizer: Tokenizer) -> None:
    assert [i for i in tokenizer.encode("在⟦0⟧和⟦7⟧之间") if i < 10] == [2, 9]
    assert tokenizer.decode([2, 9]) == "⟦0⟧⟦7⟧"


@pytest.mark.parametrize(
    "text", ["How are you?", "The iPhone is good.", "Price &lt;100 yuan", "naïve 東京 😀", "(a, b)"]
)
def test_target_text_survives_the_round_trip(text: str, tokenizer: Tokenizer) -> None:
    assert tokenizer.decode(target_ids(text)) == text


def test_ids_that_stand_for_no_text_are_left_out(tokenizer: Tokenizer) -> None:
    ids = target_ids("How are you?")
    assert (
        tokenizer.decode([0, 1, -1, *ids[:2], TARGET_SIZE, 10**30, 1, *ids[2:], 0])
        == "How are you?"
    )


def test_bytes_that_form_no_character_are_left_out(tokenizer: Tokenizer) -> None:
    you = [BYTE_IDS[byte] for byte in "你".encode()]
    assert tokenizer.decode(you) == "你"
    assert tokenizer.decode([*you[:2], *target_ids("good"), you[2], *you, *you[:1]]) == "good你"


@given(st.lists(st.sampled_from([*BYTE_IDS, 0, 1, 2, 300, 7999]), max_size=30))
def test_no_replacement_character_comes_from_broken_bytes(ids: list[int]) -> None:
    real = bytes(BYTE_IDS.index(i) for i in ids if i in BYTE_IDS)
    if b"\xef\xbf\xbd" not in real:
        assert "\ufffd" not in TOKENIZER.decode(ids)


def test_a_file_that_is_no_vocabulary_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.spm").write_bytes(b"not a model")
    with pytest.raises(BundleError, match=r"bad\.spm.*rebuild"):
        SentencePieceTokenizer(tmp_path / "bad.spm", VOCABULARIES / "target.spm")


def test_a_bundle_names_its_vocabularies(tmp_path: Path, tokenizer: Tokenizer) -> None:
    assert load_tokenizer(text_bundle(tmp_path)).encode("你好") == tokenizer.encode("你好")
