"""Calls of other deployments: what fits into one, and what happens when a replica dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Generic

import grpc
from ray.exceptions import RayActorError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError

from deployments.errors import Deadly, Overloaded, Restarting, TimedOut, from_code
from deployments.request.deadline import Deadline
from deployments.request.handles import Answer, Item
from deployments.request.micro_batches import Gathered
from deployments.stages.messages import ONE_SUSPECT, Refusal

FATAL = 2  # replicas that died of an item: it is not given to a third
RESTART_S = 10.0  # for replicas that died to be replaced
PAUSE_S = 0.2  # before a retry
TURN_S = 0.02  # until a replica is asked again whether it still has another suspect
NOBODY = "failed to connect"  # in gRPC's words


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
class Wait:
    """The replica has another suspect and takes this one later."""


@dataclass(frozen=True, slots=True)
class Died:
    """The replica that had the item died, whether of it or not."""

    replica: str


@dataclass(frozen=True, slots=True)
class Raise:
    """The request fails with this error."""

    error: Exception


Outcome = Done[Answer] | Retry | Wait | Died | Raise


async def ask(
    gathered: Gathered[Item, Answer],
    new_item: Callable[[bool], Item],
    deadline: Deadline,
    *,
    shared: bool,
) -> Answer:
    """The answer to an item, which is made anew for each call: is it suspected of a death?

    Only the first call may be `shared`: an item that makes a call fail then fails alone. Raises
    MalformedText, Overloaded, TimedOut, Internal, Deadly where two replicas died of the item, or
    Restarting where no replica could be asked for some time.
    """
    deaths: set[str] = set()
    gives_up: Deadline | None = None
    while True:
        async with gathered.suspects if deaths else nullcontext():
            item = partial(new_item, bool(deaths))
            outcome = await _call(gathered, item, deadline, shared=shared and gives_up is None)
        match outcome:
            case Done(answer):
                return answer
            case Raise(error):
                raise error
            case Wait():
                await asyncio.sleep(TURN_S)
                continue
            case Died(replica):
                deaths.add(replica)
                if len(deaths) == FATAL:
                    raise Deadly
            case Retry():
                pass
        gives_up = gives_up or deadline.within(RESTART_S)
        if not gives_up.seconds():
            raise Restarting
        await asyncio.sleep(PAUSE_S)


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
    except RayActorError as error:
        return Retry() if _never_arrived(error) else Died(error.actor_id or "")
    except (BackPressureError, DeploymentUnavailableError):
        return Raise(Overloaded())
    except Exception as error:
        return Retry() if shared or _unavailable(error) else Raise(error)
    if not isinstance(answer, Refusal):
        return Done(answer)
    match answer.code:
        case Restarting.code:
            return Retry()
        case code if code == ONE_SUSPECT:
            return Wait()
        case code:
            return Raise(from_code(code))


def _never_arrived(error: RayActorError) -> bool:
    """Whether the replica was gone before the item came: gRPC could not connect to it."""
    cause = error.__context__
    return isinstance(cause, grpc.aio.AioRpcError) and NOBODY in (cause.details() or "")


def _unavailable(error: Exception) -> bool:
    """Whether gRPC says that nobody is there."""
    code = getattr(error, "code", None)
    return (
        isinstance(error, grpc.RpcError)
        and callable(code)
        and code() is grpc.StatusCode.UNAVAILABLE
    )
