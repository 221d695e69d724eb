"""Random Marian models in the folders of those who publish them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import sentencepiece

from tests.quantize.sources import marian_models as models

DATA = Path(__file__).parents[2] / "data" / "imports" / "marian"
SHARED, SOURCE, TARGET = (DATA / f"{kind}.zhen.spm" for kind in ("vocab", "srcvocab", "trgvocab"))


def goldens(engine: str) -> dict[str, Any]:
    """What an engine answered."""
    found: dict[str, Any] = json.loads((DATA / f"{engine}.json").read_text(encoding="utf-8"))
    return found


def vocabularies(case: models.Case) -> tuple[Path, ...]:
    """The files that a model needs."""
    return (SOURCE, TARGET) if case.separate else (SHARED,)


def processor(path: Path) -> Any:
    """A vocabulary as its own library reads it."""
    return sentencepiece.SentencePieceProcessor(model_file=str(path))


def pieces(path: Path) -> list[str]:
    """A vocabulary's pieces by id."""
    model = processor(path)
    return [model.id_to_piece(i) for i in range(model.get_piece_size())]


def sizes(case: models.Case) -> tuple[int, int]:
    """How many pieces both languages have."""
    counts = [len(pieces(path)) for path in vocabularies(case)]
    return counts[0], counts[-1]


def firefox_folder(folder: Path, case: models.Case) -> Path:
    """A model and its vocabularies as Firefox names them; returns the model."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in vocabularies(case):
        shutil.copy(path, folder / path.name)
    model = folder / f"model.zhen.intgemm.alphas{case.suffix}"
    models.write_model(model, case, sizes(case))
    (folder / "lex.50.50.zhen.s2t.bin").write_bytes(bytes.fromhex("f5173401d5480a f1") + bytes(64))
    return model


def opus_folder(folder: Path) -> Path:
    """A model in OPUS-MT's layout."""
    folder.mkdir(parents=True, exist_ok=True)
    models.write_opus(folder, pieces(SHARED), SHARED.read_bytes())
    return folder
