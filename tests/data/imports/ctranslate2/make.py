"""Random small CTranslate2 models of every option set, and what CTranslate2 itself makes of them.

Run it in an environment with ctranslate2 4.8.5, numpy, sentencepiece and torch (for bfloat16):
python tests/data/imports/ctranslate2/make.py
"""

from __future__ import annotations

import json
import random
import shutil
import struct
from itertools import count
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import sentencepiece
from ctranslate2.specs import common_spec, transformer_spec

HERE = Path(__file__).parent
PIECES = HERE.parents[1] / "sentencepiece"
TEXTS = {
    "source": ("今天天气很好。", "我们在学校学习中文。", "他说，人工智能很重要！", "你好，世界。"),
    "target": ("The weather is good today.", "We learn Chinese at school.", "Hello, world!"),
}
SYMBOLS = ["<unk>", "<s>", "</s>"]
SIZE = 16
SEARCHES = ((1, 1.0, 24), (4, 1.0, 24), (3, 0.2, 24), (2, 0.0, 24), (5, 1.5, 6), (4, 1.0, 1))
ACTIVATIONS = common_spec.Activation

# What of the specification, of the weights and of config.json each model has; how it is stored.
CASES: dict[str, dict[str, Any]] = {
    "argos": {"stored": "int8"},
    "quickmt": {
        "stored": "float16",
        "spec": {"activation": ACTIVATIONS.GELU, "rms_norm": True},
        "shared": False,
        "biases": False,
        "config": {"layer_norm_epsilon": 1e-6},
        "layers": (3, 1),
        "client_end": True,
    },
    "opus": {
        "stored": "int8",
        "spec": {"pre_norm": False, "activation": ACTIVATIONS.SWISH},
        "zero_start": True,
        "config": {"add_source_eos": True, "decoder_start_token": "</s>"},
    },
    "computed_positions": {"positions": None, "heads": 4, "shared": False, "untied": True},
    "gated": {"stored": "bfloat16", "spec": {"activation": ACTIVATIONS.SWISH, "ffn_glu": True}},
    "embedding_norm": {
        "stored": "int16",
        "spec": {
            "pre_norm": False,
            "activation": ACTIVATIONS.GELUTanh,
            "layernorm_embedding": True,
        },
        "scales": (0.0, 3.5),
    },
    "gated_rms": {
        "stored": "int8_float16",
        "spec": {"activation": ACTIVATIONS.GELUSigmoid, "ffn_glu": True, "rms_norm": True},
        "shared": False,
        "untied": True,
        "config": {"add_source_bos": True, "add_source_eos": True, "layer_norm_epsilon": 1e-3},
    },
    "tanh": {"stored": "int8_bfloat16", "spec": {"activation": ACTIVATIONS.Tanh}},
    "sigmoid": {"spec": {"activation": ACTIVATIONS.Sigmoid}, "version": 5, "eos": True},
    "version_4": {"stored": "int8", "version": 4},
    "version_3": {"stored": "int16", "version": 3, "untied": True, "shared": False},
    "version_2": {"version": 2, "base": True, "positions": None, "heads": 8},
}


def vocabulary(*sides: str) -> list[str]:
    """The symbols, and the pieces of some texts."""
    pieces: dict[str, None] = {}
    for side in sides:
        model = sentencepiece.SentencePieceProcessor(model_file=str(PIECES / f"{side}.spm"))
        for text in TEXTS[side]:
            pieces |= dict.fromkeys(model.encode(text, out_type=str))
    return SYMBOLS + [piece for piece in pieces if piece not in SYMBOLS]


