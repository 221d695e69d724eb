"""The translate deployment: the INT8 engine of one model.

`@serve.batch` only admits: its method hands the gathered items to the engine at once and returns
their futures, which each caller awaits for itself. The engine decides what runs together, so a
short request overtakes a long one and one batch at a time is no bottleneck.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial

from ray import serve

from deployments import logs
from deployments.config import ServiceConfig
from deployments.errors import TimedOut
from deployments.memory import check_memory
from deployments.stages.backlog import Backlog
from deployments.stages.interfaces import TranslateStage
from deployments.stages.messages import Decoded, DecodeItem, Load, Refusal, refusal
from deployments.stages.scaling import METRIC
from deployments.stages.suspects import one_suspect
from pipeline.bundle import Bundle
from pipeline.decode import canary
from pipeline.decode.canary import CanaryFile
from pipeline.decode.engine import Engine, EngineSettings, default_options
from pipeline.decode.lanes import LANES, Lane, Pending, lane_for
from pipeline.decode.options import DecodingOptions, Hypothesis
from pipeline.decode.sessions import Sessions

logger = logging.getLogger("ray.serve")

MEASURED = 4  # sentences by which a replica first finds how fast it is


class Ticket:
    """An item on its way through the engine, closed when it was answered or its caller left."""

    def __init__(self, item: DecodeItem) -> None:
        self.item = item
        self.jobs: list[Pending] = []
        self.closed = False

    def close(self) -> None:
        """The engine drops at its next step what is not finished."""
        self.closed = True
        for job in self.jobs:
            job.cancel()


def options_for(item: DecodeItem, usual: DecodingOptions) -> DecodingOptions:
    """How the sentences of an item are searched: the beam holds the alternatives as well."""
    beam_size = max(item.search.beam_size or usual.beam_size, 1 + item.search.alternatives)
    return item.strictness.applied(replace(usual, beam_size=beam_size))


class Translate(TranslateStage):
    """Replays the canary and warms the engine before it takes a call.

    Raises BundleError if a file of the bundle is not as its manifest says or the canary fails.
    """

    def __init__(self, path: str, config: ServiceConfig) -> None:
        logs.do_without()
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
        # Last, so that whatever fails above leaves no thread behind.
        self.engine = Engine.start(sessions, settings)
        first_rate = self._measured_rate(canary.read(sessions.bundle))
        self.backlogs = {lane: Backlog(first_rate) for lane in LANES}
        self.max_rss_mb = config.health.max_rss_mb
        self.name = uuid.uuid4().hex
        self._admit.set_max_batch_size(config.translate.admit_calls)  # type: ignore[attr-defined]  # serve.batch adds it

    def _measured_rate(self, known: CanaryFile) -> float:
        """Source tokens a second of a few sentences: a first estimate, which load soon improves."""
        sources = [pair.source for pair in known.pairs[:MEASURED]]
        start = time.monotonic()
        jobs = self.engine.submit_all([(ids, self.options) for ids in sources])
        for job in jobs:
            job.result()
        return sum(map(len, sources)) / (time.monotonic() - start)

    @one_suspect
    async def translate(self, items: Sequence[DecodeItem]) -> list[Decoded | Refusal]:
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
    ) -> list[list[asyncio.Task[Decoded | Refusal]]]:
        """One task a ticket, at once; each ends with its own sentences."""
        return [
            [asyncio.create_task(self._decode(ticket)) for ticket in tickets]
            for tickets in gathered
        ]

    async def _decode(self, ticket: Ticket) -> Decoded | Refusal:
        if ticket.closed:
            return Refusal(TimedOut.code)
        item, lane = ticket.item, lane_for(ticket.item.units)
        try:
            ticket.jobs = self._submit(item, lane)
            self._observe()
            found = await asyncio.gather(*map(asyncio.wrap_future, ticket.jobs))
            wanted = 1 + item.search.alternatives
            waited = max((job.waited_s for job in ticket.jobs), default=0.0)
            return Decoded(tuple(hypotheses[:wanted] for hypotheses in found), self._load(), waited)
        except Exception as error:
            return refusal(error)
        finally:
            ticket.close()
            self._observe()

    def _observe(self) -> None:
        stats = self.engine.stats()
        for lane, backlog in self.backlogs.items():
            backlog.observe(stats.waiting_tokens[lane])

    def _load(self) -> Load:
        return Load(self.name, {lane: backlog.rate for lane, backlog in self.backlogs.items()})

    def _submit(self, item: DecodeItem, lane: Lane) -> list[Pending]:
        options, backlog = options_for(item, self.options), self.backlogs[lane]
        jobs = self.engine.submit_all(
            [(ids, options) for ids in item.sentences], timeout=item.seconds, lane=lane
        )
        for ids, job in zip(item.sentences, jobs, strict=True):
            backlog.add(len(ids))
            job.add_done_callback(partial(self._left, backlog, len(ids)))
        return jobs

    @staticmethod
    def _left(backlog: Backlog, tokens: int, job: Future[tuple[Hypothesis, ...]]) -> None:
        """A sentence of so many tokens left the engine."""
        backlog.remove(tokens, finished=not job.cancelled() and job.exception() is None)

    async def ping(self) -> Load:
        """Raises EngineStopped if a worker died."""
        self.engine.check()
        # A wedged batch queue would not answer.
        await self.translate([DecodeItem((), 0, 1.0)])
        return self._load()

    async def check_health(self) -> None:
        """Called by Ray, which replaces a replica that raises."""
        check_memory(self.max_rss_mb)
        await self.ping()

    async def record_autoscaling_stats(self) -> dict[str, float]:
        """Called by Ray for the policy (deployments/stages/scaling.py)."""
        return {METRIC: float(sum(backlog.tokens for backlog in self.backlogs.values()))}

    def __del__(self) -> None:
        if hasattr(self, "engine"):
            self.engine.close()
