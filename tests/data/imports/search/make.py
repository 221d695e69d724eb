"""Writes goldens.json: what Marian's and CTranslate2's own beam searches find.

Run it twice: `python make.py marian` in an environment of Python 3.10 to 3.12 with numpy, pyyaml
and pymarian==1.12.42, and `python make.py ctranslate2` in one with numpy and ctranslate2==4.8.5.

The models are made so that a test needs no network to know what they find probable: all sublayers
give zero, so that probabilities depend on the last token and its position alone.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

HIDDEN, VOCABULARY, POSITIONS = 16, 40, 64
END, UNKNOWN, START = 0, 1, 2  # Marian has no start symbol: to it, that is a word
LENGTHS = (1, 2, 3, 5, 8, 12)  # source words
BEAMS, ALPHAS, SEEDS = (1, 2, 4, 6), (0.0, 0.6, 1.0), (1, 2, 3)
WORDS = ["</s>", "<unk>", "<s>", *(f"w{i}" for i in range(3, VOCABULARY))]
GOLDENS = Path(__file__).parent / "goldens.json"


def parameters(seed: int) -> dict[str, np.ndarray]:
    """Embeddings, output layer and, for CTranslate2, positions; all rounded to float16."""
    rng = np.random.default_rng(seed)
    bias = rng.normal(0, 0.5, VOCABULARY)
    bias[END] += 1.0 + 0.4 * seed  # translations of several lengths, and some that are cut
    found = {
        "embedding": rng.normal(0, 1, (VOCABULARY, HIDDEN)) / np.sqrt(HIDDEN),
        "output": rng.normal(0, 1, (VOCABULARY, HIDDEN)) * 0.5,
        "bias": bias,
        "positions": rng.normal(0, 0.7, (POSITIONS, HIDDEN)),
    }
    return {name: array.astype(np.float16).astype(np.float32) for name, array in found.items()}


MARIAN = f"""dec-cell: ssru
dec-cell-base-depth: 2
dec-cell-high-depth: 1
dec-depth: 1
dim-emb: {HIDDEN}
dim-rnn: 16
dim-vocabs: [{VOCABULARY}, {VOCABULARY}]
enc-cell: gru
enc-cell-depth: 1
enc-depth: 1
enc-type: bidirectional
factors-combine: sum
factors-dim-emb: 0
input-types: []
layer-normalization: false
lemma-dependency: ""
lemma-dim-emb: 0
output-omit-bias: false
right-left: false
skip: false
tied-embeddings: false
tied-embeddings-all: false
tied-embeddings-src: false
transformer-aan-activation: swish
transformer-aan-depth: 2
transformer-aan-nogate: false
transformer-decoder-autoreg: rnn
transformer-decoder-dim-ffn: 0
transformer-decoder-ffn-depth: 0
transformer-dim-aan: 2048
transformer-dim-ffn: {HIDDEN}
transformer-ffn-activation: relu
transformer-ffn-depth: 2
transformer-guided-alignment-layer: last
transformer-heads: 2
transformer-no-affine: false
transformer-no-bias: false
transformer-no-projection: false
transformer-pool: false
transformer-postprocess: dan
transformer-postprocess-emb: d
transformer-postprocess-top: ""
transformer-preprocess: ""
transformer-rnn-projection: false
transformer-tied-layers: []
transformer-train-position-embeddings: false
transformer-train-positions: false
type: transformer
ulr: false
ulr-dim-emb: 0
ulr-trainable-transformation: false
version: v1.12.14 2d067af 2024-02-16 11:44:13 -0500
"""

MARIAN_OPTIONS = {
    "cpu_threads": 1,
    "n_best": True,
    "quiet": True,
    "quiet_translation": True,
    "max_length_factor": 2.0,
    "mini_batch": 1,
    "maxi_batch": 1,
    "workspace": 64,
}


def marian_tensors(own: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Marian's parameters: embeddings, output, and sublayers of zeros."""
    square, row, one = (HIDDEN, HIDDEN), (1, HIDDEN), np.ones((1, HIDDEN))
    tensors = {
        "encoder_Wemb": own["embedding"],
        "decoder_Wemb": own["embedding"],
        "decoder_ff_logit_out_W": own["output"].T,
        "decoder_ff_logit_out_b": own["bias"][None],
    }

    def linear(weight: str, bias: str | None) -> None:
        tensors[weight] = np.zeros(square)
        if bias:
            tensors[bias] = np.zeros(row)

    def norm(name: str) -> None:
        tensors[f"{name}_ln_scale"], tensors[f"{name}_ln_bias"] = one, np.zeros(row)

    for name in ("encoder_l1_self", "decoder_l1_context"):
        for part in "qkvo":
            linear(f"{name}_W{part}", f"{name}_b{part}")
        norm(f"{name}_Wo")
    linear("decoder_l1_rnn_W", None)
    linear("decoder_l1_rnn_Wf", "decoder_l1_rnn_bf")
    norm("decoder_l1_rnn_ffn")
    for name in ("encoder_l1_ffn", "decoder_l1_ffn"):
        linear(f"{name}_W1", f"{name}_b1")
        linear(f"{name}_W2", f"{name}_b2")
        norm(f"{name}_ffn")
    return {name: np.ascontiguousarray(array, np.float32) for name, array in tensors.items()}


