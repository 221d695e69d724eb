"""Bundles built from the reference's checkpoints, against what the reference computed.

They run in the engine that serves.
"""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.decode.options import Hypothesis
from pipeline.decode.teacher_forcing import forced_logits
from pipeline.tokenizers import load_tokenizer
from pipeline.translator import Translator
from tests.reference import SPLIT, Reference, Scored, hypotheses

SWAP = 2e-5  # scores that differ by less may come in either order
TAGS = ("beam1", "beam4", "beam4_lp1_max6", "beam2_lp0")


def same(found: list[Hypothesis], expected: Scored) -> bool:
    """Whether these are the same hypotheses, apart from the order of those with equal scores."""
    if len(found) != len(expected):
        return False
    pairs = list(zip(found, expected, strict=True))
    if any(abs(hypothesis.score - score) > 1e-4 for hypothesis, (_, score) in pairs):
        return False
    scores = dict(expected)
    return {hypothesis.ids for hypothesis in found} == set(scores) and all(
        hypothesis.ids == ids or abs(scores[hypothesis.ids] - score) < SWAP
        for hypothesis, (ids, score) in pairs
    )


def test_the_first_steps_logits_are_the_references(
    reference: Reference, translator: Translator
) -> None:
    empty: list[list[int]] = [[]] * len(reference.sources)
    found = forced_logits(translator.engine.sessions, reference.sources, empty)
    first = np.stack([row[0] for row in found])
    assert np.abs(first - reference.arrays["first_logits"]).max() <= 1e-4


def test_teacher_forced_logits_are_the_references(
    reference: Reference, translator: Translator
) -> None:
    sources = [reference.sources[k] for k in reference.forced]
    targets = [reference.arrays[f"tf_{k}_trg"][:-1].tolist() for k in reference.forced]
    found = forced_logits(translator.engine.sessions, sources, targets)
    for k, logits in zip(reference.forced, found, strict=True):
        assert np.abs(logits - reference.arrays[f"tf_{k}_logits"]).max() <= 1e-4


@pytest.mark.parametrize("tag", TAGS)
def test_n_best_lists_and_steps_are_the_references(
    reference: Reference, translator: Translator, tag: str
) -> None:
    found = translator.nbest(reference.sources, **reference.settings[tag])
    sequences, scores, steps = (
        reference.arrays[f"{tag}_{part}"] for part in ("seqs", "scores", "steps")
    )
    assert [row[0].steps for row in found] == steps.tolist()
    for number, row in enumerate(found):
        assert same(row, hypotheses(sequences[number], scores[number])), (number, row)


def test_padded_batches_of_the_reference_have_the_same_best_hypotheses(
    reference: Reference, translator: Translator
) -> None:
    found = translator.nbest(reference.sources, **reference.settings["beam4"])
    for number, batch in enumerate(reference.arrays["batch_index"].tolist()):
        rows = zip(
            *(reference.arrays[f"beam4_batch{number}_{part}"] for part in ("seqs", "scores")),
            strict=True,
        )
        for k, (sequences, scores) in zip(batch, rows, strict=True):
            assert found[k][0].ids == hypotheses(sequences, scores)[0][0]


@pytest.mark.parametrize("edge", ["midzero", "allpad3"])
def test_zeros_in_a_source_hide_what_follows_them(
    reference: Reference, translator: Translator, edge: str
) -> None:
    ids, sequences, scores = (
        reference.arrays[f"edge_{edge}_{part}"] for part in ("in", "seqs", "scores")
    )
    found = translator.nbest(ids.tolist(), **reference.settings["beam4"])
    for row, *expected in zip(found, sequences, scores, strict=True):
        assert same(row, hypotheses(*expected))


def test_texts_become_the_references_ids_and_its_output_the_same_text(
    reference: Reference, translator: Translator
) -> None:
    tokens = load_tokenizer(translator.bundle)
    assert len(reference.texts) == 108
    for record in reference.texts:
        for piece, expected in zip(record["text"].split(SPLIT), record["input_ids"], strict=True):
            ids = tokens.encode(piece)
            assert tokens.count(piece) == len(ids)
            assert ids + [0] * (len(expected) - len(ids)) == expected, record["text"]
        assert SPLIT.join(map(tokens.decode, record["output_ids"])) == record["translation"]


def test_a_text_is_translated_through_all_stages(translator: Translator) -> None:
    translation = translator.translate("人工智能。\n\n中国的科技创新能力正在快速提升。")
    assert len(translation.sentences) == 2
    assert translation.text.count("\n\n") == 1
    assert all(sentence.score is not None for sentence in translation.sentences)


def test_neighbours_do_not_change_a_bit_of_the_logits(
    reference: Reference, translator: Translator
) -> None:
    sessions = translator.engine.sessions
    targets = [source[::-1][:40] for source in reference.sources]
    targets = [[i % sessions.dimensions.target_vocab_size for i in target] for target in targets]
    crowd = forced_logits(sessions, reference.sources, targets)
    for k in range(0, len(targets), 8):
        alone = forced_logits(sessions, [reference.sources[k]], [targets[k]])[0]
        assert alone.tobytes() == crowd[k].tobytes()
