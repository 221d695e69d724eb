"""How a stage is called: through one of Ray's handles, which know no types and get them here and
nowhere else, or in this process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from ray.serve.handle import DeploymentHandle

from deployments.stages.messages import Load, Refusal

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class Pending(Protocol[Result_co]):
    """The answer to a call that is under way."""

    def __await__(self) -> Generator[Any, None, Result_co]: ...

    def cancel(self) -> object: ...


# Items in one call of a stage, for as many answers in their order.
StageCall = Callable[[Sequence[Item]], Pending[Sequence[Answer | Refusal]]]


def stage_call(
    handle: DeploymentHandle[Any],
    method: Callable[[Any, Sequence[Item]], Awaitable[Sequence[Answer | Refusal]]],
) -> StageCall[Item, Answer]:
    """A method of a stage (deployments/stages/interfaces.py), called through its handle.

    What travels are plain values: pickle does it in half of the time that cloudpickle takes.
    """
    bound: Any = getattr(handle, method.__name__)
    call: StageCall[Item, Answer] = bound.options(
        request_serialization="pickle", response_serialization="pickle"
    ).remote
    return call


def local_call(
    method: Callable[[Sequence[Item]], Coroutine[Any, Any, Sequence[Answer | Refusal]]],
) -> StageCall[Item, Answer]:
    """A method of a stage in this process, called as one behind a handle is."""

    def call(items: Sequence[Item]) -> asyncio.Task[Sequence[Answer | Refusal]]:
        return asyncio.get_running_loop().create_task(method(items))

    return call


@dataclass(frozen=True, slots=True)
class Told(Generic[Result]):
    """An answer that is under way, and who is told it."""

    answer: Pending[Result]
    tell: Callable[[Result], None]

    def __await__(self) -> Generator[Any, None, None]:
        self.tell((yield from self.answer.__await__()))

    def cancel(self) -> object:
        return self.answer.cancel()


def ping(handle: DeploymentHandle[Any]) -> Callable[[], Pending[None]]:
    """A call that the deployment answers if it can work."""
    call: Callable[[], Pending[None]] = handle.ping.remote
    return call


def ping_translator(
    handle: DeploymentHandle[Any], tell: Callable[[Load], None]
) -> Callable[[], Pending[None]]:
    """The same of a translate deployment, whose replica also says how fast it is."""
    return lambda: Told(handle.ping.remote(), tell)
