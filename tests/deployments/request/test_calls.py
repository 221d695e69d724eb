"""What becomes of one call: answered, refused, tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import grpc
import pytest
from ray.exceptions import ActorUnavailableError, RayActorError
from ray.serve._private.common import DeploymentID
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError

from deployments.config import MicroBatches
from deployments.errors import (
    Deadly,
    Internal,
    MalformedText,
    Overloaded,
    Restarting,
    ServiceError,
    TimedOut,
)
from deployments.request import calls
from deployments.request.calls import ask, group
from deployments.request.deadline import Deadline
from deployments.request.micro_batches import Gathered
from deployments.stages.messages import ONE_SUSPECT, Refusal

pytestmark = pytest.mark.anyio

SETTINGS = MicroBatches(characters=64, tokens=64, texts=32, pause_s=1)


class Script:
    """A stage's call whose answers are given beforehand; the last one is for all that follow.

    Items are numbers, negative where they are suspects.
    """

    def __init__(self, *answers: str | Refusal | Exception) -> None:
        self.answers, self.items = list(answers), list[list[int]]()

    def __call__(self, items: Sequence[int]) -> asyncio.Task[list[str | Refusal]]:
        self.items.append(list(items))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return asyncio.get_running_loop().create_task(self.answer(answer, len(items)))

    async def answer(self, answer: str | Refusal | Exception, count: int) -> list[str | Refusal]:
        if isinstance(answer, Exception):
            raise answer
        return [answer] * count


class NobodyThere(grpc.RpcError):  # type: ignore[misc]
    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNAVAILABLE


class TooLarge(grpc.RpcError):  # type: ignore[misc]
    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.RESOURCE_EXHAUSTED


def died(replica: int) -> ActorUnavailableError:
    return ActorUnavailableError("gone", bytes([replica]) * 16)


def never_reached(replica: int) -> ActorUnavailableError:
    """As Ray raises it where gRPC could not connect."""
    refused = grpc.aio.AioRpcError(
        grpc.StatusCode.UNAVAILABLE,
        grpc.aio.Metadata(),
        grpc.aio.Metadata(),
        details="failed to connect to all addresses; last error: Connection refused",
    )
    try:
        try:
            raise refused
        except grpc.aio.AioRpcError:
            raise died(replica)  # noqa: B904  # as Ray does
    except ActorUnavailableError as error:
        return error


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "PAUSE_S", 0.001)
    monkeypatch.setattr(calls, "TURN_S", 0.001)


async def asked(script: Script, *, shared: bool = False, seconds: float = 10) -> str:
    numbers = iter(range(1, 10_000))

    def new_item(suspect: bool) -> int:
        return -next(numbers) if suspect else next(numbers)

    return await ask(Gathered(script, SETTINGS), new_item, Deadline(seconds), shared=shared)


@pytest.mark.parametrize("shared", [True, False])
async def test_gives_the_answer_of_the_first_call(shared: bool) -> None:
    script = Script("answer")
    assert await asked(script, shared=shared) == "answer"
    assert script.items == [[1]]


@pytest.mark.parametrize("failure", [never_reached(1), NobodyThere(), Refusal(Restarting.code)])
async def test_asks_again_with_a_new_item_where_a_replica_is_gone(
    failure: Exception | Refusal,
) -> None:
    script = Script(*[failure] * 4, "answer")
    assert await asked(script) == "answer"
    assert script.items == [[1], [2], [3], [4], [5]]


@pytest.mark.parametrize("death", [RayActorError(), died(1)])
async def test_what_a_replica_had_when_it_died_is_asked_again_as_a_suspect(
    death: Exception,
) -> None:
    script = Script(death, never_reached(1), "answer")
    assert await asked(script, shared=True) == "answer"
    assert script.items == [[1], [-2], [-3]]


async def test_a_replica_that_is_found_dead_again_is_one_death() -> None:
    script = Script(died(1), died(1), died(1), "answer")
    assert await asked(script) == "answer"


async def test_an_item_of_which_two_replicas_died_is_given_to_no_third() -> None:
    script = Script(died(1), died(2), "answer")
    with pytest.raises(Deadly):
        await asked(script)
    assert script.items == [[1], [-2]]


async def test_a_suspect_waits_as_long_as_the_replica_has_another() -> None:
    script = Script(died(1), *[Refusal(ONE_SUSPECT)] * 50, "answer")
    assert await asked(script) == "answer"


async def test_suspects_of_one_death_are_asked_one_after_another() -> None:
    under_way, most, alive = 0, 0, {1, 2, 3}

    async def work(item: int) -> list[str | Refusal]:
        nonlocal under_way, most
        if item in alive:
            alive.remove(item)
            raise died(1)
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return ["answer"]

    gathered: Gathered[int, str] = Gathered(
        lambda items: asyncio.get_running_loop().create_task(work(items[0])), SETTINGS
    )

    async def one(number: int) -> str:
        return await ask(
            gathered, lambda suspect: -number if suspect else number, Deadline(10), shared=False
        )

    assert await asyncio.gather(*map(one, (1, 2, 3))) == ["answer"] * 3
    assert most == 1


async def test_gives_up_once_no_replica_could_be_asked_for_some_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calls, "RESTART_S", 0.05)
    script = Script(never_reached(1))
    with pytest.raises(Restarting):
        await asked(script)
    assert len(script.items) > 2


@pytest.mark.parametrize("error", [MalformedText, Overloaded, TimedOut, Internal])
async def test_a_refusal_is_raised_as_the_error_that_it_names(error: type[ServiceError]) -> None:
    script = Script(Refusal(error.code))
    with pytest.raises(error):
        await asked(script, shared=True)
    assert len(script.items) == 1


@pytest.mark.parametrize(
    "failure",
    [
        BackPressureError(num_queued_requests=9, max_queued_requests=9),
        DeploymentUnavailableError(DeploymentID("translate")),
    ],
)
async def test_too_many_calls_in_the_queue_are_an_overload(failure: Exception) -> None:
    with pytest.raises(Overloaded):
        await asked(Script(failure))


@pytest.mark.parametrize("failure", [RuntimeError("broken"), TooLarge()])
async def test_another_failure_is_tried_once_more_alone_and_then_raised(
    failure: Exception,
) -> None:
    script = Script(failure)
    with pytest.raises(type(failure)):
        await asked(script, shared=True)
    assert script.items == [[1], [2]]


async def test_no_call_is_made_once_the_time_has_passed() -> None:
    script = Script("answer")
    with pytest.raises(TimedOut):
        await asked(script, seconds=0)
    assert script.items == []


def test_groups_keep_the_order_and_the_limit_of_tokens() -> None:
    sentences = [(1,), (2, 2), (3, 3, 3), (4,) * 9, (5,)]
    assert list(group(sentences, 3)) == [((1,), (2, 2)), ((3, 3, 3),), ((4,) * 9,), ((5,),)]
    assert list(group([], 3)) == []
