"""Whatever fails, no caller is left waiting and no thread is left running."""

from __future__ import annotations

import threading

import pytest

from pipeline.bundle import Bundle
from pipeline.config import DEFAULT_MODEL
from pipeline.decode.batch import Batch
from pipeline.decode.engine import Engine, EngineSettings
from pipeline.decode.options import DecodingOptions
from pipeline.decode.search import BeamSearch
from pipeline.decode.sessions import Sessions
from pipeline.errors import EngineStopped, InvalidText

LONG = DecodingOptions(beam_size=4, length_penalty=0.6, max_length=100)


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads fail without a traceback."""
    monkeypatch.setattr(threading, "excepthook", lambda _: None)


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


@pytest.mark.usefixtures("quiet")
def test_a_failure_in_a_worker_reaches_its_callers_and_the_health_check(
    sessions: Sessions, sources: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(sessions, EngineSettings(workers=1))
    monkeypatch.setattr(Batch, "run", lambda _: 1 / 0)
    with pytest.raises(EngineStopped):
        engine.submit(sources[0]).result(timeout=30)
    with pytest.raises(EngineStopped):
        engine.check()


@pytest.mark.usefixtures("quiet")
def test_a_failure_while_sentences_join_reaches_all_that_were_to_join(
    sessions: Sessions, sources: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
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


@pytest.mark.usefixtures("quiet")
def test_a_failure_inside_a_result_reaches_all_callers_and_stops_the_engine(
    sessions: Sessions, sources: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BeamSearch, "result", lambda *_: 1 / 0)
    engine = Engine(sessions, EngineSettings(workers=1, max_batch_tokens=1000))
    futures = [engine.submit(ids, options=LONG) for ids in sources]
    for future in futures:
        assert isinstance(future.exception(timeout=30), EngineStopped)
    assert isinstance(engine.submit(sources[0]).exception(timeout=30), EngineStopped)
    with pytest.raises(EngineStopped):
        engine.check()


def test_an_engine_that_does_not_start_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise InvalidText("no")

    before = set(threading.enumerate())  # engines of other tests have threads too
    monkeypatch.setattr(Engine, "_check", refuse)
    with pytest.raises(InvalidText):
        Engine.load(Bundle.load(DEFAULT_MODEL), EngineSettings(workers=2))
    started = set(threading.enumerate()) - before
    assert not [thread for thread in started if thread.name.startswith("decode-")]


def test_sentences_are_submitted_all_or_none(sessions: Sessions) -> None:
    engine = Engine(sessions, EngineSettings(workers=0))
    with pytest.raises(InvalidText, match="0 tokens"):
        engine.submit_all([([5], LONG), ([], LONG), ([6], LONG)])
    assert engine.stats().waiting == 0
    futures = engine.submit_all([([5], LONG), ([6], LONG)])
    assert engine.stats().waiting == 2
    engine.close()
    futures += engine.submit_all([([5], LONG), ([6], LONG)])
    for future in futures:
        assert isinstance(future.exception(timeout=0), EngineStopped)


@pytest.mark.parametrize(
    "options",
    [
        DecodingOptions(beam_size=0),
        DecodingOptions(beam_size=65),
        DecodingOptions(max_length=0),
        DecodingOptions(max_length=513),
        DecodingOptions(length_ratio=-20.0),
        DecodingOptions(no_repeat_ngram=-1),
    ],
)
def test_options_that_would_break_a_worker_are_refused_at_once(
    sessions: Sessions, options: DecodingOptions
) -> None:
    engine = Engine(sessions, EngineSettings(workers=0))
    with pytest.raises(InvalidText, match="give"):
        engine.submit([5], options=options)
