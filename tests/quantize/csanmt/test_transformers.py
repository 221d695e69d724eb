"""CSANMT as a transformers model: the network against the reference, the Auto classes, optimum."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.config import DEFAULT_MODEL, resolve
from pipeline.errors import UserError
from quantize.__main__ import main
from tests.reference import CASES, FOLDER, SPLIT, Reference

pytestmark = pytest.mark.quantize
TEXT = "在当今发达国家，提供豪华民宿已经上升为一种艺术形式。"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """The Hugging Face folder of a source."""
    made: dict[Path, Path] = {}

    def folder(source: Path) -> Path:
        if source not in made:
            made[source] = tmp_path_factory.mktemp("hf") / source.name
            assert main(["convert", str(source), str(made[source])]) == 0
        return made[source]

    return folder


@pytest.fixture(scope="module")
def folder(reference: Reference, folders: Callable[[Path], Path]) -> Path:
    return folders(reference.folder)


@pytest.fixture(scope="module")
def model(folder: Path) -> Any:
    import torch
    from transformers import AutoModelForSeq2SeqLM

    import quantize.csanmt  # noqa: F401  # registers the classes

    torch.set_grad_enabled(False)
    yield AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    torch.set_grad_enabled(True)


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    import quantize.csanmt  # noqa: F401

    return AutoTokenizer.from_pretrained(folder)


def padded(rows: list[list[int]]) -> Any:
    import torch

    longest = max(map(len, rows))
    return torch.tensor([row + [0] * (longest - len(row)) for row in rows])


def test_encoder_states_and_sentence_vectors_are_the_references(
    reference: Reference, model: Any
) -> None:
    ids = padded([reference.sources[k] for k in reference.arrays["batch_index"][0]])
    memory, _ = model.encode(ids)
    assert np.abs(memory.numpy() - reference.arrays["enc_batch0"]).max() <= 1e-4
    assert np.abs(model.semantics(ids).numpy() - reference.arrays["sem_batch0"]).max() <= 1e-4
    alone = [model.semantics(padded([source])).numpy()[0] for source in reference.sources]
    assert np.abs(np.stack(alone) - reference.arrays["sem_single"]).max() <= 1e-4


def test_teacher_forced_logits_are_the_references_by_both_interfaces(
    reference: Reference, model: Any
) -> None:
    import torch

    for k in reference.forced:
        source = reference.sources[k]
        target = torch.tensor(reference.arrays[f"tf_{k}_trg"][None]).long()
        memory, keep = model.encode(padded([source]))
        own = model.logits(model.decode(target, memory, keep, model.semantics(padded([source]))))
        inputs = torch.cat([torch.zeros_like(target[:, :1]), target[:, :-1]], dim=1)
        usual = model(input_ids=padded([[*source, 0]]), decoder_input_ids=inputs).logits
        for logits in (own, usual):
            assert np.abs(logits[0].numpy() - reference.arrays[f"tf_{k}_logits"]).max() <= 1e-4


def test_one_token_at_a_time_gives_the_same_logits(reference: Reference, model: Any) -> None:
    import torch

    k = reference.forced[1]
    target = torch.tensor(reference.arrays[f"tf_{k}_trg"]).long()
    cache, encoded = None, model.get_encoder()(padded([[*reference.sources[k], 0]]))
    for step, expected in enumerate(reference.arrays[f"tf_{k}_logits"]):
        token = target[step - 1 : step] if step else torch.zeros(1, dtype=torch.long)
        out = model(
            encoder_outputs=encoded,
            decoder_input_ids=token[None],
            past_key_values=cache,
            use_cache=True,
        )
        cache = out.past_key_values
        assert np.abs(out.logits[0, 0].numpy() - expected).max() <= 1e-4


def test_texts_become_the_references_ids_and_its_output_the_same_text(
    reference: Reference, tokenizer: Any
) -> None:
    for record in reference.texts:
        parts = zip(record["text"].split(SPLIT), record["bpe"], record["input_ids"], strict=True)
        for piece, subwords, ids in parts:
            assert tokenizer.tokenize(piece) == subwords
            assert tokenizer(piece).input_ids == [*ids[: len(subwords)], 0]
        shown = (
            tokenizer.decode([0, *ids], skip_special_tokens=True) for ids in record["output_ids"]
        )
        assert SPLIT.join(shown) == record["translation"]


def test_optimum_exports_what_generates_the_same(folder: Path, model: Any, tokenizer: Any) -> None:
    from optimum.onnxruntime import ORTModelForSeq2SeqLM
    from transformers import pipeline

    exported = ORTModelForSeq2SeqLM.from_pretrained(folder, export=True, use_cache=True)
    inputs = tokenizer([TEXT, "人工智能", "短。"], padding=True, return_tensors="pt")
    expected = model.generate(**inputs, num_beams=4, max_length=40)
    assert exported.generate(**inputs, num_beams=4, max_length=40).tolist() == expected.tolist()
    pipelines = (
        pipeline("translation", model=one, tokenizer=tokenizer) for one in (model, exported)
    )
    ours, exports = (translate(TEXT, max_length=100, num_beams=4)[0] for translate in pipelines)
    assert ours == exports
    assert ours["translation_text"]


@pytest.mark.parametrize("case", CASES[:2])
def test_a_converted_model_loads_without_this_project(
    case: str, folders: Callable[[Path], Path], tmp_path: Path
) -> None:
    script = f"""
