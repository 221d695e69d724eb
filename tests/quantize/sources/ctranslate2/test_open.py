"""CTranslate2's models against CTranslate2: the same log-probabilities, tokens, beams and texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentencepiece

from pipeline.decode.teacher_forcing import forced_logprobs
from pipeline.tokenizers import load_tokenizer
from pipeline.translator import Translator
from quantize.bundles.build import build
from quantize.int8.recipes import load_recipe
from quantize.int8.rounding import Quantiser
from quantize.sources import open_source
from quantize.sources.ctranslate2.binary import ModelFile
from tests.bundles import VOCABULARIES
from tests.quantize.sources.ctranslate2.models import NAMES, golden, model, unpacked


class Pair:
    """A float32 bundle of a model, served, and what CTranslate2 answers."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.golden = name, golden(name)
        self.source = model(name, folder)
        build(self.source, load_recipe("fp32"), folder / "bundle")
        self.served = Translator.load(folder / "bundle")
        bundle = self.served.bundle
        entry: Any = bundle.manifest.tokenizer
        self.source_ids = json.loads(bundle.file(entry.source_ids).read_bytes())
        self.target_ids = json.loads(bundle.file(entry.target_ids).read_bytes())
        self.sources = [[self.source_ids[one] for one in row] for row in self.golden["sources"]]

    def targets(self, rows: list[list[str]]) -> list[tuple[int, ...]]:
        return [tuple(self.target_ids[token] for token in row) for row in rows]


@pytest.fixture(scope="module", params=NAMES)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    made = Pair(request.param, tmp_path_factory.mktemp(request.param))
    yield made
    made.served.close()


def test_given_translations_are_as_probable(pair: Pair) -> None:
    sessions = pair.served.engine.sessions
    targets = pair.targets(pair.golden["targets"])
    found = forced_logprobs(sessions, pair.sources, targets)
    for ours, theirs in zip(found, pair.golden["log_probs"], strict=True):
        assert np.abs(ours - theirs).max() <= 2e-5


@pytest.mark.parametrize("place", range(6))
def test_searches_find_the_same(pair: Pair, place: int) -> None:
    """The first of them is greedy."""
    search = pair.golden["searches"][place]
    found = pair.served.nbest(
        pair.sources,
        beam_size=search["beam"],
        length_penalty=search["penalty"],
        max_length=search["longest"],
    )
    for ours, tokens, scores in zip(found, search["hypotheses"], search["scores"], strict=True):
        ours = ours[: len(tokens)]
        assert [one.ids for one in ours] == pair.targets(tokens)
        assert [one.score for one in ours] == pytest.approx(scores, rel=1e-5, abs=1e-4)


def test_sentences_end_at_many_lengths() -> None:
    """The comparisons above would show little if none ended before the limit, or all at once."""
    for name in NAMES:
        greedy = golden(name)["searches"][0]["hypotheses"]
        assert len({len(one) for (one,) in greedy}) >= 4


def test_pieces_are_those_of_the_sentencepiece_model(pair: Pair) -> None:
    tokens, entry = load_tokenizer(pair.served.bundle), pair.served.bundle.manifest.tokenizer
    spm = sentencepiece.SentencePieceProcessor(model_file=str(VOCABULARIES / "source.spm"))
    for text in ("今天天气很好。", "我们在学校学习中文。", "𠮷野家 abc"):
        pieces = spm.encode(text, out_type=str)
        unknown = pair.source_ids["<unk>"]
        assert tokens.encode(text) == [pair.source_ids.get(piece, unknown) for piece in pieces]
    assert entry.unknown_id == pair.target_ids["<unk>"]


def test_the_pieces_of_a_translation_become_text(pair: Pair) -> None:
    tokens = load_tokenizer(pair.served.bundle)
    for (best,) in pair.golden["searches"][0]["hypotheses"]:
        shown = [piece for piece in best if piece not in ("<s>", "</s>", "<unk>")]
        ids = [pair.target_ids[piece] for piece in best]
        assert tokens.decode(ids) == "".join(shown).replace("▁", " ").strip()


