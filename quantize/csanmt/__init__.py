"""CSANMT in torch: its network and tokenizer, known to transformers and optimum once imported."""

from __future__ import annotations

from importlib.util import find_spec


def _register() -> None:
    from transformers import AutoConfig, AutoModelForSeq2SeqLM, AutoTokenizer

    from quantize.csanmt.configuration import CsanmtConfig
    from quantize.csanmt.modeling import CsanmtForConditionalGeneration
    from quantize.csanmt.tokenization import CsanmtTokenizer

    AutoConfig.register(CsanmtConfig.model_type, CsanmtConfig)
    AutoModelForSeq2SeqLM.register(CsanmtConfig, CsanmtForConditionalGeneration)
    AutoTokenizer.register(CsanmtConfig, slow_tokenizer_class=CsanmtTokenizer)


# Reading checkpoints and building graphs needs neither.
if find_spec("torch") and find_spec("transformers"):
    _register()
    if find_spec("optimum"):
        from quantize.csanmt.onnx_export import register

        register()
