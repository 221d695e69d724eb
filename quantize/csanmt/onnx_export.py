"""How optimum exports a CSANMT: `ORTModelForSeq2SeqLM.from_pretrained(FOLDER, export=True)`."""

from __future__ import annotations

from typing import Any

from optimum.exporters.onnx.config import TextSeq2SeqOnnxConfig
from optimum.exporters.tasks import TasksManager
from optimum.utils import (
    DummySeq2SeqDecoderTextInputGenerator,
    DummySeq2SeqPastKeyValuesGenerator,
    DummyTextInputGenerator,
    NormalizedSeq2SeqConfig,
)

from quantize.csanmt.configuration import CsanmtConfig

TASKS = ("text2text-generation", "text2text-generation-with-past")


class PackedEncoderOutputs(DummySeq2SeqDecoderTextInputGenerator):  # type: ignore[misc]  # optimum is untyped
    """Encoder outputs twice as wide as usual: the sentence's vector lies beside every state."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.hidden_size *= 2


class CsanmtOnnxConfig(TextSeq2SeqOnnxConfig):  # type: ignore[misc]  # likewise
    """A CSANMT as optimum's exporter sees it."""

    NORMALIZED_CONFIG_CLASS = NormalizedSeq2SeqConfig.with_args(
        encoder_num_layers="num_encoder_layers",
        decoder_num_layers="num_decoder_layers",
        num_layers="num_decoder_layers",
        encoder_num_attention_heads="num_heads",
        decoder_num_attention_heads="num_heads",
    )
    DUMMY_INPUT_GENERATOR_CLASSES = (
        DummyTextInputGenerator,
        PackedEncoderOutputs,
        DummySeq2SeqPastKeyValuesGenerator,
    )


def register() -> None:
    """Make the architecture known to optimum."""
    TasksManager.create_register("onnx", overwrite_existing=True)(CsanmtConfig.model_type, *TASKS)(
        CsanmtOnnxConfig
    )
    infer = TasksManager._infer_library_from_model_or_model_class.__func__

    def infer_library(cls: Any, model: Any = None, model_class: Any = None) -> Any:
        # optimum goes by the module's name, which for transformers' own begins with "transformers".
        config = getattr(model if model is not None else model_class, "config_class", None)
        return "transformers" if config is CsanmtConfig else infer(cls, model, model_class)

    TasksManager._infer_library_from_model_or_model_class = classmethod(infer_library)
