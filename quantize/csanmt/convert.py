"""From a CSANMT source to a folder that transformers and optimum load.

The folder carries the modules that it needs, so that it loads without this project.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import GenerationConfig

from pipeline.errors import UserError
from pipeline.tokenizers import subwords
from quantize.csanmt.configuration import CsanmtConfig
from quantize.csanmt.modeling import CsanmtForConditionalGeneration
from quantize.csanmt.tokenization import CsanmtTokenizer
from quantize.progress import Show, no_show
from quantize.sources import open_source
from quantize.sources.base import Source

HERE = Path(__file__).parent
# The names of the modules here, and of their copies.
COPIES = {
    f"quantize.csanmt.{name}": f"{name}_csanmt"
    for name in ("configuration", "layers", "modeling", "tokenization")
} | {subwords.__name__: "csanmt_text"}

# Where transformers finds the classes, as the models' files state it.
CONFIG_MAP = {
    "AutoConfig": "configuration_csanmt.CsanmtConfig",
    "AutoModelForSeq2SeqLM": "modeling_csanmt.CsanmtForConditionalGeneration",
}
TOKENIZER_MAP: dict[str, Any] = {"AutoTokenizer": ["tokenization_csanmt.CsanmtTokenizer", None]}


def convert(spec: str | Path, out: Path, show: Show = no_show) -> Path:
    """Write the source that `spec` names into `out` as transformers loads it.

    That is its configuration, weights, tokenizer and the code that they need. Raises UserError for
    a source of another family and for a place that is taken.
    """
    source = open_source(spec, show=show)
    if source.config is None:
        raise UserError(f"{source.folder} is no CSANMT: transformers loads it as it is")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} is not an empty folder: name a new one")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
        folder = Path(scratch)
        torch_model(source, show).save_pretrained(folder)
        _tokenizer(source).save_pretrained(folder)
        write_code(folder)
        out.mkdir(exist_ok=True)
        for path in folder.iterdir():
            path.replace(out / path.name)
    return out


def torch_model(source: Source, show: Show = no_show) -> CsanmtForConditionalGeneration:
    """The network in torch with the source's weights, ready for inference."""
    assert source.config is not None
    config = CsanmtConfig(**source.config, auto_map=CONFIG_MAP)
    # The weights come from the source: initial ones would take memory and time.
    with torch.device("meta"):
        network = CsanmtForConditionalGeneration(config)
    # Each weight once, whatever else it is called.
    names = [name for name, _ in network.named_parameters()]
    state = {}
    for done, name in enumerate(names, 1):
        weight = np.array(source.network.weights[name], np.float32, order="C")
        state[name] = torch.from_numpy(weight)
        show("weights", done, len(names))
    network.load_state_dict(state, strict=False, assign=True)
    decoding = source.decoding
    network.generation_config = GenerationConfig(
        max_length=decoding.max_length + 1,  # the symbol that starts the decoder counts there
        num_beams=decoding.beam_size,
        length_penalty=decoding.length_penalty,
        decoder_start_token_id=decoding.end_id,
        eos_token_id=decoding.end_id,
        pad_token_id=decoding.end_id,
    )
    return network.eval()


def _tokenizer(source: Source) -> CsanmtTokenizer:
    entry, files = source.tokenizer, {name: str(path) for name, path in source.files.items()}
    languages = {"source_lang": source.languages.source, "target_lang": source.languages.target}
    if entry.kind == "csanmt":
        tokenizer = CsanmtTokenizer(
            source_vocab=files[entry.source],
            target_vocab=files[entry.target],
            codes=files[entry.codes],
            unknown_id=entry.source_unknown_id,
            **languages,
        )
    else:
        tokenizer = CsanmtTokenizer(
            source_spm=files[entry.source],
            target_spm=files[entry.target],
            unknown_id=entry.unknown_id,
            **languages,
        )
    tokenizer.init_kwargs["auto_map"] = TOKENIZER_MAP
    return tokenizer


def write_code(folder: Path) -> None:
    """Copy the modules into the folder, importing one another from there."""
    for module, name in COPIES.items():
        path = HERE / f"{module.rpartition('.')[2]}.py"
        if module == subwords.__name__:
            path = Path(subwords.__file__)
        text = path.read_text(encoding="utf-8")
        for other, copy in COPIES.items():
            text = text.replace(f"from {other} import", f"from .{copy} import")
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
