"""Graphs of every kind of network against its plain reading, and what INT8 keeps of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from pipeline.bundle import Bundle
from pipeline.decode.engine import Engine, EngineSettings
from pipeline.decode.options import DecodingOptions
from pipeline.decode.sessions import Sessions
from pipeline.decode.teacher_forcing import forced_logits, log_softmax
from quantize.network import Array, Network
from tests.quantize.graphs.plain_network import (
    END,
    POSITIONS,
    UNKNOWN,
    PlainNetwork,
    bundle_of,
    random_network,
)

pytestmark = pytest.mark.quantize
SSRU: dict[str, Any] = {"decoder": "ssru", "post_norm": True}
TABLES = {
    name: np.random.default_rng(seed).normal(0, 0.5, (POSITIONS, 32)).astype(np.float32)
    for seed, name in enumerate(("positions", "target_positions"))
}
KINDS: dict[str, dict[str, Any]] = {
    "student": SSRU,
    "student of odd sizes": SSRU | {"hidden": 27, "heads": 3, "inner": 35},
    "pre-norm student": {"decoder": "ssru"},
    "OPUS-MT": {"post_norm": True, "activation": "swish"},
    "pre-norm, start symbol": {"start_id": 2},
    "stored positions of each side": {"start_id": 2, **TABLES},
    "no biases, root mean square": {"biases": False, "rms": True, "activation": "gelu"},
    "gate": {"gate": True, "activation": "silu", "biases": False},
    "gate, root mean square, ssru": SSRU | {"gate": True, "rms": True, "activation": "gelu-tanh"},
    "embedding norms": {"embedding_norm": True, "activation": "gelu-tanh", "start_id": 2},
    "gelu by a sigmoid, own softmax": {"activation": "gelu-sigmoid", "own_softmax": True},
    "tanh, no embedding scale": {"activation": "tanh", "source_scale": 1.0, "target_scale": 2.0},
    "sigmoid": {"activation": "sigmoid", "epsilon": 1e-5},
}


def sentences(network: Network, count: int = 5, seed: int = 0) -> tuple[list[Any], list[Any]]:
    rng = np.random.default_rng(seed)
    sizes = network.source_vocab_size, network.target_vocab_size
    drawn = [
        [rng.integers(2, size, n).tolist() for n in rng.integers(1, 30, count)] for size in sizes
    ]
    return drawn[0], drawn[1]


def largest_difference(
    network: Network, bundle: Bundle, prefix: tuple[int, ...] = (), suffix: tuple[int, ...] = (END,)
) -> float:
    """Between log-probabilities of the plain reading and the bundle's, teacher-forced."""
    plain, (sources, targets) = PlainNetwork(network), sentences(network)
    found = forced_logits(Sessions(bundle), sources, targets)
    return max(
        float(np.abs(log_softmax(plain.logits((*prefix, *source, *suffix), target))
                     - log_softmax(logits)).max())
        for source, target, logits in zip(sources, targets, found, strict=True)
    )  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_network_gives_the_plain_readings_probabilities(
    tmp_path: Path, kind: str
) -> None:
    network = random_network(**KINDS[kind])
    assert largest_difference(network, bundle_of(network, tmp_path)) <= 2e-5


@pytest.mark.parametrize("prefix,suffix", [((2,), (0,)), ((), ()), ((3, 4), (5, 0))])
def test_the_encoder_is_given_what_belongs_around_a_sentence(
    tmp_path: Path, prefix: tuple[int, ...], suffix: tuple[int, ...]
) -> None:
    network = random_network(**SSRU)
    bundle = bundle_of(network, tmp_path, source_prefix=prefix, source_suffix=suffix)
    assert largest_difference(network, bundle, prefix, suffix) <= 2e-5


def greedy(network: Network, source: Sequence[int], limit: int) -> tuple[list[int], float]:
    """The plain reading's best tokens, and their log-probability."""
    plain, ids, total = PlainNetwork(network), list[int](), 0.0
    while len(ids) < limit:
        row = plain.logits((*source, END), ids)[-1]
        first = () if ids else network.banned_first
        row[[*first, *(network.banned if network.renormalise else ())]] = -np.inf
        logprobs = row - row.max() - np.log(np.exp(row - row.max()).sum())
        logprobs[list(network.banned)] = -np.inf
        ids.append(int(logprobs.argmax()))
        total += float(logprobs.max())
        if ids[-1] == END:
            return ids[:-1], total
    return ids, total


@pytest.mark.parametrize("renormalise", [False, True])
@pytest.mark.parametrize("rules", ["marian", "ctranslate2"])
def test_tokens_that_are_never_chosen_or_not_as_the_first_are_not(
    tmp_path: Path, rules: str, renormalise: bool
) -> None:
    barred: dict[str, Any] = {"banned": (UNKNOWN,), "renormalise": renormalise}
    first = (END,) if rules == "ctranslate2" else ()
    network = random_network(**SSRU, **barred, banned_first=first)
    network.weights["logits_bias"][[END, UNKNOWN]] = 4.0  # type: ignore[index]
    bundle = bundle_of(network, tmp_path, rules=rules)
    sources, _ = sentences(network, 8)
    lengths = []
    with closing(Engine.load(bundle)) as engine:
        options = DecodingOptions(greedy=True, length_penalty=0.0, max_length=9)
        for source in sources:
            ids, total = greedy(network, source, 9)
            (found,) = engine.submit(source, options=options).result()
            assert list(found.ids) == ids
            assert found.score == pytest.approx(total, abs=1e-4)
            lengths.append(len(ids))
    assert (min(lengths) == 0) == (not first)