import sys
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
folder = {str(folders(FOLDER / case))!r}
tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=True)
model = AutoModelForSeq2SeqLM.from_pretrained(folder, trust_remote_code=True)
assert not any(name.split(".")[0] in ("quantize", "pipeline") for name in sys.modules)
inputs = tokenizer({TEXT!r}, return_tensors="pt")
print(tokenizer.decode(model.generate(**inputs, max_length=20)[0]))
"""
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_our_own_models_are_options_of_the_same_class(folders: Callable[[Path], Path]) -> None:
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    folder = folders(resolve(DEFAULT_MODEL) / "source")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder)
    assert tokenizer("没有𠮷").input_ids[-1] == 0
    inputs = tokenizer("中国的科技创新能力正在快速提升。", return_tensors="pt")
    ids = model.generate(**inputs, num_beams=4)
    assert "China" in tokenizer.decode(ids[0], skip_special_tokens=True)


def test_the_targets_meaning_is_what_training_asks_for() -> None:
    import torch

    from quantize.csanmt.configuration import CsanmtConfig
    from quantize.csanmt.modeling import CsanmtForConditionalGeneration

    sizes: dict[str, Any] = {
        "src_vocab_size": 50,
        "trg_vocab_size": 40,
        "hidden_size": 16,
        "filter_size": 32,
        "num_heads": 2,
        "num_encoder_layers": 1,
        "num_decoder_layers": 1,
        "num_semantic_encoder_layers": 1,
    }
    model = CsanmtForConditionalGeneration(CsanmtConfig(**sizes)).eval()
    ids = torch.tensor([[3, 4, 0], [5, 6, 7]])
    assert model.semantics(ids, target=True).shape == (2, 1, 16)
    assert not torch.equal(model.semantics(ids), model.semantics(ids, target=True))
    separate = CsanmtConfig(
        **sizes, share_semantic_embedding=False, target_semantic_embedding=False
    )
    with pytest.raises(ValueError, match="only training needs"):
        CsanmtForConditionalGeneration(separate).semantics(ids, target=True)


def test_convert_takes_a_new_folder_and_a_csanmt_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "note.txt").write_text("a user's", encoding="utf-8")
    assert main(["convert", str(FOLDER / CASES[0]), str(tmp_path)]) == 2
    assert "not an empty folder" in capsys.readouterr().err
    assert main(["convert", str(tmp_path / "nothing"), str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_bundle_of_another_family_is_not_converted(tmp_path: Path) -> None:
    from quantize.csanmt.convert import convert
    from tests.quantize.sources.random_marian import marian_model

    marian_model(tmp_path / "marian")
    with pytest.raises(UserError, match="is no CSANMT"):
        convert(tmp_path / "marian", tmp_path / "out")
