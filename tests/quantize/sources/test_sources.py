"""What a source may be, and what is said of one that cannot be used."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import DEFAULT_MODEL, resolve
from pipeline.errors import UserError
from pipeline.tokenizers import load_tokenizer
from pipeline.translator import Translator
from quantize.__main__ import main
from quantize.bundles.build import build
from quantize.int8.recipes import load_recipe
from quantize.sources import open_source
from quantize.sources.modelscope import needed_files
from quantize.sources.trained import open_trained
from tests.reference import FOLDER

TINY = FOLDER / "tiny_abs_shared"
TRAINED = resolve(DEFAULT_MODEL) / "source"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "model"))


def edit(folder: Path, part: str, **changes: Any) -> None:
    path = folder / "configuration.json"
    configuration = json.loads(path.read_bytes())
    configuration[part] |= changes
    path.write_text(json.dumps(configuration), encoding="utf-8")


def test_a_modelscope_directory_gives_its_own_decoding() -> None:
    source = open_source(str(TINY))
    decoding = source.decoding
    assert (decoding.beam_size, decoding.length_penalty, decoding.max_length) == (4, 0.6, 60)
    assert decoding.length_ratio == 0  # the reference knows no limit but the longest length
    assert (source.languages.source, source.languages.target) == ("zh", "en")


def test_the_longest_length_fits_the_timing_table(copy: Path) -> None:
    edit(copy, "model", max_decoded_trg_len=900)
    network = open_source(str(copy)).network
    assert network.positions is not None
    assert network.max_positions == len(network.positions) == 900


@pytest.mark.parametrize(
    "part,change,message",
    [
        ("model", {"layer_postproc": "layer_norm"}, "exactly one of"),
        ("model", {"num_heads": 5}, "does not divide"),
        ("model", {"position_info_type": "rotary"}, "position_info_type"),
        ("model", {"trg_vocab_size": 1000}, "vocabulary sizes differ"),
        ("model", {"hidden_size": 128}, r"shape \[.*expected"),
        ("model", {"num_decoder_layers": 3}, "no variable NmtModel/decoder/layer_2/"),
        ("dataset", {"src_vocab": {"file": "words.txt"}}, "words.txt is missing"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    copy: Path, part: str, change: dict[str, Any], message: str
) -> None:
    edit(copy, part, **change)
    with pytest.raises(UserError, match=message):
        open_source(str(copy))


@pytest.mark.parametrize("outside", ["../secret", "vocabularies/../../secret", "{parent}/secret"])
@pytest.mark.parametrize(
    "part,key", [("dataset", "src_vocab"), ("dataset", "trg_vocab"), ("preprocessor", "src_bpe")]
)
def test_a_configuration_that_names_files_outside_of_its_folder_is_refused(
    copy: Path, outside: str, part: str, key: str
) -> None:
    """Such a file would be downloaded over others, and copied into a bundle that is published."""
    (copy.parent / "secret").write_text("a user's", encoding="utf-8")
    (copy / "vocabularies").mkdir()
    edit(copy, part, **{key: {"file": outside.format(parent=copy.parent)}})
    for read in (open_source, needed_files):
        with pytest.raises(UserError, match="leaves the model's folder"):
            read(copy)


def test_files_in_a_folder_beside_the_configuration_are_read(copy: Path) -> None:
    (copy / "vocabularies").mkdir()
    (copy / "src_vocab.txt").rename(copy / "vocabularies" / "src_vocab.txt")
    edit(copy, "dataset", src_vocab={"file": "vocabularies/src_vocab.txt"})
    assert open_source(copy).files["source.vocab"] == copy / "vocabularies" / "src_vocab.txt"


def test_vocabularies_that_are_too_long_give_the_unknown_id(copy: Path, tmp_path: Path) -> None:
    with (copy / "src_vocab.txt").open("a", encoding="utf-8") as lines:
        lines.writelines(f"多{i}\n" for i in range(5))
        lines.write("龘\n")
    bundle = build(copy, load_recipe("fp32"), tmp_path / "bundle")
    assert load_tokenizer(bundle).encode("龘") == [1199]


@pytest.mark.parametrize("name", ["model.safetensors", "source.spm", "calibration.txt"])
def test_a_trained_source_without_one_of_its_files_names_it(tmp_path: Path, name: str) -> None:
    for path in TRAINED.iterdir():
        if path.name != name:
            (tmp_path / path.name).symlink_to(path)
    with pytest.raises(UserError, match=name):
        open_trained(tmp_path)


def test_other_folders_and_names_are_refused_with_what_is_known(tmp_path: Path) -> None:
    for spec in (str(tmp_path), "no/such/folder", "models/typo", "nothing"):
        with pytest.raises(UserError, match="a ModelScope CSANMT, of a Marian model"):
            open_source(spec)
    (tmp_path / "config.json").write_text('{"model_type": "t5"}', encoding="utf-8")
    with pytest.raises(UserError, match="a model of type t5"):
        open_source(str(tmp_path))


@pytest.mark.skipif(
    importlib.util.find_spec("modelscope") is not None, reason="the modelscope library is installed"
)
def test_without_the_modelscope_library_the_remedy_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = "damo/nlp_csanmt_translation_zh2en"
    assert main(["build", model, "--out", str(tmp_path / "bundle")]) == 2
    error = capsys.readouterr().err
    assert "pip install modelscope" in error
    assert error.count("\n") == 1


@pytest.mark.quantize
def test_without_a_network_the_remedy_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    assert main(["build", "Helsinki-NLP/opus-mt-zh-en", "--out", str(tmp_path / "bundle")]) == 2
    error = capsys.readouterr().err
    assert "connect to the network" in error
    assert error.count("\n") == 1


def test_only_the_files_that_inference_needs_are_fetched() -> None:
    names = needed_files(TINY)
    assert names[:4] == ["configuration.json", "src_vocab.txt", "trg_vocab.txt", "bpe.zh"]
    assert all("ckpt-0" in name for name in names[4:])
    assert "tf_ckpts/ckpt-0.meta" not in names


def test_a_bundle_is_built_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["build", str(TINY), "--recipe", "fp32", "--out", str(tmp_path / "toy")]) == 0
    assert "toy, recipe fp32" in capsys.readouterr().out
    with Translator.load(tmp_path / "toy") as translator:
        found = translator.nbest([[], [5, 6]], beam_size=2, length_penalty=0.6, max_length=9)
        assert found[0][0].ids == ()
        assert translator.translate("人工智能。").text