@pytest.mark.parametrize("recipe", ["row-63", "row-127"])
@pytest.mark.parametrize("hidden", [32, 27])
@pytest.mark.parametrize("beam", [1, 4])
def test_an_ssru_sentences_bits_do_not_depend_on_its_neighbours(
    tmp_path: Path, recipe: str, hidden: int, beam: int
) -> None:
    heads = 4 if hidden == 32 else 3
    network = random_network(**SSRU, hidden=hidden, heads=heads, activation="swish")
    bundle = bundle_of(network, tmp_path, recipe)
    sources, _ = sentences(network, 24)
    options = [
        DecodingOptions(beam, 1.0, limit, greedy=beam == 1)
        for limit in np.random.default_rng(3).integers(3, 24, len(sources)).tolist()
    ]
    with closing(Engine(Sessions(bundle), EngineSettings(max_batch_tokens=900))) as engine:
        pairs = list(zip(sources, options, strict=True))
        alone = [engine.submit(ids, options=given).result() for ids, given in pairs]
        together = [future.result() for future in engine.submit_all(pairs)]
    assert [found[0].ids for found in alone] != [()] * len(alone)
    assert together == alone


def test_beams_that_part_take_their_states_along(tmp_path: Path) -> None:
    """The score of a beam's best hypothesis is that of its tokens, forced."""
    network = random_network(**SSRU)
    sources, _ = sentences(network, 6)
    bundle = bundle_of(network, tmp_path)
    sessions = Sessions(bundle)
    with closing(Engine(sessions, EngineSettings())) as engine:
        options = DecodingOptions(4, 1.0, 12)
        found = [engine.submit(ids, options=options) for ids in sources]
        best = [future.result()[0] for future in found]
    targets = [hypothesis.ids for hypothesis in best]
    for logits, hypothesis in zip(forced_logits(sessions, sources, targets), best, strict=True):
        tokens = (*hypothesis.ids, END) if hypothesis.finished else hypothesis.ids
        logprobs = log_softmax(logits)[np.arange(len(tokens)), tokens]
        assert hypothesis.score == pytest.approx(logprobs.sum() / len(tokens), abs=1e-5)


def test_an_ssru_has_no_cache_and_fewer_nodes(tmp_path: Path) -> None:
    counts = {}
    for decoder in ("ssru", "attention"):
        folder = tmp_path / decoder
        folder.mkdir()
        bundle_of(random_network(post_norm=True, decoder=decoder), folder, "row-63")
        graph = onnx.load(folder / "step.onnx", load_external_data=False).graph
        counts[decoder] = len(graph.node)
        inputs = {value.name for value in graph.input}
        assert ("past_state_1" in inputs) == (decoder == "ssru")
        assert ("cache_length" in inputs) == ("past_key_1" in inputs) == (decoder != "ssru")
    assert counts["ssru"] < counts["attention"]


def integers(bundle: Bundle, graph: str) -> dict[str, Array]:
    """The int8 tensors of a bundle's graph, by the names of the products."""
    model = onnx.load(bundle.path / graph)
    return {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in model.graph.initializer
        if tensor.data_type == onnx.TensorProto.INT8
    }


@pytest.mark.parametrize("per_tensor", [True, False])
def test_integers_that_a_source_has_stored_are_kept(tmp_path: Path, per_tensor: bool) -> None:
    network, rng = random_network(**SSRU), np.random.default_rng(5)
    stored, scales, weights = dict[str, Array](), dict[str, Array](), dict(network.weights)
    for name in list(weights):
        if weights[name].ndim == 2:
            stored[name] = rng.integers(-90, 91, weights[name].shape).astype(np.int8)
            size = 1 if per_tensor else len(stored[name])
            scale = rng.uniform(0.001, 0.004, size).astype(np.float32)
            scales[name] = np.broadcast_to(scale, len(stored[name]))
            weights[name] = stored[name] * scales[name][:, None]
    network = replace(network, weights=weights, stored_scales=scales)
    bundle = bundle_of(network, tmp_path, "row-127")
    step, encoder = integers(bundle, "step.onnx"), integers(bundle, "encoder.onnx")
    pairs = [
        (step["decoder.0.ffn.inner.weights"], ["decoder.0.ffn.inner"]),
        (step["decoder.1.ssru.inputforget.weights"], [f"decoder.1.ssru.{p}" for p in SSRU_PARTS]),
        (encoder["encoder.0.attn.qkv.weights"], ["encoder.0.attn.q", "encoder.0.attn.kv"]),
    ]
    for found, names in pairs:
        expected = np.concatenate([stored[f"{name}.weight"] for name in names])
        assert np.array_equal(found.T, expected)
    assert np.array_equal(step["logits.weights"].T[:130], stored["trg_emb.weight"])
    tables = [array for array in encoder.values() if array.shape == (90, 32)]
    assert np.array_equal(tables[0], stored["src_emb.weight"])


SSRU_PARTS = ("input", "forget")
