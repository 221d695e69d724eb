"""The translate deployment: the INT8 engine of one model.

`@serve.batch` only admits: its method hands the gathered calls to the engine at once and returns
their futures, which each caller awaits for itself. The engine decides what runs together, so a
short request overtakes a long one and one batch at a time is no bottleneck.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

from ray import serve

from deployments.config import ServiceConfig
from deployments.stages.backlog import Load
from deployments.stages.messages import Answer, Call, Refusal
from deployments.stages.scaling import METRIC
from pipeline.bundle import Bundle
from pipeline.decode import canary
from pipeline.decode.engine import Engine, EngineSettings, default_options
from pipeline.decode.lanes import Lane, lane_for
from pipeline.decode.options import Hypothesis
from pipeline.errors import DeadlineExceeded, EngineStopped

logger = logging.getLogger("ray.serve")


class Ticket:
    """A call on its way through the engine. Closed when its caller has what it wants or is gone."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.futures: list[Future[tuple[Hypothesis, ...]]] = []
        self.closed = False

    def close(self) -> None:
        """The engine drops at its next step what is not finished."""
        self.closed = True
        for future in self.futures:
            future.cancel()


class Translate:
    """Loads and warms the engine and replays the canary before it takes a call.

    Raises BundleError if a file of the bundle is not as its manifest says or the canary fails.
    """

    def __init__(self, path: str, config: ServiceConfig) -> None:
        bundle = Bundle.load(path)
        settings = EngineSettings(
            workers=max(1, int(config.translate.num_cpus)),
            max_batch_tokens=config.translate.max_batch_tokens,
        )
        self.engine = Engine.load(bundle, settings)
        difference = canary.replay(self.engine.sessions)
        logger.info(
            "%s: the canary holds, largest |Δ log p| %.2g", bundle.manifest.name, difference
        )
        self.options = replace(
            default_options(bundle.manifest.decoding),
            **config.decoding.model_dump(exclude_none=True),
        )
        self.longest_wait_s: dict[Lane, float] = {
            "interactive": config.limits.queue_wait_s,
            "bulk": config.limits.document_wait_s,
        }
        self.load = Load()
        self.admit.set_max_batch_size(config.translate.admit_calls)  # type: ignore[attr-defined]  # serve.batch adds it

    async def translate(self, calls: Sequence[Call]) -> list[Answer]:
        """For each call the best hypothesis of each of its sentences, or why there is none."""
        tickets = [Ticket(call) for call in calls]
        try:
            return await asyncio.gather(*await self.admit(tickets))
        finally:
            for ticket in tickets:
                ticket.close()

    @serve.batch(batch_wait_timeout_s=0.0)
    async def admit(self, gathered: list[list[Ticket]]) -> list[list[asyncio.Task[Answer]]]:
        """One task a ticket, at once; each ends with its own sentences."""
        return [
            [asyncio.create_task(self.run(ticket)) for ticket in tickets] for tickets in gathered
        ]

    async def run(self, ticket: Ticket) -> Answer:
        if ticket.closed:
            return Refusal.LATE
        lane = lane_for(ticket.call.units)
        if ticket.call.first and self.expected_wait_s(lane) > self.longest_wait_s[lane]:
            return Refusal.BUSY
        try:
            ticket.futures = [self.submit(ids, ticket.call, lane) for ids in ticket.call.sentences]
            hypotheses = await asyncio.gather(*map(asyncio.wrap_future, ticket.futures))
            return tuple(best for best, *_ in hypotheses)
        except DeadlineExceeded:
            return Refusal.LATE
        except EngineStopped:
            return Refusal.STOPPED
        finally:
            ticket.close()
            self.load.observe(self.engine.stats().waiting_tokens)

    def expected_wait_s(self, lane: Lane) -> float:
        """Until a new sentence of this lane is decoded; interactive ones go first."""
        stats = self.engine.stats()
        self.load.observe(stats.waiting_tokens)
        return self.load.wait_s(
            stats.interactive_tokens if lane == "interactive" else stats.waiting_tokens
        )

    def submit(
        self, ids: tuple[int, ...], call: Call, lane: Lane
    ) -> Future[tuple[Hypothesis, ...]]:
        future = self.engine.submit(
            ids, options=call.strictness.applied(self.options), timeout=call.seconds, lane=lane
        )
        self.load.enter(len(ids))
        future.add_done_callback(
            lambda future: self.load.leave(
                len(ids), done=not future.cancelled() and future.exception() is None
            )
        )
        return future

    async def ping(self) -> None:
        """Answers if the replica can work, without model work.

        Raises EngineStopped if a worker died.
        """
        self.engine.check()
        await self.translate([Call((), 0, 1.0, False)])  # a wedged batch queue would not answer

    async def check_health(self) -> None:
        await self.ping()

    async def record_autoscaling_stats(self) -> dict[str, float]:
        return {METRIC: float(self.load.tokens)}

    def __del__(self) -> None:
        if hasattr(self, "engine"):
            self.engine.close()
