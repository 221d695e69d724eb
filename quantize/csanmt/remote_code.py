"""The modules that a converted model carries, so that transformers can load it without this
project.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.tokenizers import subwords

HERE = Path(__file__).parent
TEXT = Path(subwords.__file__)
MODULES = {"configuration": HERE, "layers": HERE, "modeling": HERE, "tokenization": HERE}

CONFIG_MAP = {
    "AutoConfig": "configuration_csanmt.CsanmtConfig",
    "AutoModelForSeq2SeqLM": "modeling_csanmt.CsanmtForConditionalGeneration",
}
TOKENIZER_MAP: dict[str, Any] = {"AutoTokenizer": ["tokenization_csanmt.CsanmtTokenizer", None]}


def write_code(folder: Path) -> None:
    """Copy the modules into the folder, importing one another from there."""
    names = {
        f"quantize.csanmt.{name}": f"{name}_csanmt"
        for name in ("configuration", "layers", "modeling", "tokenization")
    }
    names["pipeline.tokenizers.subwords"] = "csanmt_text"
    for module, name in names.items():
        path = TEXT if module.startswith("pipeline") else HERE / f"{module.rpartition('.')[2]}.py"
        text = path.read_text(encoding="utf-8")
        for other, new in names.items():
            text = text.replace(f"from {other} import", f"from .{new} import")
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
