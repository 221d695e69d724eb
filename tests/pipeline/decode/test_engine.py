"""The engine on the real default model."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from pipeline.decode import canary
from pipeline.decode.batch import Batch
from pipeline.decode.engine import Engine, EngineSettings, EngineStats
from pipeline.decode.options import DecodingOptions
from pipeline.decode.sessions import Sessions
from pipeline.decode.teacher_forcing import forced_logprobs
from pipeline.errors import BundleError, DeadlineExceeded, EngineStopped, InvalidText

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


def test_a_short_sentence_overtakes_a_document(engine: Engine, sources: list[list[int]]) -> None:
    finished: list[str] = []
    document = [engine.submit(ids, options=LONG, lane="bulk") for ids in sources * 3]
    for future in document:
        future.add_done_callback(lambda _: finished.append("bulk"))
    short = engine.submit(sources[0][:5])
    short.add_done_callback(lambda _: finished.append("short"))
    for future in document:
        future.result()
    assert finished.index("short") < len(document) / 4


def test_a_cancelled_sentence_leaves_the_batch(engine: Engine, sources: list[list[int]]) -> None:
    futures = [engine.submit(ids, options=LONG) for ids in sources]
    for future in futures[1:]:
        assert future.cancel()
    assert futures[0].result()
    until = time.monotonic() + 60
    while engine.stats() != EngineStats(
        waiting=0, waiting_tokens=0, interactive_tokens=0, active=0
    ):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_passed_deadline_fails_the_future(engine: Engine, sources: list[list[int]]) -> None:
    with pytest.raises(DeadlineExceeded):
        engine.submit(sources[0], timeout=0.0).result()
    assert engine.submit(sources[0], timeout=60.0).result()


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


def test_closing_fails_what_is_not_done_and_refuses_more(
    sessions: Sessions, sources: list[list[int]]
) -> None:
    engine = Engine(sessions, EngineSettings(workers=1))
    futures = [engine.submit(ids, options=LONG) for ids in sources * 4]
    engine.close()
    assert any(isinstance(future.exception(), EngineStopped) for future in futures)
    assert all(future.done() for future in futures)
    with pytest.raises(EngineStopped):
        engine.submit(sources[0]).result()
    with pytest.raises(EngineStopped):
        engine.check()


def test_a_failure_in_a_worker_reaches_its_callers_and_the_health_check(
    sessions: Sessions, sources: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    engine = Engine(sessions, EngineSettings(workers=1))
    monkeypatch.setattr(Batch, "run", lambda _: 1 / 0)
    with pytest.raises(EngineStopped):
        engine.submit(sources[0]).result(timeout=30)
    with pytest.raises(EngineStopped):
        engine.check()


def test_a_failure_while_sentences_join_reaches_all_that_were_to_join(
    sessions: Sessions, sources: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    encode = Sessions.encode
    monkeypatch.setattr(
        Sessions,
        "encode",
        lambda *given: 1 / 0 if [5] * 3 in map(list, given[1]) else encode(*given),
    )
    engine = Engine(sessions, EngineSettings(workers=1))
    futures = [
        engine.submit(ids, options=LONG) for ids in (sources[0], [5] * 3, sources[1], sources[2])
    ]
    for future in futures:
        assert isinstance(future.exception(timeout=30), EngineStopped)


def test_the_canary_passes_and_notices_another_model(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert canary.replay(sessions) <= sessions.bundle.manifest.canary.tolerance
    monkeypatch.setattr(
        canary, "forced_logprobs", lambda *given: [row - 1 for row in forced_logprobs(*given)]
    )
    with pytest.raises(BundleError, match="within"):
        canary.replay(sessions)
