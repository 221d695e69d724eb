"""The engines: each translates a batch of sentences to given lengths with one thread."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pipeline.bundle import Bundle
from pipeline.decode.engine import Engine, EngineSettings
from quantize.machine import cpu_name

END = 0  # the end symbol of the random models
PEER, OPTIMUM, TORCH = "ctranslate2-int8", "optimum-int8", "torch-fp32"
Sources = Sequence[tuple[int, ...]]


class Runner(Protocol):
    """An open engine."""

    def translate(self, sources: Sources, beam: int, lengths: Sequence[int]) -> list[int]:
        """Translate all sources, each to its number of tokens; the numbers that came out."""
        ...

    def close(self) -> None:
        """Give back what it holds."""


@runtime_checkable
class Elsewhere(Protocol):
    """A runner whose work is done by another process."""

    def cpu_seconds(self) -> float:
        """What that process has taken so far."""
        ...


class Ours:
    """The serving engine with one worker: sentences leave and join between steps."""

    def __init__(self, bundle: Bundle, settings: EngineSettings | None = None) -> None:
        self.engine = Engine.load(bundle, settings)

    def translate(self, sources: Sources, beam: int, lengths: Sequence[int]) -> list[int]:
        """Translate all sources, each to its number of tokens; the numbers that came out."""
        usual = replace(self.engine.defaults, beam_size=beam, greedy=beam == 1)
        futures = self.engine.submit_all(
            [
                (ids, replace(usual, max_length=length))
                for ids, length in zip(sources, lengths, strict=True)
            ]
        )
        return [len(future.result()[0].ids) for future in futures]

    def close(self) -> None:
        """Stop its thread."""
        self.engine.close()


class CTranslate2:
    """CTranslate2 in INT8 as it ships, giving scores as the others do."""

    def __init__(self, folder: Path) -> None:
        import ctranslate2

        self.translator = ctranslate2.Translator(
            str(folder), compute_type="int8", inter_threads=1, intra_threads=1
        )
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.end = [] if config["add_source_eos"] else ["</s>"]
        (names,) = (
            *folder.glob("shared_vocabulary.json"),
            *folder.glob("source_vocabulary.json"),
        )
        self.pieces: list[str] = json.loads(names.read_text(encoding="utf-8"))

    def translate(self, sources: Sources, beam: int, lengths: Sequence[int]) -> list[int]:
        """Translate all sources to the same number of tokens: it knows only one for all."""
        (length,) = set(lengths)
        tokens = [[*(self.pieces[i] for i in ids), *self.end] for ids in sources]
        found = self.translator.translate_batch(
            tokens,
            beam_size=beam,
            min_decoding_length=length,
            max_decoding_length=length,
            return_scores=True,
        )
        return [len(one.hypotheses[0]) for one in found]

    def close(self) -> None:
        """Free the model."""
        self.translator.unload_model()


def converted(source: Path, folder: Path) -> CTranslate2:
    """CTranslate2 on a Marian model in Hugging Face's layout, converted into `folder`."""
    from ctranslate2.converters import TransformersConverter  # brings torch and transformers

    if not (folder / "model.bin").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        TransformersConverter(str(source)).convert(str(folder), quantization="int8")
    return CTranslate2(folder)


class Generating:
    """A model that has transformers' `generate`."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def translate(self, sources: Sources, beam: int, lengths: Sequence[int]) -> list[int]:
        """Translate all sources to the same number of tokens."""
        import torch

        (length,) = set(lengths)
        ids = torch.tensor([[*row, END] for row in sources])
        bounds = {"min_new_tokens": length, "max_new_tokens": length}
        with torch.inference_mode():
            found = self.model.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), num_beams=beam, **bounds
            )
        return [len(row) - 1 for row in found.tolist()]  # it shows the symbol that begins

    def close(self) -> None:
        """Free the model."""
        del self.model


def open_peer(name: str, source: Path, folder: Path) -> Runner:
    """One of the other engines, on the model in `source`: Marian's, or CTranslate2's for it.

    `folder` keeps what it makes of it.
    """
    if name == OPTIMUM:
        return optimum_int8(source, folder)
    if name == TORCH:
        return torch_float32(source)
    return CTranslate2(source) if (source / "model.bin").is_file() else converted(source, folder)


def torch_float32(source: Path) -> Runner:
    """PyTorch, as transformers runs it."""
    import torch
    from transformers import MarianMTModel

    torch.set_num_threads(1)
    return Generating(MarianMTModel.from_pretrained(source).eval())


def optimum_int8(source: Path, folder: Path) -> Runner:
    """Optimum's export after its `ORTQuantizer`: dynamic, per channel, its preset for this CPU."""
    import onnxruntime
    from optimum.onnxruntime import ORTModelForSeq2SeqLM

    if not (folder / "config.json").is_file():
        _quantise_with_optimum(source, folder)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    names = {f"{part}_file_name": f"{part}_model.onnx" for part in ("encoder", "decoder")}
    names["decoder_with_past_file_name"] = "decoder_with_past_model.onnx"
    model = ORTModelForSeq2SeqLM.from_pretrained(
        folder, session_options=options, use_merged=False, **names
    )
    return Generating(model)


def _quantise_with_optimum(source: Path, folder: Path) -> None:
    from optimum.onnxruntime import ORTModelForSeq2SeqLM, ORTQuantizer

    with tempfile.TemporaryDirectory(dir=folder.parent) as exported:
        model = ORTModelForSeq2SeqLM.from_pretrained(source, export=True, use_merged=False)
        model.save_pretrained(exported)
        for path in sorted(Path(exported).glob("*.onnx")):
            quantiser = ORTQuantizer.from_pretrained(exported, file_name=path.name)
            quantiser.quantize(
                save_dir=folder, quantization_config=dynamic_preset(), file_suffix=""
            )
        for path in Path(exported).glob("*.json"):
            shutil.copy(path, folder / path.name)


def dynamic_preset() -> Any:
    """Optimum's configuration of dynamic quantisation for this CPU."""
    from optimum.onnxruntime.configuration import AutoQuantizationConfig

    vnni = "vnni" in cpu_name()
    preset = AutoQuantizationConfig.avx512_vnni if vnni else AutoQuantizationConfig.avx2
    return preset(is_static=False, per_channel=True)
