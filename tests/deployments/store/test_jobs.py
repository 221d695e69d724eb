"""Documents, from their senders' and their workers' sides."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from deployments.store.chunks import CHUNK
from deployments.store.errors import TooManyDocuments
from deployments.store.jobs import ATTEMPTS, GAVE_UP, JobStatus, Ticket
from deployments.store.leases import Lease
from deployments.store.store import Store
from deployments.store.tables import chunks, jobs
from tests.deployments.store.conftest import Clock

pytestmark = pytest.mark.anyio

SOURCE = bytes(range(256)) * (5 * CHUNK // 512)  # two pieces and a half
ROOM = 12_000_000  # as the fixture `settings` has it


async def status_of(store: Store, ticket: Ticket) -> JobStatus:
    status = await store.jobs.status(ticket)
    assert status is not None
    return status


async def claimed(store: Store, worker: str = "w") -> Lease:
    lease = await store.leases.claim(worker, 30)
    assert lease is not None
    return lease


async def counted(store: Store, table: Any) -> int:
    async with store.database.reading() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def test_a_document_goes_all_the_way(store: Store, clock: Clock) -> None:
    _, key = await store.keys.add("a")
    ticket = await store.jobs.create("报告.txt", SOURCE, {"format": "text"}, key.id)
    queued = await status_of(store, ticket)
    assert (queued.state, queued.name, queued.done, queued.total) == ("queued", "报告.txt", 0, 0)
    assert (queued.created, queued.expires, queued.options) == (clock(), None, {"format": "text"})

    lease = await claimed(store)
    assert (lease.job_id, lease.worker, lease.attempt) == (ticket.id, "w", 1)
    assert (lease.name, lease.owner, lease.options) == ("报告.txt", key.id, {"format": "text"})
    assert await store.leases.source(lease) == SOURCE
    assert await store.leases.renew(lease, 30, 3, 10)
    running = await status_of(store, ticket)
    assert (running.state, running.done, running.total) == ("running", 3, 10)
    assert await store.jobs.result(ticket) is None

    result = SOURCE[::-1] + b"end"
    assert await store.leases.finish(lease, result)
    done = await status_of(store, ticket)
    assert (done.state, done.done, done.total, done.error) == ("done", 10, 10, None)
    assert done.expires is not None and (done.expires - clock()).total_seconds() == 3600
    assert await store.jobs.result(ticket) == result
    assert await counted(store, chunks) == 3  # the source is gone
    assert await store.jobs.delete(ticket)
    assert await store.jobs.status(ticket) is None
    assert await counted(store, chunks) == await counted(store, jobs) == 0


async def test_an_empty_document_is_one(store: Store) -> None:
    ticket = await store.jobs.create("", b"", {})
    lease = await claimed(store)
    assert await store.leases.source(lease) == b""
    assert await store.leases.finish(lease, b"")
    assert await store.jobs.result(ticket) == b""


async def test_a_document_needs_its_own_secret(store: Store) -> None:
    ticket = await store.jobs.create("a", b"a", {})
    other = await store.jobs.create("b", b"b", {})
    for wrong in (
        Ticket(ticket.id, other.secret),
        Ticket(ticket.id, ""),
        Ticket(ticket.id, "\ud800"),
        Ticket("0" * 32, ticket.secret),
        Ticket("\0", ticket.secret),
    ):
        assert await store.jobs.status(wrong) is None
        assert await store.jobs.result(wrong) is None
        assert not await store.jobs.delete(wrong)
    assert (await status_of(store, ticket)).state == "queued"


async def test_names_lose_what_no_database_takes(store: Store) -> None:
    ticket = await store.jobs.create("a\0\n\ud800b" + "x" * 300, b"a", {})
    assert (await status_of(store, ticket)).name == "ab" + "x" * 253


async def test_options_come_back_whatever_they_hold(store: Store) -> None:
    options = {"a": "\0\ud800", "b": [1.5, None, True], "机密": {"c": 10**20}}
    ticket = await store.jobs.create("a", b"a", options)
    assert (await status_of(store, ticket)).options == options
    assert (await claimed(store)).options == options


async def test_replicas_that_sweep_at_once_each_do_a_part_or_nothing(
    store: Store, clock: Clock
) -> None:
    for _ in range(30):
        await store.jobs.create("a", b"x" * 10, {})
        assert await store.leases.fail(await claimed(store), "no")
    clock.passes(3601)
    assert sum(await asyncio.gather(*(store.jobs.sweep() for _ in range(5)))) == 30
    assert await counted(store, jobs) == 30


async def test_the_oldest_is_claimed_first_and_each_once(store: Store, clock: Clock) -> None:
    tickets = []
    for number in range(4):
        tickets.append(await store.jobs.create(str(number), b"x", {}))
        clock.passes(1)
    leases = [await store.leases.claim("w", 30) for _ in range(5)]
    assert [lease and lease.job_id for lease in leases] == [*(one.id for one in tickets), None]


async def test_claims_at_the_same_moment_get_different_ones(store: Store) -> None:
    for _ in range(8):
        await store.jobs.create("a", b"x", {})
    leases = await asyncio.gather(*(store.leases.claim(f"w{n}", 30) for n in range(12)))
    claimed_ids = [lease.job_id for lease in leases if lease is not None]
    assert len(set(claimed_ids)) == len(claimed_ids)
    rest = [await store.leases.claim("late", 30) for _ in range(8 - len(claimed_ids))]
    assert None not in rest


async def test_a_lease_that_ran_out_is_anothers(store: Store, clock: Clock) -> None:
    ticket = await store.jobs.create("a", SOURCE, {})
    first = await claimed(store, "first")
    clock.passes(29)
    assert await store.leases.renew(first, 30, 1, 2)
    clock.passes(29)
    assert await store.leases.claim("second", 30) is None
    clock.passes(2)
    second = await claimed(store, "second")
    assert (second.job_id, second.attempt) == (ticket.id, 2)
    assert not await store.leases.renew(first, 30, 2, 2)
    assert not await store.leases.finish(first, b"wrong")
    assert not await store.leases.fail(first, "wrong")
    assert not await store.leases.release(first)
    assert await store.leases.source(first) is None
    assert await store.leases.source(second) == SOURCE
    assert await store.leases.finish(second, b"right")
    assert await store.jobs.result(ticket) == b"right"


async def test_a_lease_of_the_same_worker_is_not_its_earlier_one(
    store: Store, clock: Clock
) -> None:
    await store.jobs.create("a", b"x", {})
    first = await claimed(store)
    clock.passes(31)
    second = await claimed(store)
    assert second == replace(first, attempt=2)
    assert not await store.leases.renew(first, 30, 1, 2)
    assert await store.leases.renew(second, 30, 1, 2)


async def test_a_late_worker_may_finish_what_nobody_claimed(store: Store, clock: Clock) -> None:
    ticket = await store.jobs.create("a", b"x", {})
    lease = await claimed(store)
    clock.passes(1000)
    assert await store.leases.finish(lease, b"late")
    assert await store.jobs.result(ticket) == b"late"


async def test_after_three_workers_that_died_it_has_failed(store: Store, clock: Clock) -> None:
    assert ATTEMPTS == 3
    ticket = await store.jobs.create("a", SOURCE, {})
    for _ in range(3):
        assert await store.jobs.sweep() == 0
        await claimed(store)
        clock.passes(31)
    assert await store.leases.claim("w", 30) is None
    assert await store.jobs.sweep() == 1
    status = await status_of(store, ticket)
    assert (status.state, status.error) == ("failed", GAVE_UP)
    assert await counted(store, chunks) == 0


async def test_a_job_given_back_waits_for_nothing_and_costs_no_attempt(store: Store) -> None:
    ticket = await store.jobs.create("a", SOURCE, {})
    for _ in range(5):
        lease = await claimed(store)
        assert lease.attempt == 1
        assert await store.leases.release(lease)
    assert (await status_of(store, ticket)).state == "queued"
    assert not await store.leases.release(lease)


async def test_who_gave_a_job_back_has_it_no_more_when_another_takes_it(store: Store) -> None:
    await store.jobs.create("a", b"x", {})
    first = await claimed(store, "first")
    await store.leases.release(first)
    second = await claimed(store, "second")
    assert second.attempt == first.attempt
    assert not await store.leases.renew(first, 30, 1, 2)
    assert not await store.leases.fail(first, "wrong")
    assert await store.leases.renew(second, 30, 1, 2)


async def test_what_cannot_be_translated_has_a_code(store: Store) -> None:
    ticket = await store.jobs.create("a", SOURCE, {})
    lease = await claimed(store)
    assert await store.leases.fail(lease, "unreadable")
    status = await status_of(store, ticket)
    assert (status.state, status.error) == ("failed", "unreadable")
    assert await store.jobs.result(ticket) is None
    assert await counted(store, chunks) == 0


async def test_a_deleted_job_is_lost_to_its_worker(store: Store) -> None:
    ticket = await store.jobs.create("a", b"x", {})
    lease = await claimed(store)
    assert await store.jobs.delete(ticket)
    assert not await store.leases.renew(lease, 30, 1, 2)
    assert not await store.leases.finish(lease, b"y")


async def test_after_an_hour_the_files_are_gone_and_later_all(store: Store, clock: Clock) -> None:
    waiting = await store.jobs.create("waits", SOURCE, {})
    await store.leases.release(await claimed(store))
    clock.passes(1)
    ticket = await store.jobs.create("secret name", SOURCE, {"a": "b"})
    clock.passes(-1)
    await claimed(store)  # the one that waits
    lease = await claimed(store)
    assert lease.job_id == ticket.id
    assert await store.leases.finish(lease, SOURCE, ["a note"])
    clock.passes(3599)
    assert await store.jobs.sweep() == 0
    assert await store.jobs.result(ticket) == SOURCE
    clock.passes(2)
    assert await store.jobs.sweep() == 1
    status = await status_of(store, ticket)
    assert (status.state, status.name, status.options) == ("expired", "", {})
    assert status.notes == ("a note",)
    assert await store.jobs.result(ticket) is None
    assert await counted(store, chunks) == 3  # of the one that waits
    clock.passes(3601)
    assert await store.jobs.sweep() == 1
    assert await store.jobs.status(ticket) is None
    assert (await status_of(store, waiting)).state == "running"


async def test_documents_that_leave_no_room_are_refused_until_there_is_some(store: Store) -> None:
    source = b"x" * 1_000_000
    tickets = [await store.jobs.create("a", source, {}) for _ in range(ROOM // 2_000_000)]
    before = await counted(store, chunks)
    with pytest.raises(TooManyDocuments, match="no room"):
        await store.jobs.create("a", b"", {})
    assert await counted(store, chunks) == before
    await store.jobs.delete(tickets[0])
    await store.jobs.create("a", source, {})
    with pytest.raises(TooManyDocuments):
        await store.jobs.create("a", b"", {})
    assert await store.leases.finish(await claimed(store), source)  # which halves what it holds
    await store.jobs.create("a", b"", {})


async def test_documents_that_come_at_once_do_not_exceed_the_room(store: Store) -> None:
    source = b"x" * 2_000_000
    outcomes = await asyncio.gather(
        *(store.jobs.create("a", source, {}) for _ in range(6)), return_exceptions=True
    )
    assert sum(isinstance(outcome, Ticket) for outcome in outcomes) == 3
    assert sum(isinstance(outcome, TooManyDocuments) for outcome in outcomes) == 3


async def test_small_documents_count_for_something(store: Store) -> None:
    store.jobs.room = 5 * 4096
    for _ in range(5):
        await store.jobs.create("a", b"", {})
    with pytest.raises(TooManyDocuments):
        await store.jobs.create("a", b"", {})


async def test_a_result_without_room_is_refused_and_the_lease_stays(store: Store) -> None:
    ticket = await store.jobs.create("a", SOURCE, {})
    lease = await claimed(store)
    with pytest.raises(TooManyDocuments):
        await store.leases.finish(lease, b"x" * (ROOM + 1))
    assert await store.leases.source(lease) == SOURCE
    assert await store.leases.fail(lease, "no_room")
    assert (await status_of(store, ticket)).error == "no_room"
