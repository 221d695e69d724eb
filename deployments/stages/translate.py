"""The translate deployment: the INT8 engine of one model.

`@serve.batch` only admits: its method hands the gathered items to the engine at once and returns
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
from deployments.errors import Overloaded, TimedOut
from deployments.stages.backlog import Backlog
from deployments.stages.interfaces import TranslateStage
from deployments.stages.messages import DecodeItem, Hypotheses, Refusal, refusal
from deployments.stages.scaling import METRIC
from pipeline.bundle import Bundle
from pipeline.decode import canary
from pipeline.decode.engine import Engine, EngineSettings, default_options
from pipeline.decode.lanes import Lane, lane_for
from pipeline.decode.sessions import Sessions

logger = logging.getLogger("ray.serve")


class Ticket:
    """An item on its way through the engine, closed when it was answered or its caller left."""

    def __init__(self, item: DecodeItem) -> None:
        self.item = item
        self.futures: list[Future[Hypotheses]] = []
        self.closed = False

    def close(self) -> None:
        """The engine drops at its next step what is not finished."""
        self.closed = True
        for future in self.futures:
            future.cancel()


class Translate(TranslateStage):
    """Replays the canary and warms the engine before it takes a call.

    Raises BundleError if a file of the bundle is not as its manifest says or the canary fails.
    """

    def __init__(self, path: str, config: ServiceConfig) -> None:
        sessions = Sessions(Bundle.load(path))
        difference = canary.replay(sessions)
        manifest = sessions.bundle.manifest
        logger.info("%s: the canary holds, largest |Δ log p| %.2g", manifest.name, difference)
        settings = EngineSettings(
            workers=max(1, int(config.translate.num_cpus)),
            max_batch_tokens=config.translate.max_batch_tokens,
        )
        self.options = replace(
            default_options(manifest.decoding), **config.decoding.model_dump(exclude_none=True)
        )
        self.longest_wait_s: dict[Lane, float] = {
            "interactive": config.limits.queue_wait_s,
            "bulk": config.limits.document_wait_s,
        }
        self.backlog = Backlog()
        # Last, so that whatever fails above leaves no thread behind.
        self.engine = Engine.start(sessions, settings)
        self._admit.set_max_batch_size(config.translate.admit_calls)  # type: ignore[attr-defined]  # serve.batch adds it

    async def translate(self, items: Sequence[DecodeItem]) -> list[Hypotheses | Refusal]:
        """Refuses what would wait too long, is late, or meets an engine that stops."""
        tickets = [Ticket(item) for item in items]
        try:
            return await asyncio.gather(*await self._admit(tickets))
        finally:
            for ticket in tickets:
                ticket.close()

    @serve.batch(batch_wait_timeout_s=0.0)
    async def _admit(
        self, gathered: list[list[Ticket]]
    ) -> list[list[asyncio.Task[Hypotheses | Refusal]]]:
        """One task a ticket, at once; each ends with its own sentences."""
        return [
            [asyncio.create_task(self._decode(ticket)) for ticket in tickets]
            for tickets in gathered
        ]

    async def _decode(self, ticket: Ticket) -> Hypotheses | Refusal:
        if ticket.closed:
            return Refusal(TimedOut.code)
        item, lane = ticket.item, lane_for(ticket.item.units)
        if item.first and self._expected_wait_s(lane) > self.longest_wait_s[lane]:
            return Refusal(Overloaded.code)
        try:
            # One by one, so that those before one that is refused are dropped again.
            for ids in item.sentences:
                ticket.futures.append(self._submit(ids, item, lane))
            hypotheses = await asyncio.gather(*map(asyncio.wrap_future, ticket.futures))
            return tuple(best for best, *_ in hypotheses)
        except Exception as error:
            return refusal(error)
        finally:
            ticket.close()
            self.backlog.observe(self.engine.stats().waiting_tokens)

    def _expected_wait_s(self, lane: Lane) -> float:
        """Until a new sentence of this lane is decoded; interactive ones go first."""
        stats = self.engine.stats()
        self.backlog.observe(stats.waiting_tokens)
        return self.backlog.wait_s(
            stats.interactive_tokens if lane == "interactive" else stats.waiting_tokens
        )

    def _submit(self, ids: tuple[int, ...], item: DecodeItem, lane: Lane) -> Future[Hypotheses]:
        future = self.engine.submit(
            ids, options=item.strictness.applied(self.options), timeout=item.seconds, lane=lane
        )
        self.backlog.add(len(ids))
        future.add_done_callback(
            lambda future: self.backlog.remove(
                len(ids), finished=not future.cancelled() and future.exception() is None
            )
        )
        return future

    async def ping(self) -> None:
        """Raises EngineStopped if a worker died."""
        self.engine.check()
        await self.translate(
            [DecodeItem((), 0, 1.0, False)]
        )  # a wedged batch queue would not answer

    async def check_health(self) -> None:
        """Called by Ray, which replaces a replica that raises."""
        await self.ping()

    async def record_autoscaling_stats(self) -> dict[str, float]:
        """Called by Ray for the policy (deployments/stages/scaling.py)."""
        return {METRIC: float(self.backlog.tokens)}

    def __del__(self) -> None:
        if hasattr(self, "engine"):
            self.engine.close()
