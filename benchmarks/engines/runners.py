"""The engines: each translates a batch of sentences to a given length with one thread."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from pipeline.bundle import Bundle
from pipeline.engine import Engine
from pipeline.types import DecodingOptions

Sources = Sequence[tuple[int, ...]]


class Runner(Protocol):
    def __call__(self, sources: Sources, beam: int, length: int) -> None:
        """Translate all sources, each to `length` tokens."""
        ...

    def close(self) -> None: ...


class Ours:
    """The serving engine with one worker."""

    def __init__(self, bundle: Bundle) -> None:
        self.engine = Engine.load(bundle)

    def __call__(self, sources: Sources, beam: int, length: int) -> None:
        options = DecodingOptions(beam, self.engine.defaults.length_penalty, length, greedy=beam == 1)
        for future in [self.engine.submit(ids, options=options) for ids in sources]:
            future.result()

    def close(self) -> None:
        self.engine.close()


class CTranslate2:
    """CTranslate2 in INT8, as it ships."""

    def __init__(self, source: Path, work: Path) -> None:
        import ctranslate2
        from ctranslate2.converters import TransformersConverter

        folder = work / "ctranslate2-int8"
        if not (folder / "model.bin").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            TransformersConverter(str(source)).convert(str(folder), quantization="int8")
        self.translator = ctranslate2.Translator(
            str(folder), device="cpu", compute_type="int8", inter_threads=1, intra_threads=1
        )
        self.pieces = _pieces(source)

    def __call__(self, sources: Sources, beam: int, length: int) -> None:
        tokens = [[*(self.pieces[i] for i in ids), "</s>"] for ids in sources]
        self.translator.translate_batch(
            tokens, beam_size=beam, min_decoding_length=length, max_decoding_length=length, return_scores=True
        )

    def close(self) -> None:
        self.translator.unload_model()


def _pieces(source: Path) -> list[str]:
    import json

    ids: dict[str, int] = json.loads((source / "vocab.json").read_text(encoding="utf-8"))
    return sorted(ids, key=ids.__getitem__)


class _Generating:
    """What has transformers' `generate`."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def __call__(self, sources: Sources, beam: int, length: int) -> None:
        import torch

        ids = torch.tensor([[*row, 0] for row in sources])
        with torch.inference_mode():
            self.model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                num_beams=beam,
                min_new_tokens=length,
                max_new_tokens=length,
            )

    def close(self) -> None:
        del self.model


class Torch(_Generating):
    """PyTorch in float32."""

    def __init__(self, source: Path) -> None:
        import torch
        from transformers import MarianMTModel

        torch.set_num_threads(1)
        super().__init__(MarianMTModel.from_pretrained(source).eval())
