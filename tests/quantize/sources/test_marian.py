"""Marian models against transformers: the same logits, tokens, beams and texts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.decode.teacher_forcing import forced_alignment, forced_logits
from pipeline.errors import UserError
from pipeline.tokenizers import load_tokenizer
from pipeline.translator import Translator
from quantize.sources import open_source
from tests.quantize.sources.random_marian import marian_model

pytestmark = pytest.mark.quantize

VARIANTS: dict[str, dict[str, Any]] = {
    "opus": {},
    "renormalised": {"seed": 4, "generation": {"renormalize_logits": True, "length_penalty": 0.6}},
    "untied": {
        "seed": 2,
        "end_bias": 6.0,
        "tie_word_embeddings": False,
        "share_encoder_decoder_embeddings": False,
        "encoder_attention_heads": 8,
        "decoder_attention_heads": 2,
        "activation_function": "gelu",
    },
    "odd": {
        "seed": 4,
        "d_model": 60,
        "encoder_attention_heads": 5,
        "decoder_attention_heads": 5,
        "scale_embedding": False,
        "activation_function": "relu",
        "forced_eos_token_id": None,
        "generation": {"forced_eos_token_id": None},
    },
}


class Pair:
    """A model as transformers runs it and as we serve it."""

    def __init__(self, folder: Path, options: dict[str, Any]) -> None:
        from quantize.bundles.build import build
        from quantize.int8.recipes import load_recipe

        options = dict(options)
        generation = options.pop("generation", {})
        self.model, self.tokenizer = marian_model(folder, **options)
        self.model.generation_config.update(**generation)
        self.model.generation_config.save_pretrained(folder)
        build(folder, load_recipe("fp32"), folder.with_name("bundle"))
        self.served = Translator.load(folder.with_name("bundle"))
        self.pad = self.model.config.pad_token_id
        rng = np.random.default_rng(1)
        lengths = (1, 5, 13, 30, 7, 22, 3, 9, 40, 16)
        self.sources = [rng.integers(2, 900, length).tolist() for length in lengths]

    def generate(self, **options: Any) -> Any:
        import torch

        longest = max(map(len, self.sources)) + 1
        rows = [[*source, 0] + [self.pad] * (longest - 1 - len(source)) for source in self.sources]
        lengths = torch.tensor([len(source) + 1 for source in self.sources])
        mask = (torch.arange(longest) < lengths[:, None]).long()
        return self.model.generate(
            torch.tensor(rows), attention_mask=mask, return_dict_in_generate=True, **options
        )


@pytest.fixture(scope="module", params=VARIANTS)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    made = Pair(tmp_path_factory.mktemp("marian") / request.param, VARIANTS[request.param])
    yield made
    made.served.close()


def test_teacher_forced_logits_are_the_same(pair: Pair) -> None:
    import torch

    rng = np.random.default_rng(0)
    targets = [rng.integers(1, pair.pad, n).tolist() for n in (5, 9, 0, 30, 12, 3, 3, 8, 100, 1)]
    found = forced_logits(pair.served.engine.sessions, pair.sources, targets)
    for source, target, logits in zip(pair.sources, targets, found, strict=True):
        inputs = {
            "input_ids": torch.tensor([[*source, 0]]),
            "decoder_input_ids": torch.tensor([[pair.pad, *target]]),
        }
        with torch.no_grad():
            assert np.abs(pair.model(**inputs).logits[0].numpy() - logits).max() <= 1e-4


def test_alignments_are_the_cross_attentions_averaged_over_heads(pair: Pair) -> None:
    import torch

    targets = [[7, 5, 9], [3], [2, 2, 8, 11, 4, 6], *([] for _ in pair.sources[3:])]
    found = forced_alignment(pair.served.engine.sessions, pair.sources, targets)
    pair.model.set_attn_implementation("eager")  # the only one that gives its weights
    for source, target, attention in zip(pair.sources, targets, found, strict=True):
        inputs = {
            "input_ids": torch.tensor([[*source, 0]]),
            "decoder_input_ids": torch.tensor([[pair.pad, *target]]),
        }
        with torch.no_grad():
            layers = pair.model(**inputs, output_attentions=True).cross_attentions
        expected = torch.stack([layer[0].mean(0) for layer in layers], dim=1).numpy()  # [n+1, L, S]
        assert attention.shape == expected.shape
        assert np.abs(attention - expected).max() <= 1e-5


@pytest.mark.parametrize("longest", [60, 8, 1])
def test_greedy_gives_the_same_tokens(pair: Pair, longest: int) -> None:
    expected = pair.generate(num_beams=1, max_new_tokens=longest).sequences.tolist()
    found = pair.served.nbest(pair.sources, beam_size=1, length_penalty=1.0, max_length=longest)
    assert [row[0].ids for row in found] == [cut(row, pair.pad) for row in expected]


@pytest.mark.parametrize(
    "beam,penalty,longest", [(4, 1.0, 60), (6, 0.6, 60), (2, 0.0, 60), (4, 2.0, 8), (6, 1.0, 2)]
)
def test_beams_give_the_same_lists(pair: Pair, beam: int, penalty: float, longest: int) -> None:
    expected = pair.generate(
        num_beams=beam,
        num_return_sequences=beam,
        length_penalty=penalty,
        max_new_tokens=longest,
        output_scores=True,
    )
    rows = expected.sequences.view(len(pair.sources), beam, -1).tolist()
    scores = expected.sequences_scores.view(len(pair.sources), beam).tolist()
    found = pair.served.nbest(
        pair.sources, beam_size=beam, length_penalty=penalty, max_length=longest
    )
    for hypotheses, ids, score in zip(found, rows, scores, strict=True):
        assert [one.ids for one in hypotheses] == [cut(row, pair.pad) for row in ids]
        assert [one.score for one in hypotheses] == pytest.approx(score, rel=1e-5, abs=1e-4)


def test_sentences_end_at_many_lengths(pair: Pair) -> None:
    """The comparisons above would show little if none ended before the limit, or all at once."""
    found = pair.served.nbest(pair.sources, beam_size=4, length_penalty=1.0, max_length=60)
    assert len({len(row[k].ids) for row in found for k in range(4)}) >= 4


def test_texts_become_the_same_ids_and_ids_the_same_text(pair: Pair) -> None:
    tokens = load_tokenizer(pair.served.bundle)
    for text in ("你好，世界。", "今天天气 很好", "𠮷野家 abc", "！"):
        assert [*tokens.encode(text), 0] == pair.tokenizer(text).input_ids
        assert tokens.count(text) == len(tokens.encode(text))
    rng = np.random.default_rng(2)
    for _ in range(20):
        ids = rng.integers(0, pair.pad + 1, 12).tolist()
        # Our vocabulary's mask symbols are none to a model that does not name them.
        shown = [i for i in ids if i > 1 and pair.tokenizer.convert_ids_to_tokens(i)[0] != "⟦"]
        assert tokens.decode(ids) == pair.tokenizer.decode(shown, skip_special_tokens=True)


def cut(row: list[int], pad: int) -> tuple[int, ...]:
    """The tokens after the one that starts the decoder, up to the end symbol or the padding."""
    return tuple(takewhile(lambda token: token not in (0, pad), row[1:]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("marian") / "model"
    marian_model(folder)
    return folder


def test_all_files_with_options_are_part_of_a_models_identity(folder: Path) -> None:
    names = {path.name for path in open_source(folder).identity}
    options = {"config.json", "generation_config.json", "tokenizer_config.json"}
    assert names == options | {"model.safetensors"}


def test_older_checkpoints_are_read_too(folder: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    shutil.copytree(folder, tmp_path / "old")
    torch.save(load_file(folder / "model.safetensors"), tmp_path / "old" / "pytorch_model.bin")
    (tmp_path / "old" / "model.safetensors").unlink()
    generation = json.loads((tmp_path / "old" / "generation_config.json").read_bytes())
    (tmp_path / "old" / "generation_config.json").unlink()
    config = json.loads((tmp_path / "old" / "config.json").read_bytes()) | generation
    config.pop("forced_eos_token_id")
    (tmp_path / "old" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert open_source(tmp_path / "old").decoding == open_source(folder).decoding
    assert open_source(folder).decoding.forced_end
    new, old = (open_source(str(path)).network.weights for path in (folder, tmp_path / "old"))
    assert set(new) == set(old)
    assert all(np.array_equal(new[name], old[name]) for name in new)
    (tmp_path / "old" / "pytorch_model.bin").write_bytes(b"\x80\x04c__builtin__\neval\n")
    with pytest.raises(UserError, match="no plain weights"):
        open_source(str(tmp_path / "old"))


@pytest.mark.parametrize(
    "change,message",
    [
        ({"no_repeat_ngram_size": 3}, "no_repeat_ngram_size 3 is not supported"),
        ({"early_stopping": True}, "early_stopping True is not supported"),
        ({"bad_words_ids": [[3, 4]]}, "several tokens"),
        ({"decoder_start_token_id": None}, "decoder_start_token_id"),
    ],
)
def test_what_would_decode_differently_is_refused(
    folder: Path, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    shutil.copytree(folder, tmp_path / "model")
    path = tmp_path / "model" / "generation_config.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | change), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        open_source(str(tmp_path / "model"))


@pytest.mark.parametrize(
    "name", ["vocab.json", "target.spm", "model.safetensors", "tokenizer_config.json"]
)
def test_a_missing_file_is_named(folder: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(folder, tmp_path / "model")
    (tmp_path / "model" / name).unlink()
    with pytest.raises(UserError, match=name):
        open_source(str(tmp_path / "model"))
