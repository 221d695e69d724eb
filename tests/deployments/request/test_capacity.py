"""Which requests are begun, by what one ingress replica knows of the translators."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from deployments.config import load
from deployments.errors import Overloaded
from deployments.request.capacity import Capacity
from deployments.stages.messages import Load

SETTINGS = {"queue_wait_s": 2, "document_wait_s": 10, "request_s": 30, "character_s": 0.003}
LIMITS = load({"limits": SETTINGS}).limits
SENTENCE, DOCUMENT = 20, 2000  # characters


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def rates(interactive: float, bulk: float | None = None, replica: str = "a") -> Load:
    """Tokens a second."""
    return Load(replica, {"interactive": interactive, "bulk": bulk or interactive})


def entered(capacity: Capacity, characters: int, most: int = 10_000) -> tuple[int, Overloaded]:
    """How many such texts are begun at once, and how the next one is refused."""
    with ExitStack() as places:
        for number in range(most):
            try:
                places.enter_context(capacity.enter(characters))
            except Overloaded as refused:
                return number, refused
    raise AssertionError(f"{most} were begun")


def test_all_are_begun_until_a_translator_has_said_how_fast_it_is() -> None:
    capacity = Capacity(LIMITS, replicas=2)
    with pytest.raises(AssertionError, match="100 were begun"):
        entered(capacity, SENTENCE, most=100)


def test_as_many_short_texts_are_begun_as_are_translated_within_the_wait() -> None:
    capacity = Capacity(LIMITS, replicas=1)
    capacity.learn(rates(700))
    begun, refused = entered(capacity, SENTENCE)  # 14 tokens each
    assert 700 * 2 <= begun * 14 <= 700 * 2 + 14
    assert refused.headers["Retry-After"] == "2"
    assert refused.headers["X-Hold-Ms"] == "250"
    assert refused.headers["X-Hold-Retry-After"] == "2"


def test_other_ingress_replicas_are_taken_to_have_as_many() -> None:
    alone, shared = Capacity(LIMITS, replicas=1), Capacity(LIMITS, replicas=4)
    for capacity in (alone, shared):
        capacity.learn(rates(700))
    assert abs(entered(alone, SENTENCE)[0] / 4 - entered(shared, SENTENCE)[0]) <= 1


def test_translators_add_up_and_those_that_fell_silent_do_not() -> None:
    clock = Clock()
    capacity = Capacity(LIMITS, replicas=1, clock=clock)
    capacity.learn(rates(700, replica="a"))
    one, _ = entered(capacity, SENTENCE)
    capacity.learn(rates(700, replica="b"))
    two, _ = entered(capacity, SENTENCE)
    assert abs(two - 2 * one) <= 1
    clock.now = 60  # nothing is heard: they are idle
    assert entered(capacity, SENTENCE)[0] == two
    capacity.learn(rates(700, replica="b"))
    assert entered(capacity, SENTENCE)[0] == one


def test_room_comes_back_as_work_is_finished_or_given_up() -> None:
    capacity = Capacity(LIMITS, replicas=1)
    capacity.learn(rates(700))
    before, _ = entered(capacity, SENTENCE)
    with capacity.enter(SENTENCE) as place:
        place.settle("interactive", 1400, 2000)
        assert entered(capacity, SENTENCE)[0] <= 1
        place.finish(1400, rates(700))
        assert entered(capacity, SENTENCE)[0] == before
    assert entered(capacity, SENTENCE)[0] == before


def test_documents_have_a_queue_of_their_own() -> None:
    capacity = Capacity(LIMITS, replicas=1)
    capacity.learn(rates(700, bulk=350))
    with ExitStack() as places:
        begun = 0
        with pytest.raises(Overloaded) as refused:
            while True:
                places.enter_context(capacity.enter(DOCUMENT))  # 1,400 tokens, 4 s
                begun += 1
        assert begun == 3  # when the third comes, 8 s of work wait; 12 when the fourth does
        assert refused.value.headers["Retry-After"] == "3"
        assert entered(capacity, SENTENCE)[0] == 101


def test_a_document_that_is_too_long_for_now_does_not_shut_the_door_for_shorter_ones() -> None:
    capacity = Capacity(LIMITS, replicas=1)
    capacity.learn(rates(700, bulk=300))
    with capacity.enter(DOCUMENT):
        with pytest.raises(Overloaded) as refused:
            capacity.enter(20_000).__enter__()
        assert "X-Hold-Ms" not in refused.value.headers
        assert refused.value.headers["Retry-After"] == "5"
        with capacity.enter(DOCUMENT):
            pass


def test_a_document_waits_for_no_more_of_a_longer_one_than_it_has_itself() -> None:
    capacity = Capacity(LIMITS, replicas=1)
    capacity.learn(rates(700, bulk=350))
    with capacity.enter(20_000), capacity.enter(DOCUMENT), ExitStack() as places:
        with pytest.raises(Overloaded) as refused:
            places.enter_context(capacity.enter(20_000))
        assert "X-Hold-Ms" not in refused.value.headers
        places.enter_context(capacity.enter(DOCUMENT))


def test_the_door_is_shut_to_documents_once_none_has_room() -> None:
    capacity = Capacity(LIMITS, replicas=1)
    capacity.learn(rates(700, bulk=100))
    with ExitStack() as places:
        for _ in range(3):  # of 401 characters: 2.8 s each
            places.enter_context(capacity.enter(401))
        places.enter_context(capacity.enter(401))
        with pytest.raises(Overloaded) as refused:
            places.enter_context(capacity.enter(401))
    assert refused.value.headers["X-Hold-Ms"] == "1000"


def test_the_longest_document_is_begun_where_it_comes_alone() -> None:
    capacity = Capacity(LIMITS, replicas=1)
    capacity.learn(rates(1, bulk=1))
    with capacity.enter(20_000):
        pass


def test_a_long_text_with_nothing_to_translate_makes_room_once_that_is_known() -> None:
    capacity = Capacity(LIMITS, replicas=1)
    capacity.learn(rates(700))
    with capacity.enter(15_000) as place:
        full, _ = entered(capacity, DOCUMENT)
        place.settle("bulk", 0, 15_000)
        assert entered(capacity, DOCUMENT)[0] > full


def test_a_request_that_fails_leaves_no_trace() -> None:
    capacity = Capacity(LIMITS, replicas=1)
    capacity.learn(rates(1))
    with pytest.raises(ZeroDivisionError), capacity.enter(DOCUMENT):
        raise ZeroDivisionError
    with capacity.enter(DOCUMENT):
        pass