def fill(spec: Any, case: dict[str, Any], sizes: tuple[int, int], rng: np.random.Generator) -> None:
    """Random weights, peaked enough to end sentences at all lengths."""

    def normal(*shape: int, scale: float) -> np.ndarray:
        return rng.normal(0, scale, shape).astype(np.float32)

    def linear(layer: Any, outputs: int, inputs: int) -> None:
        layer.weight = normal(outputs, inputs, scale=1.6 / np.sqrt(inputs))
        if case.get("biases", True):
            layer.bias = normal(outputs, scale=0.3)

    def norm(layer: Any) -> None:
        layer.gamma = rng.uniform(0.6, 1.4, SIZE).astype(np.float32)
        if hasattr(layer, "beta"):
            layer.beta = normal(SIZE, scale=0.2)

    inner = 24
    for side, rows, scale in zip(
        (spec.encoder, spec.decoder), sizes, case.get("scales", (None, None)), strict=True
    ):
        table = side.embeddings[0] if side is spec.encoder else side.embeddings
        table.weight = normal(rows, SIZE, scale=SIZE**-0.5)
        if scale is not None:
            side.scale_embeddings = np.float32(scale) if scale else False
        if case.get("positions", 40) is not None:
            side.position_encodings.encodings = normal(case.get("positions", 40), SIZE, scale=0.7)
        for name in ("layer_norm", "layernorm_embedding"):
            if hasattr(side, name):
                norm(getattr(side, name))
        for layer in side.layer:
            blocks = [layer.self_attention]
            linear(layer.self_attention.linear[0], 3 * SIZE, SIZE)
            linear(layer.self_attention.linear[1], SIZE, SIZE)
            if side is spec.decoder:
                blocks.append(layer.attention)
                for part, outputs in zip(layer.attention.linear, (1, 2, 1), strict=True):
                    linear(part, outputs * SIZE, SIZE)
            linear(layer.ffn.linear_0, inner, SIZE)
            linear(layer.ffn.linear_1, SIZE, inner)
            if hasattr(layer.ffn, "linear_0_noact"):
                linear(layer.ffn.linear_0_noact, inner, SIZE)
            for block in (*blocks, layer.ffn):
                norm(block.layer_norm)
    if case.get("shared", True):
        spec.encoder.embeddings[0].weight = spec.decoder.embeddings.weight
    output = spec.decoder.projection
    output.weight = spec.decoder.embeddings.weight
    if case.get("untied"):
        output.weight = normal(sizes[1], SIZE, scale=SIZE**-0.5)
    output.weight = output.weight * np.float32(3)
    if not case.get("untied"):
        spec.decoder.embeddings.weight = output.weight
        if case.get("shared", True):
            spec.encoder.embeddings[0].weight = output.weight
    output.bias = normal(sizes[1], scale=0.5)
    output.bias[[0, 2]] += rng.uniform(2, 9)  # <unk> would win, were it not barred
    spec.decoder.start_from_zero_embedding = case.get("zero_start", False)


def make(name: str, case: dict[str, Any]) -> None:
    """Models are made until one ends its sentences at several lengths."""
    for seed in count():
        found = attempt(HERE / name, case, np.random.default_rng((seed, *name.encode())))
        lengths = [len(one) for (one,) in found["searches"][0]["hypotheses"]]
        if len(set(lengths)) >= 5:
            break
    print(f"{name:20} seed {seed}, lengths of greedy translations {lengths}")  # noqa: T201
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":")).replace("],[", "],\n[")
    (HERE / name / "golden.json").write_text(text + "\n", encoding="utf-8")