def marian(folder: Path) -> list[dict[str, object]]:
    """n-bests of Marian, whose words and scores its output names."""
    from pymarian import Translator

    vocabulary = folder / "vocab.yml"
    vocabulary.write_text("".join(f'"{word}": {i}\n' for i, word in enumerate(WORDS)))
    found = []
    for seed in SEEDS:
        model = folder / f"model{seed}.npz"
        settings = np.frombuffer(MARIAN.encode() + b"\0", np.int8)
        np.savez(model, **marian_tensors(parameters(seed)), **{"special:model.yml": settings})
        for beam in BEAMS:
            for alpha in ALPHAS:
                translator = Translator(
                    models=[str(model)],
                    vocabs=[str(vocabulary)] * 2,
                    beam_size=beam,
                    normalize=alpha,
                    **MARIAN_OPTIONS,
                )
                for length in LENGTHS:
                    lines = translator.translate(" ".join(["w5"] * length)).splitlines()
                    fields = [line.split(" ||| ") for line in lines]
                    nbest = [
                        ([WORDS.index(word) for word in field[1].split()], float(field[-1]))
                        for field in fields
                    ]
                    found.append(
                        {
                            "seed": seed,
                            "beam": beam,
                            "alpha": alpha,
                            "length": length,
                            "nbest": nbest,
                        }
                    )
    return found


def ctranslate2(folder: Path) -> list[dict[str, object]]:
    """n-bests of CTranslate2; without a length penalty it is asked for the best alone, as usual."""
    import ctranslate2 as ct2
    from ctranslate2.specs import transformer_spec

    found = []
    for seed in SEEDS:
        own, spec = parameters(seed), transformer_spec.TransformerSpec.from_config((1, 1), 2)
        fill(spec, own)
        out = folder / f"model{seed}"
        out.mkdir()
        spec.register_source_vocabulary(WORDS)
        spec.register_target_vocabulary(WORDS)
        spec.config.layer_norm_epsilon = 1e-5
        spec.validate()
        spec.save(str(out))
        translator = ct2.Translator(str(out), compute_type="float32", intra_threads=1)
        for beam in BEAMS:
            for alpha in ALPHAS:
                for length in LENGTHS:
                    (result,) = translator.translate_batch(
                        [["w5"] * length],
                        beam_size=beam,
                        length_penalty=alpha,
                        num_hypotheses=beam if alpha else 1,
                        return_scores=True,
                        disable_unk=True,
                        max_decoding_length=2 * length + 2,
                    )
                    ids = [[WORDS.index(word) for word in words] for words in result.hypotheses]
                    nbest = list(zip(ids, result.scores, strict=True))
                    found.append(
                        {
                            "seed": seed,
                            "beam": beam,
                            "alpha": alpha,
                            "length": length,
                            "nbest": nbest,
                        }
                    )
    return found


def fill(spec: object, own: dict[str, np.ndarray]) -> None:
    """Embeddings, positions and output, and sublayers of zeros."""

    def linear(layer: object, rows: int) -> None:
        layer.weight = np.zeros((rows, HIDDEN), np.float32)
        layer.bias = np.zeros(rows, np.float32)

    def norm(layer: object) -> None:
        layer.gamma, layer.beta = np.ones(HIDDEN, np.float32), np.zeros(HIDDEN, np.float32)

    for side in (spec.encoder, spec.decoder):
        embeddings = side.embeddings[0] if side is spec.encoder else side.embeddings
        embeddings.weight = own["embedding"]
        side.position_encodings.encodings = own["positions"]
        norm(side.layer_norm)
        for layer in side.layer:
            blocks = [(layer.self_attention, (3 * HIDDEN, HIDDEN))]
            if side is spec.decoder:
                blocks.append((layer.attention, (HIDDEN, 2 * HIDDEN, HIDDEN)))
            for block, sizes in blocks:
                norm(block.layer_norm)
                for part, rows in zip(block.linear, sizes, strict=True):
                    linear(part, rows)
            norm(layer.ffn.layer_norm)
            linear(layer.ffn.linear_0, HIDDEN)
            linear(layer.ffn.linear_1, HIDDEN)
    spec.decoder.projection.weight = own["output"]
    spec.decoder.projection.bias = own["bias"]


def encoded(array: np.ndarray) -> dict[str, object]:
    """A float32 array that float16 holds, for JSON."""
    text = base64.b64encode(array.astype(np.float16).tobytes()).decode()
    return {"shape": array.shape, "float16": text}


if __name__ == "__main__":
    engine = sys.argv[1]
    goldens = json.loads(GOLDENS.read_text()) if GOLDENS.exists() else {}
    goldens["models"] = {
        seed: {name: encoded(array) for name, array in parameters(seed).items()} for seed in SEEDS
    }
    with tempfile.TemporaryDirectory() as scratch:
        goldens[engine] = {"marian": marian, "ctranslate2": ctranslate2}[engine](Path(scratch))
    GOLDENS.write_text(json.dumps(goldens, sort_keys=True) + "\n")
