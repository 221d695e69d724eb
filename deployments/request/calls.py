"""Calls of other deployments: what fits into one, and what happens when a replica dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import grpc
from ray.exceptions import RayActorError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError

from deployments.errors import Overloaded
from deployments.request.deadline import Deadline
from deployments.request.micro_batches import Gathered
from deployments.stages.messages import Refusal
from pipeline.errors import DeadlineExceeded, EngineStopped, InvalidText

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


async def ask(method: Gathered, item: Callable[[], Any], deadline: Deadline, shared: bool) -> Any:
    """A replica's answer to `item`, which is made anew for each try.

    Another one is asked if it died.

    Only the first try may be `shared`: who made a call fail then fails alone. Raises as
    Flow.translate does.
    """
    for attempt in range(RETRIES + 1):
        await asyncio.sleep(PAUSE_S * attempt)
        seconds, sent = deadline.left(), item()
        shared = shared and not attempt
        try:
            async with asyncio.timeout(seconds):
                answer = await (method.together(sent) if shared else method.alone(sent))
        except TimeoutError:
            raise DeadlineExceeded("The time for this request passed") from None
        except RayActorError:
            continue
        except (BackPressureError, DeploymentUnavailableError):
            raise Overloaded("The service is busy") from None
        except Exception as error:
            if not shared and status(error) is not grpc.StatusCode.UNAVAILABLE:
                raise
            continue
        match answer:
            case Refusal.INVALID:
                raise InvalidText("The text holds a NUL character or half of a surrogate pair")
            case Refusal.BUSY:
                raise Overloaded("The service is busy")
            case Refusal.LATE:
                raise DeadlineExceeded("The time for this request passed")
            case Refusal.STOPPED:
                continue
        return answer
    raise EngineStopped("The part of the service that was asked is restarting")


def status(error: Exception) -> grpc.StatusCode | None:
    """The code of a gRPC error."""
    code = getattr(error, "code", None)
    return code() if isinstance(error, grpc.RpcError) and callable(code) else None