def attempt(folder: Path, case: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    source, target = vocabulary("source"), vocabulary("target")
    if case.get("shared", True):
        source = target = vocabulary("source", "target")
    spec = transformer_spec.TransformerSpec.from_config(
        case.get("layers", (2, 2)), case.get("heads", 2), **case.get("spec", {})
    )
    fill(spec, case, (len(source), len(target)), rng)
    for key, value in case.get("config", {}).items():
        setattr(spec.config, key, value)
    spec.register_source_vocabulary(source)
    spec.register_target_vocabulary(target)
    spec.validate()
    spec.optimize(case.get("stored"))
    spec.save(str(folder))
    if "version" in case:
        older(folder, case)
    return answers(folder, source[3:], target[3:], ["</s>"] if "client_end" in case else [])


def older(folder: Path, case: dict[str, Any]) -> None:
    """Write the model anew as an older version of the binary format."""
    spec, variables, aliases = read(folder / "model.bin")
    version = case["version"]
    if case.get("base"):
        spec = "TransformerBase"
        variables = {
            name.replace("embeddings_0", "embeddings"): value
            for name, value in variables.items()
            if not name.endswith(("num_heads", "multi_query_attention"))
        }
        aliases = {alias.replace("embeddings_0", "embeddings"): to for alias, to in aliases.items()}
    (folder / "config.json").unlink()
    if case.get("eos"):
        variables["with_source_eos"] = (1, (), np.int8(1).tobytes())
        variables["with_target_bos"] = (1, (), np.int8(0).tobytes())
    if version < 3:
        variables |= {alias: variables[to] for alias, to in aliases.items()}
        aliases = {}
    data = struct.pack("<I", version) + string(spec) + struct.pack("<II", 5, len(variables))
    for name, (kind, shape, content) in sorted(variables.items()):
        size = {0: 4, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2}[kind]
        data += string(name) + struct.pack(f"<B{len(shape)}I", len(shape), *shape)
        first, count = (kind, len(content)) if version >= 4 else (size, len(content) // size)
        data += struct.pack("<BI", first, count) + content
    if version >= 3:
        data += struct.pack("<I", len(aliases))
        data += b"".join(string(alias) + string(to) for alias, to in aliases.items())
    (folder / "model.bin").write_bytes(data)
    for path in folder.glob("*_vocabulary.json"):
        tokens = json.loads(path.read_text(encoding="utf-8"))
        path.with_suffix(".txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
        path.unlink()


def string(text: str) -> bytes:
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


def read(path: Path) -> tuple[str, dict[str, Any], dict[str, str]]:
    """The current format: its specification's name, variables and aliases."""
    data, at = path.read_bytes(), 4

    def take(form: str) -> tuple[Any, ...]:
        nonlocal at
        values = struct.unpack_from(f"<{form}", data, at)
        at += struct.calcsize(f"<{form}")
        return values

    def text() -> str:
        return take(f"{take('H')[0]}s")[0][:-1].decode()

    spec, variables, _ = text(), {}, take("I")
    for _ in range(take("I")[0]):
        name = text()
        shape = take(f"{take('B')[0]}I")
        kind, size = take("BI")
        variables[name] = kind, shape, take(f"{size}s")[0]
    return spec, variables, {text(): text() for _ in range(take("I")[0])}


def answers(folder: Path, source: list[str], target: list[str], end: list[str]) -> dict[str, Any]:
    """Log-probabilities of given translations, and searches of several kinds.

    `end` is what the model's own client puts behind a sentence.
    """
    translator = ctranslate2.Translator(str(folder), compute_type="float32", intra_threads=1)
    pick = random.Random(7)
    lengths = (1, 2, 4, 5, 8, 13, 20)
    sources = [[pick.choice(source) for _ in range(length)] for length in lengths]
    targets = [[pick.choice(target) for _ in range(length)] for length in (1, 0, 7, 3, 16, 9, 12)]
    given = [[*one, *end] for one in sources]
    scored = translator.score_batch(given, targets)
    found: dict[str, Any] = {
        "sources": sources,
        "targets": targets,
        "log_probs": [[round(value, 6) for value in one.log_probs] for one in scored],
        "searches": [],
    }
    for beam, penalty, longest in SEARCHES:
        results = translator.translate_batch(
            given,
            beam_size=beam,
            num_hypotheses=beam if penalty else 1,  # without a penalty, it stops at the best one
            length_penalty=penalty,
            max_decoding_length=longest,
            disable_unk=True,
            return_scores=True,
        )
        found["searches"].append(
            {
                "beam": beam,
                "penalty": penalty,
                "longest": longest,
                "hypotheses": [result.hypotheses for result in results],
                "scores": [[round(score, 6) for score in one.scores] for one in results],
            }
        )
    return found


if __name__ == "__main__":
    for case_name, options in CASES.items():
        make(case_name, options)
