"""The engine on the real default model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.decode.engine import Engine, EngineSettings
from pipeline.decode.options import DecodingOptions
from pipeline.decode.sessions import Sessions
from pipeline.decode.teacher_forcing import forced_logprobs
from pipeline.errors import InvalidText

LONG = DecodingOptions(beam_size=4, length_penalty=0.6, max_length=100)


@pytest.fixture
def engine(sessions: Sessions) -> Iterator[Engine]:
    engine = Engine(sessions, EngineSettings(workers=2, max_batch_tokens=3000))
    yield engine
    engine.close()


def test_a_sentence_has_the_same_hypotheses_alone_and_beside_others(
    engine: Engine, sources: list[list[int]]
) -> None:
    together = [future.result() for future in [engine.submit(ids) for ids in sources]]
    for ids, hypotheses in zip(sources[::4], together[::4], strict=True):
        assert engine.submit(ids).result() == hypotheses


def test_beam_scores_are_the_normalised_log_probabilities_of_their_tokens(
    engine: Engine, sessions: Sessions, sources: list[list[int]]
) -> None:
    tolerance = (
        0.05  # four rows and one round differently in the last bits, which flips INT8 roundings
    )
    for ids in sources[:6]:
        for hypothesis in engine.submit(ids).result():
            if hypothesis.finished:
                logp = forced_logprobs(sessions, [ids], [hypothesis.ids])[0].sum()
                length = len(hypothesis.ids) + 1
                assert hypothesis.score == pytest.approx(
                    logp / ((5 + length) / 6) ** 0.6, abs=tolerance
                )


def test_hypotheses_come_best_first_and_options_hold_for_each_sentence(
    engine: Engine, sources: list[list[int]]
) -> None:
    for beam in (1, 2, 5):
        futures = [
            engine.submit(ids, options=DecodingOptions(beam, 0.6, 30)) for ids in sources[:8]
        ]
        for future in futures:
            hypotheses = future.result()
            scores = [hypothesis.score for hypothesis in hypotheses]
            assert 1 <= len(scores) <= beam
            assert scores == sorted(scores, reverse=True)
            assert all(hypothesis.steps <= 30 for hypothesis in hypotheses)
    greedy = engine.submit(sources[0], options=DecodingOptions(greedy=True, max_length=5)).result()
    assert len(greedy) == 1
    assert greedy[0].steps <= 5


@pytest.mark.parametrize("length", [0, 97])
def test_sentences_of_impossible_length_are_refused_at_once(engine: Engine, length: int) -> None:
    with pytest.raises(InvalidText, match=f"{length} tokens"):
        engine.submit([5] * length)


def test_a_sentence_larger_than_the_budget_is_decoded_alone(
    sessions: Sessions, sources: list[list[int]]
) -> None:
    engine = Engine(sessions, EngineSettings(workers=1, max_batch_tokens=1))
    try:
        futures = [engine.submit(ids[:6], lane="bulk") for ids in sources[:3]]
        assert all(future.result() for future in futures)
    finally:
        engine.close()