def test_argos_takes_underscores_for_spaces(tmp_path: Path) -> None:
    """So does its own client; no other one."""
    place = unpacked(tmp_path)
    path = place / "model" / "shared_vocabulary.json"
    tokens = json.loads(path.read_bytes())
    path.write_text(json.dumps([*tokens[:3], "▁good_day", *tokens[4:]]), encoding="utf-8")
    tokenizer = load_tokenizer(build(place, load_recipe("fp32"), tmp_path / "argos"))
    assert tokenizer.decode([3]) == "good day"
    (place / "model").rename(tmp_path / "plain-zh-en")
    (place / "sentencepiece.model").rename(tmp_path / "plain-zh-en" / "sentencepiece.model")
    bundle = build(tmp_path / "plain-zh-en", load_recipe("fp32"), tmp_path / "plain")
    assert load_tokenizer(bundle).decode([3]) == "good_day"


def test_integers_of_8_bits_stay_what_they_are(tmp_path: Path) -> None:
    path = model("opus", tmp_path)
    network = open_source(path).network
    file = ModelFile((path / "model.bin").read_bytes(), "model.bin")
    hidden = network.hidden_size
    for ours, theirs, part in (
        ("src_emb.weight", "decoder/embeddings/weight", slice(None)),
        (
            "encoder.1.attn.q.weight",
            "encoder/layer_1/self_attention/linear_0/weight",
            slice(hidden),
        ),
        (
            "decoder.0.cross_attn.kv.weight",
            "decoder/layer_0/attention/linear_1/weight",
            slice(None),
        ),
    ):
        integers = network.weights[ours] / network.stored_scales[ours][:, None]
        assert np.abs(integers - file.stored(theirs)[part]).max() < 1e-4
    assert set(network.stored_scales) == {
        name for name in network.weights if name.endswith(".weight") and "norm" not in name
    }
    quantiser = Quantiser(load_recipe("row-127"))
    name = "encoder.1.ffn.inner.weight"
    found, _ = quantiser.weight("product", network.weights[name].T, network.stored_scales[name])
    assert np.array_equal(found.T, file.stored("encoder/layer_1/ffn/linear_0/weight"))


def test_what_surrounds_a_sentence_is_what_the_models_own_clients_give(tmp_path: Path) -> None:
    surrounded = {}
    for name in ("argos", "quickmt", "opus", "gated_rms", "sigmoid"):
        (tmp_path / name).mkdir()
        source = open_source(model(name, tmp_path / name))
        decoding, network = source.decoding, source.network
        surrounded[name] = decoding.source_prefix, decoding.source_suffix, network.start_id
    assert surrounded == {
        "argos": ((), (), 1),
        "quickmt": ((), (2,), 1),  # whatever config.json says
        "opus": ((), (2,), None),  # once, though both its client and config.json do
        "gated_rms": ((1,), (2,), 1),
        "sigmoid": ((), (2,), 2),
    }


@pytest.mark.parametrize("name", ["argos", "quickmt", "opus"])
def test_a_text_goes_all_the_way(name: str, tmp_path: Path) -> None:
    build(model(name, tmp_path), load_recipe("fp32"), tmp_path / "bundle")
    with Translator.load(tmp_path / "bundle") as translator:
        assert isinstance(translator.translate("今天天气很好。\n你好，世界。").text, str)


@pytest.mark.parametrize(
    "name,languages",
    [
        ("opus-mt-zh-en-ctranslate2", ("zh", "en")),
        ("quickmt-en_zh", ("en", "zh")),
        ("opus-mt-ar-en", ("ar", "en")),
        ("zho-eng", ("zh", "en")),
        ("model", ("zh", "en")),
    ],
)
def test_names_tell_languages(name: str, languages: tuple[str, str], tmp_path: Path) -> None:
    place = model("opus", tmp_path).rename(tmp_path / name)
    found = open_source(place).languages
    assert (found.source, found.target) == languages
