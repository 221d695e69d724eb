"""Symbols that a vocabulary's makers defined, and users who write them."""

from __future__ import annotations

from pathlib import Path

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tokenizers.control import without_control
from pipeline.tokenizers.sentencepiece import SentencePieceTokenizer
from tests.bundles import MASKS, VOCABULARIES

FIREFOX = Path(__file__).parents[2] / "data" / "imports" / "marian" / "vocab.zhen.spm"
SYMBOLS = ("__source__", "__target__", "__done__", "__start__", "__end__")
IDS = range(2, 7)
RAW = sentencepiece.SentencePieceProcessor(model_file=str(FIREFOX))
TOKENIZER = SentencePieceTokenizer(FIREFOX, FIREFOX)


def defined(folder: Path, *symbols: str) -> Path:
    """A small vocabulary with symbols of its makers."""
    text = folder / "text"
    text.write_text("ab cd ef gh\n他说，是的\n" * 20, encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(folder / "trained"),
        vocab_size=290 + len(symbols),
        hard_vocab_limit=False,
        byte_fallback=True,
        bos_id=-1,
        eos_id=0,
        unk_id=1,
        user_defined_symbols=list(symbols),
        minloglevel=2,
    )
    return folder / "trained.model"


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_users_text_is_never_a_symbol(symbol: str) -> None:
    assert set(IDS) & set(RAW.encode(f"我们{symbol}的时间"))  # without us it would be
    for text in (symbol, f"我们{symbol}的时间", f"{symbol}{symbol}", f" {symbol} a"):
        ids = TOKENIZER.encode(text)
        assert not set(IDS) & set(ids)
        assert TOKENIZER.count(text) == len(ids)
        assert TOKENIZER.decode(ids) == text.strip()


@given(st.lists(st.sampled_from([*SYMBOLS, "_", "__", "我", "a", " ", "start", "ＡＢ"])))
def test_no_text_reaches_a_symbol(parts: list[str]) -> None:
    assert not set(IDS) & set(TOKENIZER.encode("".join(parts)))


def test_no_answer_shows_a_symbol() -> None:
    ids = RAW.encode("我们的时间")
    assert TOKENIZER.decode([5, *ids[:2], 3, *ids[2:], 6]) == "我们的时间"


@given(st.text(max_size=40))
def test_other_texts_have_the_ids_of_their_makers(text: str) -> None:
    if not any(symbol in RAW.normalize(text) for symbol in SYMBOLS):
        assert TOKENIZER.encode(text) == RAW.encode(text)


def test_full_width_signs_are_folded_as_the_model_learnt_them() -> None:
    assert TOKENIZER.encode("ＡＢＣ，１") == TOKENIZER.encode("ABC,1")
    assert TOKENIZER.reads("的")
    assert TOKENIZER.reads("，")
    assert not TOKENIZER.reads("𠮷")  # nothing but bytes stand for it
    assert not TOKENIZER.reads("⁶")  # folded into 6


def test_bytes_are_decoded_together() -> None:
    ids = TOKENIZER.encode("𠮷")
    assert [RAW.id_to_piece(i) for i in ids[-4:]] == ["<0xF0>", "<0xA0>", "<0xAE>", "<0xB7>"]
    assert TOKENIZER.decode(ids) == "𠮷"
    assert TOKENIZER.decode(ids[:-1]) == ""


def test_mask_symbols_are_kept() -> None:
    path = VOCABULARIES / "source.spm"
    assert len(SentencePieceTokenizer(path, path, MASKS).encode("⟦0⟧")) < 3
    without = SentencePieceTokenizer(path, path)
    assert without.decode(without.encode("⟦0⟧")) == "⟦0⟧"
    assert len(without.encode("⟦0⟧")) >= 3


def test_signs_and_words_that_were_defined_stay_text(tmp_path: Path) -> None:
    path = defined(tmp_path, "……", "iPhone", "<mask>", "▁>>eng<<", "😀")
    tokenizer = SentencePieceTokenizer(path, path)
    raw = sentencepiece.SentencePieceProcessor(model_file=str(path))
    for text in ("他说……", "iPhone", "😀"):
        assert tokenizer.encode(text) == raw.encode(text)
        assert tokenizer.decode(tokenizer.encode(text)) == text
    for text in ("<mask>", "a <mask> b", ">>eng<<"):
        assert tokenizer.encode(text) != raw.encode(text)
        assert tokenizer.decode(tokenizer.encode(text)) == text


@given(st.binary(max_size=60))
def test_what_is_no_model_stays_as_it_is(data: bytes) -> None:
    broken = b"\x0a" + data + b"\x18\x04"
    assert len(without_control(broken, ())) == len(broken)
    cut = FIREFOX.read_bytes()[: 5000 + len(data)]
    assert len(without_control(cut, ())) == len(cut)
