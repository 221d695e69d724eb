"""Marian's files: what is read of them, and what is said of those that cannot be."""

from __future__ import annotations

import gzip
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard

from pipeline.errors import UserError
from quantize.__main__ import main
from quantize.int8.recipes import load_recipe
from quantize.int8.rounding import Quantiser
from quantize.sources import open_source
from tests.quantize.sources import marian_models as models
from tests.quantize.sources.marian_folders import SHARED, firefox_folder, sizes

STUDENT, INT8 = models.CASES["student_bin"], models.CASES["student_int8"]
SIZES = sizes(STUDENT)


def refused(place: Path, message: str) -> None:
    """Opening the source raises one line that names the place."""
    with pytest.raises(UserError, match=message) as error:
        weights = open_source(place).network.weights
        for name in weights:
            weights[name]
    assert "\n" not in str(error.value)


def with_options(path: Path, **options: Any) -> None:
    """The student, that says other things of itself."""
    case = models.Case({name.replace("_", "-"): value for name, value in options.items()})
    path.write_bytes(
        models.binary(models.tensors(STUDENT, SIZES), models.options_yaml(case, SIZES))
    )


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A float student in a folder of Firefox."""
    return firefox_folder(tmp_path / "zhen", STUDENT)


@pytest.mark.parametrize("name", models.CASES)
def test_weights_are_what_the_file_means(tmp_path: Path, name: str) -> None:
    case = models.CASES[name]
    path = firefox_folder(tmp_path, case)
    weights, meant = open_source(path).network.weights, models.meant(case, sizes(case))
    assert np.array_equal(weights["encoder.0.attn.q.weight"], meant["encoder_l1_self_Wq"].T)
    keys_values = [meant[f"encoder_l1_self_W{kind}"].T for kind in "kv"]
    assert np.array_equal(weights["encoder.0.attn.kv.weight"], np.concatenate(keys_values))
    last = case.all["dec-depth"]
    number = (case.all["transformer-tied-layers"] or [last])[-1]
    outer = weights[f"decoder.{last - 1}.ffn.outer.bias"]
    assert np.array_equal(outer, meant[f"decoder_l{number}_ffn_b2"][0])
    source = meant["encoder_Wemb" if case.separate else "Wemb"]
    assert np.array_equal(weights["src_emb.weight"], source)
    assert ("logits_bias" in weights) is not case.all["output-omit-bias"]


def test_integers_within_127_keep_their_scales(tmp_path: Path) -> None:
    """So that recipes with ±127 keep the integers as they are."""
    network = open_source(firefox_folder(tmp_path, INT8)).network
    assert {"src_emb.weight", "trg_emb.weight", "decoder.1.ssru.forget.weight"} <= set(
        network.stored_scales
    )
    assert len(network.stored_scales) == 2 + 2 * 5 + 2 * 7
    for name, scales in network.stored_scales.items():
        integers = network.weights[name] / scales[:, None]
        assert np.allclose(integers, np.rint(integers), atol=1e-4)
        assert 126.9 < np.abs(integers).max() < 127.1
    assert not open_source(
        firefox_folder(tmp_path / "16", models.CASES["student_int16"])
    ).network.stored_scales


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gz", "zst"])
def test_compressed_files_are_the_same_model(
    model: Path, tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    ending = ".gz" if pack is gzip.compress else ".zst"
    packed = tmp_path / "packed"
    packed.mkdir()
    for path in (model, model.parent / SHARED.name):
        (packed / f"{path.name}{ending}").write_bytes(pack(path.read_bytes()))
    plain, unpacked = open_source(model.parent), open_source(packed)
    assert (plain.languages.source, plain.languages.target) == ("zh", "en")
    assert plain.decoding == unpacked.decoding
    assert plain.files["source.spm"].read_bytes() == unpacked.files["source.spm"].read_bytes()
    for name, values in plain.network.weights.items():
        assert np.array_equal(values, unpacked.network.weights[name])
    cut = packed / f"{model.name}{ending}"
    cut.write_bytes(cut.read_bytes()[:-40])
    refused(packed, f"{cut.name} is damaged or cut off: copy it anew")


def test_a_compressed_file_that_grows_beyond_measure_is_refused(model: Path) -> None:
    bomb = model.with_suffix(".bin.gz")
    bomb.write_bytes(gzip.compress(model.read_bytes() + bytes(300 << 20)))
    model.unlink()
    refused(bomb.parent, r"bin\.gz unpacks to more than \d+ bytes: copy it anew")


def test_half_precision_is_read(tmp_path: Path) -> None:
    model = firefox_folder(tmp_path, models.CASES["student"])
    values = models.tensors(models.CASES["student"], SIZES)
    half = {name: value.astype(np.float16) for name, value in values.items()}
    models.write_npz(model, half, models.options_yaml(models.CASES["student"], SIZES))
    found = open_source(model).network.weights["trg_emb.weight"]
    assert found.dtype == np.float32
    assert np.array_equal(found, half["Wemb"].astype(np.float32))


@pytest.mark.parametrize(
    "options,message",
    [
        ({"type": "amun"}, "type: amun"),
        ({"type": "multi-transformer"}, "type: multi-transformer"),
        ({"transformer_ffn_activation": "gelu"}, "transformer-ffn-activation: gelu"),
        ({"transformer_decoder_autoreg": "average-attention"}, "autoreg: average-attention"),
        ({"transformer_no_projection": True}, "transformer-no-projection: True"),
        ({"transformer_rnn_projection": True}, "transformer-rnn-projection: True"),
        ({"transformer_train_positions": True}, "transformer-train-positions: True"),
        ({"layer_normalization": True}, "layer-normalization: True"),
        ({"dec_cell": "gru"}, "dec-cell: gru"),
        ({"lemma_dim_emb": 32}, "lemma-dim-emb: 32"),
        ({"input_types": ["sequence", "class"]}, "input-types"),
        ({"ulr": True}, "ulr: True"),
        ({"right_left": True}, "right-left: True"),
        ({"transformer_ffn_depth": 3}, "transformer-ffn-depth: 3"),
        ({"transformer_postprocess": "dna"}, "-postprocess dna|-postprocess na"),
        ({"transformer_postprocess_top": "n"}, "-postprocess-top n"),
        (
            {
                "transformer_decoder_autoreg": "self-attention",
                "transformer_preprocess": "n",
                "transformer_postprocess": "da",
                "transformer_postprocess_top": "n",
            },
            "self-attention with transformer-preprocess n",
        ),
    ],
)
def test_options_that_are_not_computed_are_refused_by_name(
    model: Path, options: dict[str, Any], message: str
) -> None:
    with_options(model, **options)
    refused(model, f"{model.name}: .*{message}")


@pytest.mark.parametrize(
    "options,message",
    [
        ({"transformer_heads": 5}, "heads 5 does not divide dim-emb 32"),
        ({"dim_emb": 64}, r"Wemb has the shape \[424, 32\], not \[424, 64\]"),
        ({"enc_depth": 3}, "it has no encoder_l3_self_Wq"),
        ({"enc_depth": 1}, "encoder_l2_.* belongs to no network"),
        ({"output_omit_bias": True}, "decoder_ff_logit_out_b belongs to no network"),
        ({"tied_embeddings_all": False}, "it has no encoder_Wemb"),
        ({"transformer_tied_layers": [1]}, "tied-layers has 1 entries, the decoder 2 layers"),
        ({"dec_depth": 0}, "dec-depth: Input should be greater than 0"),
        ({"dim_emb": "wide"}, "dim-emb: Input should be a valid integer"),
    ],
)
def test_options_and_weights_that_contradict_each_other_are_named(
    model: Path, options: dict[str, Any], message: str
) -> None:
    with_options(model, **options)
    refused(model, f"{model.name}.*{message}")


def packed_as(kind: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        return data[:24] + struct.pack("<Q", kind) + data[32:]

    return change


@pytest.mark.parametrize(
    "change,message",
    [
        (packed_as(0x1801), "packed by FBGEMM"),
        (packed_as(0x2801), "packed by FBGEMM"),
        (packed_as(0x5101), "intgemm's layout for one kind of processor"),
        (packed_as(0x0777), "of the type 0x777"),
        (packed_as(0x0408), "Wemb has 54272 bytes, its shape needs 108544"),
        (lambda data: struct.pack("<Q", 2) + data[8:], "is encrypted"),
        (lambda data: data[: len(data) // 2], "beyond the end of the file.*copy it anew"),
        (lambda data: data[:900], "its index is longer than the file"),
        (lambda data: data[:8] + struct.pack("<Q", 1 << 60) + data[16:], "items"),
        (lambda data: data[:16] + struct.pack("<Q", 1 << 40) + data[24:], "bytes of a name"),
        (lambda data: data[:32] + struct.pack("<Q", 1 << 40) + data[40:], "dimensions"),
        (lambda data: data[:40] + struct.pack("<Q", 1 << 63) + data[48:], "beyond the end"),
        (lambda data: data.replace(b"special:model.yml", b"special:model.yaz"), "has no special"),
        (lambda data: data.replace(b"dim-emb: 32", b"dim-emb: [ 2"), "is no YAML"),
        (lambda data: data.replace(b"Wemb\0", b"We\xff\xfe\0"), "a name is no text"),
    ],
)
def test_a_damaged_file_is_named_with_its_remedy(
    model: Path, change: Callable[[bytes], bytes], message: str
) -> None:
    values = models.tensors(STUDENT, SIZES)
    first = {"Wemb": values.pop("Wemb")} | values  # `binary` sorts capitals first
    data = models.binary(first, models.options_yaml(STUDENT, SIZES))
    changed = change(data)
    assert changed != data
    model.write_bytes(changed)
    refused(model, f"{model.name}.*{message}")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_named(tmp_path: Path, value: float) -> None:
    for suffix in (".npz", ".bin"):
        case = models.Case(suffix=suffix)
        model = firefox_folder(tmp_path / suffix, case)
        values = models.tensors(case, SIZES)
        values["decoder_l2_rnn_Wf"][3, 4] = value
        text = models.options_yaml(case, SIZES)
        if suffix == ".npz":
            models.write_npz(model, values, text)
        else:
            model.write_bytes(models.binary(values, text))
        refused(model, f"{model.name}: decoder_l2_rnn_Wf has values that are no numbers")


def test_a_multiplier_that_is_no_number_is_named(tmp_path: Path) -> None:
    model = firefox_folder(tmp_path, INT8)
    data = bytearray(model.read_bytes())
    raw, _ = models.quantise("Wemb", models.tensors(INT8, SIZES)["Wemb"], models.INTGEMM8)
    place = data.index(raw[:200]) + len(raw) - 4
    data[place : place + 4] = struct.pack("<f", float("nan"))
    model.write_bytes(data)
    refused(model, "Wemb is multiplied by nan")


@pytest.mark.parametrize("count", [100, 5000, -100])
def test_an_npz_that_is_cut_off_is_named(tmp_path: Path, count: int) -> None:
    model = firefox_folder(tmp_path, models.CASES["student"])
    model.write_bytes(model.read_bytes()[:count])
    refused(
        model.parent if count < 0 else model, "damaged or cut off|no model that is known|holds no"
    )


def test_an_npz_with_other_arrays_is_refused(tmp_path: Path) -> None:
    model = firefox_folder(tmp_path, models.CASES["student"])
    text = models.options_yaml(models.CASES["student"], SIZES)
    models.write_npz(model, {"Wemb": np.array([{}], object)}, text)
    refused(model, "Wemb is an array of object")


def test_nothing_is_left_of_a_bundle_that_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = firefox_folder(tmp_path / "zhen", models.CASES["student"])
    values = models.tensors(models.CASES["student"], SIZES)
    values["decoder_l2_ffn_W2"][0, 0] = np.nan
    models.write_npz(model, values, models.options_yaml(models.CASES["student"], SIZES))
    out = tmp_path / "bundles" / "broken"
    assert main(["build", str(model), "--recipe", "fp32", "--out", str(out)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert list(out.parent.iterdir()) == []


def test_a_missing_vocabulary_is_named(model: Path) -> None:
    (model.parent / SHARED.name).unlink()
    refused(model.parent, r"vocab\*\.spm is missing: copy all files")
    shutil.copy(SHARED, model.parent / "srcvocab.zhen.spm")
    refused(model.parent, r"srcvocab\*\.spm or trgvocab\*\.spm is missing")
    shutil.copy(SHARED, model.parent / "trgvocab.zhen.spm")
    assert open_source(model.parent).network.banned[0] == 1


def test_vocabularies_of_another_model_are_refused(model: Path, tmp_path: Path) -> None:
    other = firefox_folder(tmp_path / "separate", models.CASES["separate"])
    shutil.copy(other.parent / "srcvocab.zhen.spm", model.parent / SHARED.name)
    refused(model, "vocabularies of 424 and 424 pieces, those beside it have 418 and 418")
    (model.parent / SHARED.name).write_bytes(b"no vocabulary")
    refused(model, "is damaged or no sentencepiece model: copy it anew")


def test_of_several_models_one_is_named(model: Path) -> None:
    pair = {"": "zhen", "model.enzh.bin": "enzh"}
    shutil.copy(model, model.with_name("model.enzh.bin"))
    shutil.copy(SHARED, model.parent / "vocab.enzh.spm")
    refused(model.parent, r"several models \(model\.enzh\.bin, .*\): name one of these files")
    for name, languages in pair.items():
        found = open_source(model.with_name(name) if name else model)
        assert found.languages.source + found.languages.target == languages
    shutil.copy(model, model.with_name(f"{model.name}.gz"))  # the packed form of one that is there
    model.with_name("model.enzh.bin").unlink()
    assert open_source(model.parent).identity == (model,)


@pytest.mark.parametrize(
    "folder,source,target",
    [
        ("zh-Hans_en", "zh", "en"),
        ("zh-Hant-en", "zh", "en"),
        ("deen", "de", "en"),
        ("x", "zh", "en"),
    ],
)
def test_a_folder_may_name_the_languages(
    model: Path, tmp_path: Path, folder: str, source: str, target: str
) -> None:
    shutil.copytree(model.parent, tmp_path / "models" / folder)
    (tmp_path / "models" / folder / model.name).rename(tmp_path / "models" / folder / "model.bin")
    languages = open_source(tmp_path / "models" / folder).languages
    assert (languages.source, languages.target) == (source, target)


def test_recipes_with_127_keep_the_integers(tmp_path: Path) -> None:
    """What was 8-bit loses nothing by being 8-bit again."""
    network = open_source(firefox_folder(tmp_path, INT8)).network
    name = "decoder.0.ssru.forget.weight"
    weight, scales = network.weights[name], network.stored_scales[name]
    quantiser = Quantiser(load_recipe("row-127"))
    integers, found = quantiser.weight(name, weight.T, scales)
    stored, _ = models.quantise(
        "_Wf", models.tensors(INT8, SIZES)["decoder_l1_rnn_Wf"], models.INTGEMM8
    )
    expected = np.frombuffer(stored[:-4], np.int8).reshape(64, 64)
    assert np.allclose(found, scales)
    assert np.array_equal(np.asarray(integers).astype(int).T, expected)
