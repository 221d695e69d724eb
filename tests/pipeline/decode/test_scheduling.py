"""Lanes and deadlines: who goes first, and who is no longer waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from pipeline.decode.engine import Engine, EngineSettings, EngineStats
from pipeline.decode.options import DecodingOptions, Hypothesis
from pipeline.decode.sessions import Sessions
from pipeline.errors import DeadlineExceeded

LONG = DecodingOptions(beam_size=4, length_penalty=0.6, max_length=100)
OTHER = [
    LONG,
    DecodingOptions(beam_size=1, length_penalty=0.6, max_length=100),
    DecodingOptions(beam_size=2, length_penalty=0.6, max_length=100),
    DecodingOptions(greedy=True, max_length=100),
]


@pytest.fixture(params=[1, 2])
def engine(sessions: Sessions, request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = Engine(sessions, EngineSettings(workers=request.param, max_batch_tokens=3000))
    yield engine
    engine.close()


def eventually(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.001)


def overtaken(
    document: list[Future[tuple[Hypothesis, ...]]], engine: Engine, options: DecodingOptions
) -> None:
    """A request that comes while the document is under way has most of it to overtake."""
    eventually(lambda: any(future.done() for future in document))
    engine.submit([5, 6, 7, 8, 9], options=options).result()
    assert sum(future.done() for future in document) < len(document) / 2
    for future in document:
        future.cancel()


@pytest.mark.parametrize("options", OTHER)
def test_a_short_request_overtakes_a_document_whatever_their_options(
    engine: Engine, sources: list[list[int]], options: DecodingOptions
) -> None:
    document = [engine.submit(ids, options=LONG, lane="bulk") for ids in sources * 3]
    overtaken(document, engine, options)


@pytest.mark.parametrize("options", OTHER)
def test_bulk_finds_room_beside_requests_that_never_cease_whatever_its_options(
    engine: Engine, sources: list[list[int]], options: DecodingOptions
) -> None:
    requests = 0

    def again(_: Future[tuple[Hypothesis, ...]]) -> None:
        nonlocal requests
        requests += 1
        if requests < 200 and not bulk.done():
            engine.submit(sources[0][:9], options=LONG).add_done_callback(again)

    for _ in range(3):  # at any time
        engine.submit(sources[0][:9], options=LONG)
    bulk = engine.submit(sources[1][:9], options=options, lane="bulk")
    for _ in range(3):
        engine.submit(sources[0][:9], options=LONG).add_done_callback(again)
    bulk.result()
    assert requests < 100


def test_a_request_takes_turns_with_every_set_of_options_of_documents(
    engine: Engine, sources: list[list[int]]
) -> None:
    document = [
        engine.submit(ids, options=options, lane="bulk") for ids in sources for options in OTHER[1:]
    ]
    overtaken(document, engine, LONG)


def test_a_deadline_is_noticed_wherever_in_the_lane_its_sentence_waits(
    engine: Engine, sources: list[list[int]]
) -> None:
    document = [engine.submit(ids, options=LONG, lane="bulk") for ids in sources * 4]
    late = engine.submit(sources[0], options=LONG, lane="bulk", timeout=0.05)
    rest = [engine.submit(ids, options=LONG, lane="bulk") for ids in sources]
    assert isinstance(late.exception(), DeadlineExceeded)
    assert sum(future.done() for future in document) < len(document) / 2
    for future in (*document, *rest):
        future.cancel()


def test_cancelled_sentences_no_longer_count_as_waiting(
    engine: Engine, sources: list[list[int]]
) -> None:
    document = [engine.submit(ids, options=LONG, lane="bulk") for ids in sources * 2]
    half = len(document) // 2
    for future in document[half:]:
        future.cancel()
    tokens = sum(map(len, sources))

    def counts() -> bool:
        stats = engine.stats()
        return 0 < stats.waiting <= half and 0 < stats.waiting_tokens["bulk"] <= tokens

    eventually(counts)
    assert not document[half - 1].done()
    for future in document:
        future.cancel()


def test_a_cancelled_sentence_leaves_the_batch(engine: Engine, sources: list[list[int]]) -> None:
    futures = [engine.submit(ids, options=LONG) for ids in sources]
    for future in futures[1:]:
        assert future.cancel()
    assert futures[0].result()
    eventually(lambda: engine.stats() == EngineStats(0, {"interactive": 0, "bulk": 0}, 0))


def test_a_passed_deadline_fails_the_future(engine: Engine, sources: list[list[int]]) -> None:
    with pytest.raises(DeadlineExceeded):
        engine.submit(sources[0], timeout=0.0).result()
    assert engine.submit(sources[0], timeout=60.0).result()


def test_stats_cost_the_same_however_many_sentences_wait(sessions: Sessions) -> None:
    engine = Engine(sessions, EngineSettings(workers=0))

    def cost() -> float:
        times = []
        for _ in range(50):
            began = time.perf_counter()
            engine.stats()
            times.append(time.perf_counter() - began)
        return min(times)

    engine.stats()
    few = cost()
    for _ in range(5000):
        engine.submit([5])
    assert cost() < 20 * few  # and 1000 times where they were counted one by one
    assert engine.stats() == EngineStats(5000, {"interactive": 5000, "bulk": 0}, 0)
    engine.close()


def test_a_sentence_says_how_long_it_waited_for_its_turn(
    engine: Engine, sources: list[list[int]]
) -> None:
    document = [engine.submit(ids, options=LONG, lane="bulk") for ids in sources * 2]
    for future in document:
        future.result()
    alone = engine.submit(sources[0], options=LONG, lane="bulk")
    alone.result()
    assert document[-1].waited_s > 10 * max(alone.waited_s, document[0].waited_s)
