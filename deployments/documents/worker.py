"""Translates queued documents in the background, one at a time in each ingress replica.

A job is this worker's for `LEASE_S`, and longer as it goes on. Where the replica dies, another
worker begins it anew; where it stops, it gives the job back.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from deployments.documents.apart import Apart
from deployments.documents.translate import translations
from deployments.errors import Internal, NoRoom, ServiceError, described
from deployments.request.wanted import Wanted
from deployments.service import TranslationService
from deployments.store.errors import StoreUnavailable, TooManyDocuments
from deployments.store.leases import Lease

logger = logging.getLogger("ray.serve")

LEASE_S = 15.0
RENEWED_S = 5.0
PAUSE_S = 2.0  # between two looks at whether a document waits
SWEEP_S = 60.0


class LeaseLost(Exception):
    """Another worker has the job, or it was deleted."""


class Progress:
    """Characters that are done, of how many."""

    def __init__(self) -> None:
        self.done = self.total = 0

    def reached(self, done: int) -> None:
        self.done = done


class Worker:
    """`apart` opens the documents."""

    def __init__(self, service: TranslationService, apart: Apart) -> None:
        self.service, self.apart = service, apart
        self.name = uuid.uuid4().hex
        self.called = asyncio.Event()  # set where this replica has queued one
        self._swept = time.monotonic()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                busy = await self._once()
            except StoreUnavailable:
                busy = False  # which it has logged
            if not busy:
                with suppress(TimeoutError):
                    async with asyncio.timeout(PAUSE_S):
                        await self.called.wait()
                self.called.clear()

    async def _once(self) -> bool:
        """Translate the next document; False where none waits."""
        leases = self.service.store.leases
        if time.monotonic() > self._swept + SWEEP_S:
            self._swept = time.monotonic()
            await self.service.store.jobs.sweep()
        lease = await leases.claim(self.name, LEASE_S)
        if lease is None:
            return False
        try:
            await self._translate(lease)
        except LeaseLost:
            pass
        except asyncio.CancelledError:
            await asyncio.shield(leases.release(lease))
            raise
        except ServiceError as error:
            await leases.fail(lease, error.code)
        except TooManyDocuments:
            await leases.fail(lease, NoRoom.code)
        except StoreUnavailable:
            raise
        except Exception as error:
            logger.error("document %s: %s", lease.job_id, described(error))
            await leases.fail(lease, Internal.code)
        return True

    async def _translate(self, lease: Lease) -> None:
        """Raises LeaseLost, ServiceError or StoreUnavailable."""
        at = Progress()
        work = asyncio.create_task(self._result(lease, at))
        keeping = asyncio.create_task(self._keep(lease, at))
        try:
            done, _ = await asyncio.wait({work, keeping}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            leases = self.service.store.leases
            known = await leases.renew(lease, LEASE_S, at.total, at.total)
            if not known or not await leases.finish(lease, *work.result()):
                raise LeaseLost
        finally:
            for task in (work, keeping):
                task.cancel()
            await asyncio.gather(work, keeping, return_exceptions=True)

    async def _result(self, lease: Lease, at: Progress) -> tuple[bytes, Sequence[str]]:
        """The translated document, and what its reader should know."""
        content = await self.service.store.leases.source(lease)
        if content is None:
            raise LeaseLost
        opened = await self.apart.open(lease.name, content)
        at.total = opened.characters
        found = await translations(
            self.service,
            opened.texts,
            await self._wanted(lease),
            patient=True,
            progress=at.reached,
        )
        notes = (*opened.notes, *found.notes())
        return await self.apart.write(lease.name, content, found.texts), notes

    async def _keep(self, lease: Lease, at: Progress) -> None:
        """Renew the lease, and say how far the work is."""
        while True:
            await asyncio.sleep(RENEWED_S)
            if not await self.service.store.leases.renew(lease, LEASE_S, at.done, at.total):
                raise LeaseLost

    async def _wanted(self, lease: Lease) -> Wanted:
        options: Mapping[str, Any] = lease.options
        glossary = None
        if options.get("glossary_id"):
            glossary = await self.service.vocabularies.get(options["glossary_id"], lease.owner)
        return Wanted(
            model=options.get("model"),
            source=options.get("source"),
            target=options.get("target"),
            glossary=glossary,
        )
