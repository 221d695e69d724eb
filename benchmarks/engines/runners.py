"""The engines: each translates a batch of sentences to given lengths with one thread."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from pipeline.bundle import Bundle
from pipeline.decode.engine import Engine, EngineSettings
from quantize.machine import cpu_name

END = 0  # the end symbol of the random models
PEER, OPTIMUM, TORCH = "ctranslate2-int8", "optimum-int8", "torch-fp32"
Sources = Sequence[tuple[int, ...]]


class Runner(Protocol):
    """An open engine."""

    def translate(self, sources: Sources, beam: int, lengths: Sequence[int]) -> None:
        """Translate all sources, each to its number of tokens."""
        ...


class Ours:
    """The serving engine with one worker: sentences leave and join between steps."""

    def __init__(self, bundle: Bundle, settings: EngineSettings | None = None) -> None:
        self.engine = Engine.load(bundle, settings)

    def translate(self, sources: Sources, beam: int, lengths: Sequence[int]) -> None:
        """Translate all sources, each to its number of tokens."""
        usual = replace(self.engine.defaults, beam_size=beam, greedy=beam == 1)
        futures = [
            self.engine.submit(ids, options=replace(usual, max_length=length))
            for ids, length in zip(sources, lengths, strict=True)
        ]
        for future in futures:
            future.result()


class CTranslate2:
    """CTranslate2 in INT8 as it ships, giving scores as the others do."""

    def __init__(self, source: Path, folder: Path) -> None:
        import ctranslate2

        if not (folder / "model.bin").is_file():
            _convert_for_ctranslate2(source, folder)
        self.translator = ctranslate2.Translator(
            str(folder), compute_type="int8", inter_threads=1, intra_threads=1
        )
        ids: dict[str, int] = json.loads((source / "vocab.json").read_text(encoding="utf-8"))
        self.pieces = sorted(ids, key=ids.__getitem__)

    def translate(self, sources: Sources, beam: int, lengths: Sequence[int]) -> None:
        """Translate all sources to the same number of tokens: it knows only one for all."""
        (length,) = set(lengths)
        tokens = [[*(self.pieces[i] for i in ids), "</s>"] for ids in sources]
        self.translator.translate_batch(
            tokens,
            beam_size=beam,
            min_decoding_length=length,
            max_decoding_length=length,
            return_scores=True,
        )


def _convert_for_ctranslate2(source: Path, folder: Path) -> None:
    from ctranslate2.converters import TransformersConverter  # brings torch and transformers

    shutil.rmtree(folder, ignore_errors=True)
    TransformersConverter(str(source)).convert(str(folder), quantization="int8")


class Generating:
    """A model that has transformers' `generate`."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def translate(self, sources: Sources, beam: int, lengths: Sequence[int]) -> None:
        """Translate all sources to the same number of tokens."""
        import torch

        (length,) = set(lengths)
        ids = torch.tensor([[*row, END] for row in sources])
        bounds = {"min_new_tokens": length, "max_new_tokens": length}
        with torch.inference_mode():
            self.model.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), num_beams=beam, **bounds
            )


def open_peer(name: str, source: Path, folder: Path) -> Runner:
    """One of the other engines, on the Marian model in `source`.

    `folder` keeps what it makes of it.
    """
    if name == PEER:
        return CTranslate2(source, folder)
    return optimum_int8(source, folder) if name == OPTIMUM else torch_float32(source)


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
