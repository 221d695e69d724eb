"""Bundles for tests of the text side: the vocabularies of csanmt-zh-en-tiny, and a manifest without
graphs.

And what makes two encodings the same.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from pipeline.bundle import CONTRACT, Bundle, sha256
from pipeline.decode.sessions import EncodedSource

VOCABULARIES = Path(__file__).parent / "data" / "sentencepiece"
MASKS = tuple(f"⟦{i}⟧" for i in range(8))  # symbols of theirs


def text_bundle(folder: Path, max_source_length: int = 128) -> Bundle:
    """A bundle in `folder` with the vocabularies in tests/data/sentencepiece and nothing else."""
    files = {}
    for name in ("source.spm", "target.spm"):
        path = Path(shutil.copy(VOCABULARIES / name, folder / name))
        files[name] = {"sha256": sha256(path), "size": path.stat().st_size}
    manifest = {
        "contract": CONTRACT,
        "name": "text-only",
        "family": "csanmt",
        "languages": {"source": "zh", "target": "en"},
        "tokenizer": {
            "kind": "sentencepiece",
            "source": "source.spm",
            "target": "target.spm",
            "unknown_id": 1,
            "mask_symbols": MASKS,
        },
        "dimensions": {
            "hidden_size": 256,
            "num_heads": 4,
            "head_size": 64,
            "num_decoder_layers": 2,
            "source_vocab_size": 12000,
            "target_vocab_size": 8000,
            "max_positions": 512,
            "semantic_bias": True,
        },
        "decoding": {
            "rules": "csanmt",
            "beam_size": 4,
            "length_penalty": 0.6,
            "max_length": 128,
            "end_id": 0,
            "max_source_length": max_source_length,
        },
        "canary": {"file": "canary.json", "tolerance": 0.001},
        "recipe": {},
        "versions": {},
        "licence": "Apache-2.0",
        "provenance": "tests",
        "files": files,
    }
    (folder / "model.yaml").write_text(
        yaml.safe_dump(manifest, allow_unicode=True), encoding="utf-8"
    )
    return Bundle.load(folder)


def bits(encoded: EncodedSource) -> list[bytes]:
    """All that the encoder found for a sentence, bit by bit."""
    return [
        array.tobytes()
        for array in (encoded.mask, encoded.semantic_bias, *encoded.keys, *encoded.values)
    ]
