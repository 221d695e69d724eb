"""What cannot be run exactly, or is damaged, is refused in one line that names file and remedy."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import UserError
from quantize.__main__ import main
from quantize.sources import open_source
from tests.quantize.sources.ctranslate2.files import rewrite
from tests.quantize.sources.ctranslate2.models import model

ONE, TABLE = np.int8(1), np.zeros((5, 8), np.float32)
INFINITE, SHORT = np.full((9, 16), np.inf, np.float32), np.zeros((1, 16), np.float32)
LAYER = "encoder/layer_0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return model("opus", tmp_path)


def refused(folder: Path, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        open_source(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name,value,message",
    [
        (f"{LAYER}/self_attention/rotary_dim", np.int32(8), "rotary positions"),
        (f"{LAYER}/self_attention/relative_position_keys", TABLE, "relative positions"),
        (f"{LAYER}/self_attention/relative_attention_bias", TABLE, "relative positions"),
        (f"{LAYER}/self_attention/relative_asymmetric_position_keys", TABLE, "relative positions"),
        (f"{LAYER}/self_attention/num_heads_kv", np.int32(1), "grouped-query attention"),
        (f"{LAYER}/self_attention/head_dim", np.int32(4), "heads of another size"),
        (f"{LAYER}/self_attention/queries_scale", np.float32(1), "queries of another scale"),
        (f"{LAYER}/self_attention/q_norm/gamma", TABLE[0], "normalised queries"),
        (f"{LAYER}/self_attention/k_norm/gamma", TABLE[0], "normalised keys"),
        (f"{LAYER}/input_layer_norm/gamma", TABLE[0], "before and after a sublayer"),
        (f"{LAYER}/ffn/linear_0/weight_zero", TABLE, "AWQ"),
        (f"{LAYER}/ffn/layer_norm/layer_norm_use_residual", ONE, r"1 \+ its weight"),
        (f"{LAYER}/ffn/something_new/weight", TABLE, "something_new/weight is not known here"),
        ("encoder/embeddings_1/weight", TABLE, "several embeddings"),
        ("encoder/sliding_window", np.int32(8), "sliding windows"),
        ("encoder/multi_query_attention", ONE, "multi-query"),
        ("encoder/activation", np.int8(9), "activation differs"),
        ("encoder/num_heads", np.int16(3), "3 heads do not divide 16"),
        ("encoder/layer_norm/gamma", np.ones(16, np.float32), "final normalisation"),
        ("decoder/alibi", ONE, "ALiBi"),
        ("decoder/project_in/weight", TABLE, "projected embeddings"),
        ("decoder/final_logit_softcapping", np.float32(30), "capped logits"),
        ("decoder/scale_outputs", np.float32(2), "scaled outputs"),
        ("decoder/layer_5/ffn/linear_0/weight", TABLE, "layers of the decoder are missing"),
    ],
)
def test_what_is_not_supported_is_named(folder: Path, name: str, value: Any, message: str) -> None:
    rewrite(folder / "model.bin", {name: value})
    refused(folder, message)


@pytest.mark.parametrize(
    "spec,revision,message",
    [
        ("WhisperSpec", 3, "a model of kind 'WhisperSpec'"),
        ("TransformerDecoderSpec", 8, "a model of kind 'TransformerDecoderSpec'"),
        ("TransformerSpec", 8, "revision 8 of TransformerSpec"),
        ("TransformerBase", 1, "revision 1 of TransformerBase"),
    ],
)
def test_other_kinds_of_model_are_named(
    folder: Path, spec: str, revision: int, message: str
) -> None:
    rewrite(folder / "model.bin", {}, spec=spec, revision=revision)
    refused(folder, message)


def test_an_option_that_says_what_is_done_anyway_changes_nothing(folder: Path) -> None:
    size = np.float32(8**-0.5)
    rewrite(
        folder / "model.bin",
        {
            f"{LAYER}/self_attention/num_heads_kv": np.int32(2),
            f"{LAYER}/self_attention/queries_scale": size,
            f"{LAYER}/self_attention/head_dim": np.int32(8),
            "decoder/alibi": np.int8(0),
        },
    )
    assert open_source(folder).network.encoder_heads == 2


@pytest.mark.parametrize(
    "name,value,message",
    [
        (f"{LAYER}/ffn/linear_1/weight", None, f"has no {LAYER}/ffn/linear_1/weight"),
        (f"{LAYER}/ffn/linear_1/weight_scale", None, "linear_1/weight_scale"),
        (f"{LAYER}/ffn/linear_1/weight_scale", np.ones(3, np.float32), r"scale has shape \[3\]"),
        (f"{LAYER}/ffn/linear_1/bias", np.zeros(3, np.float32), r"shape \[3\], expected \[16\]"),
        (f"{LAYER}/ffn/layer_norm/gamma", np.zeros((16, 1), np.float32), r"expected \[16\]"),
        ("decoder/embeddings/weight", np.zeros(16, np.float32), r"shape \[16\]"),
        ("decoder/position_encodings/encodings", np.zeros((9, 8), np.float32), "any, 16"),
        ("encoder/pre_norm", np.ones(2, np.int8), "no single number"),
        (f"{LAYER}/ffn/linear_1/bias", np.full(16, np.nan, np.float32), "no numbers"),
        (f"{LAYER}/ffn/linear_1/weight_scale", np.zeros(16, np.float32), "no numbers"),
        ("encoder/position_encodings/encodings", INFINITE, "no numbers"),
        ("encoder/position_encodings/encodings", SHORT, "no room"),
    ],
)
def test_tensors_that_do_not_fit_are_named(
    folder: Path, name: str, value: Any, message: str
) -> None:
    rewrite(folder / "model.bin", {name: value})
    refused(folder, message)


def test_a_model_that_is_cut_off_anywhere_is_refused(folder: Path) -> None:
    path = folder / "model.bin"
    whole = path.read_bytes()
    for size in (*range(0, 200, 7), *range(200, len(whole), 997), len(whole) - 1):
        path.write_bytes(whole[:size])
        refused(folder, "model.bin")


def test_a_model_with_any_byte_of_its_head_changed_is_refused_or_read(folder: Path) -> None:
    path = folder / "model.bin"
    whole = path.read_bytes()
    rng = np.random.default_rng(3)
    for place in (*range(40), *rng.integers(40, len(whole), 200).tolist()):
        changed = bytearray(whole)
        changed[place] ^= 0xFF
        path.write_bytes(changed)
        try:
            open_source(folder)
        except UserError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("version", [0, 1, 7, 1 << 30])
def test_other_versions_of_the_format_are_refused(folder: Path, version: int) -> None:
    path = folder / "model.bin"
    path.write_bytes(struct.pack("<I", version) + path.read_bytes()[4:])
    refused(folder, "binary version 2 to 6")


def longer(tokens: list[str]) -> list[str]:
    return [*tokens, "more"]


def without_unknown(tokens: list[str]) -> list[str]:
    return tokens[1:]


def without_end(tokens: list[str]) -> list[str]:
    return [token.replace("</s>", "<e>") for token in tokens]


def foreign(tokens: list[str]) -> list[str]:
    return tokens[:3] + [f"{number}#" for number in range(3, len(tokens))]


@pytest.mark.parametrize(
    "change,message",
    [
        (longer, "copy all files of the model"),
        (without_end, "it has no </s>"),
        (foreign, "hardly any of its pieces"),
        (lambda _: {"a": 1}, "expected a list of tokens"),
        (lambda _: [1, 2], "expected a list of tokens"),
    ],
)
def test_vocabularies_that_do_not_fit_are_named(
    folder: Path, change: Callable[[Any], Any], message: str
) -> None:
    path = folder / "shared_vocabulary.json"
    path.write_text(json.dumps(change(json.loads(path.read_bytes()))), encoding="utf-8")
    refused(folder, message)


def test_a_vocabulary_without_the_unknown_token_gets_it(folder: Path) -> None:
    path = folder / "shared_vocabulary.json"
    tokens = json.loads(path.read_bytes())
    path.write_text(json.dumps(without_unknown(tokens)), encoding="utf-8")
    assert open_source(folder).network.banned == (len(tokens) - 1,)


@pytest.mark.parametrize(
    "name,message",
    [
        ("shared_vocabulary.json", "source_vocabulary.json is missing"),
        ("source.spm", "no sentencepiece model"),
        ("model.bin", "is no"),
    ],
)
def test_a_missing_file_is_named(folder: Path, name: str, message: str) -> None:
    (folder / name).unlink()
    with pytest.raises(UserError, match=message):
        open_source(folder / "model.bin" if name == "model.bin" else folder)


@pytest.mark.parametrize(
    "name,content,message",
    [
        ("source.spm", b"nothing", "no sentencepiece model"),
        ("shared_vocabulary.json", b"[", "expected a list of tokens"),
        ("shared_vocabulary.json", b"\xff", "expected a list of tokens"),
        ("config.json", b"{", "is it a CTranslate2 model"),
        ("config.json", b"[]", "is it a CTranslate2 model"),
        ("config.json", b'{"layer_norm_epsilon": "a"}', "layer_norm_epsilon"),
        ("config.json", b'{"decoder_start_token": null}', "decoder_start_token is null"),
        ("config.json", b'{"multi_query_attention": true}', "multi-query"),
        ("config.json", b'{"quantization_type": 1}', "AWQ"),
        ("model.bin", b"", "is empty"),
    ],
)
def test_a_damaged_file_is_named(folder: Path, name: str, content: bytes, message: str) -> None:
    (folder / name).write_bytes(content)
    refused(folder, message)


def test_nothing_is_written_of_a_model_whose_weights_are_no_numbers(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rewrite(
        folder / "model.bin", {"decoder/layer_1/ffn/linear_1/bias": np.full(16, np.nan, np.float32)}
    )
    out = folder.parent / "bundle"
    assert main(["build", str(folder), "--recipe", "fp32", "--out", str(out)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
