"""Calls of other deployments: what fits into one, and what happens when a replica dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic

import grpc
from ray.exceptions import RayActorError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError

from deployments.errors import Overloaded, Restarting, TimedOut, from_code
from deployments.request.deadline import Deadline
from deployments.request.handles import Answer, Item
from deployments.request.micro_batches import Gathered
from deployments.stages.messages import Refusal

RETRIES = 2  # of one call, where its replica died
PAUSE_S = 0.2  # before the first retry, and twice that before the second


def group(
    sentences: Sequence[tuple[int, ...]], tokens: int
) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Neighbouring sentences in groups of at most `tokens` tokens, or of one sentence that has
    more.
    """
    members: list[tuple[int, ...]] = []
    size = 0
    for ids in sentences:
        if members and size + len(ids) > tokens:
            yield tuple(members)
            members, size = [], 0
        members.append(ids)
        size += len(ids)
    if members:
        yield tuple(members)


@dataclass(frozen=True, slots=True)
class Done(Generic[Answer]):
    """The call was answered."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Retry:
    """Another replica, or the same item in a call of its own, may succeed."""


@dataclass(frozen=True, slots=True)
class Raise:
    """The request fails with this error."""

    error: Exception


Outcome = Done[Answer] | Retry | Raise


async def ask(
    gathered: Gathered[Item, Answer],
    new_item: Callable[[], Item],
    deadline: Deadline,
    *,
    shared: bool,
) -> Answer:
    """The answer to an item, which is made anew for each call.

    Only the first call may be `shared`: an item that makes a call fail then fails alone. Raises
    MalformedText, Overloaded, TimedOut, Internal, or Restarting where every replica that was asked
    died.
    """
    for retries in range(RETRIES + 1):
        await asyncio.sleep(PAUSE_S * retries)
        match await _call(gathered, new_item, deadline, shared=shared and not retries):
            case Done(answer):
                return answer
            case Raise(error):
                raise error
            case Retry():
                pass
    raise Restarting


async def _call(
    gathered: Gathered[Item, Answer],
    new_item: Callable[[], Item],
    deadline: Deadline,
    *,
    shared: bool,
) -> Outcome[Answer]:
    call = gathered.ask_together if shared else gathered.ask_alone
    seconds, item = deadline.left(), new_item()
    try:
        async with asyncio.timeout(seconds):
            answer = await call(item)
    except TimeoutError:
        return Raise(TimedOut())
    except RayActorError:
        return Retry()
    except (BackPressureError, DeploymentUnavailableError):
        return Raise(Overloaded())
    except Exception as error:
        return Retry() if shared or _unavailable(error) else Raise(error)
    if not isinstance(answer, Refusal):
        return Done(answer)
    return Retry() if answer.code == Restarting.code else Raise(from_code(answer.code))


def _unavailable(error: Exception) -> bool:
    """Whether gRPC says that nobody is there."""
    code = getattr(error, "code", None)
    return (
        isinstance(error, grpc.RpcError)
        and callable(code)
        and code() is grpc.StatusCode.UNAVAILABLE
    )
