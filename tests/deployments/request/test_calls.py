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
from deployments.stages.messages import Refusal

pytestmark = pytest.mark.anyio


class Script:
    """A stage's call whose answers are given beforehand; the last one is for all that follow."""

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


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "PAUSE_S", 0.0)


async def asked(script: Script, *, shared: bool = False, seconds: float = 10) -> str:
    gathered: Gathered[int, str] = Gathered(
        script, MicroBatches(characters=64, tokens=64, texts=32, pause_s=1)
    )
    numbers = iter(range(100))
    return await ask(gathered, lambda: next(numbers), Deadline(seconds), shared=shared)


@pytest.mark.parametrize("shared", [True, False])
async def test_gives_the_answer_of_the_first_call(shared: bool) -> None:
    script = Script("answer")
    assert await asked(script, shared=shared) == "answer"
    assert script.items == [[0]]


@pytest.mark.parametrize(
    "failure",
    [
        RayActorError(),
        ActorUnavailableError("gone", None),
        NobodyThere(),
        Refusal(Restarting.code),
    ],
)
async def test_asks_another_replica_with_a_new_item_where_one_died(
    failure: Exception | Refusal,
) -> None:
    script = Script(failure, failure, "answer")
    assert await asked(script) == "answer"
    assert script.items == [[0], [1], [2]]


async def test_gives_up_after_two_retries() -> None:
    script = Script(RayActorError())
    with pytest.raises(Restarting):
        await asked(script)
    assert len(script.items) == 3


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
    assert script.items == [[0], [1]]


async def test_no_call_is_made_once_the_time_has_passed() -> None:
    script = Script("answer")
    with pytest.raises(TimedOut):
        await asked(script, seconds=0)
    assert script.items == []


def test_groups_keep_the_order_and_the_limit_of_tokens() -> None:
    sentences = [(1,), (2, 2), (3, 3, 3), (4,) * 9, (5,)]
    assert list(group(sentences, 3)) == [((1,), (2, 2)), ((3, 3, 3),), ((4,) * 9,), ((5,),)]
    assert list(group([], 3)) == []
