"""Several processes with one database, one of which is killed."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from deployments.config import StoreSettings
from deployments.store.store import Store
from deployments.store.usage import Used
from pipeline.config import ROOT
from pipeline.glossary import Entry, Glossary
from tests.deployments.store.conftest import MakeSettings

pytestmark = pytest.mark.anyio

# What a process does, with a store that it makes of the settings in its argument.
BEGIN = """
import asyncio, json, sys
from deployments.config import StoreSettings
from deployments.store.store import Store
from pipeline.glossary import Entry, Glossary

async def main():
    store = Store(StoreSettings.model_validate(json.loads(sys.argv[1])), replicas=2)
    await store.check()
    print("ready", flush=True)
    sys.stdin.readline()
    await work(store, sys.argv[2])
    await store.close()
"""
CLAIM_ALL = """
async def work(store, name):
    while lease := await store.leases.claim(name, 60):
        assert await store.leases.renew(lease, 60, 1, 2)
        assert await store.leases.finish(lease, name.encode())
        print(lease.job_id, flush=True)
"""
CLAIM_ONE = """
async def work(store, name):
    lease = await store.leases.claim(name, 1.5)
    print(lease.job_id, flush=True)
    async with store.database.writing() as connection:  # in the middle of one more change
        await connection.exec_driver_sql("UPDATE jobs SET total = 77")
        print("writing", flush=True)
        await asyncio.sleep(60)
"""
WRITE = """
async def work(store, name):
    key = sys.argv[3]
    for number in range(60):
        store.usage.add(key, 10)
        terms = (Entry("词", name), Entry("语", str(number)))
        glossary = await store.glossaries.create(name, Glossary("zh", "en", terms), key)
        await store.usage.write()
        ticket = await store.jobs.create(name, b"x" * 100_000, {})
        await store.jobs.delete(ticket)
        await store.glossaries.delete(glossary.id, key)
"""


@contextmanager
def process(work: str, settings: StoreSettings, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    script = f"{BEGIN}{work}\nasyncio.run(main())"
    started = subprocess.Popen(
        [sys.executable, "-c", script, json.dumps(settings.model_dump()), *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def line(started: subprocess.Popen[str]) -> str:
    assert started.stdout is not None
    return started.stdout.readline().strip()


def go(*started: subprocess.Popen[str]) -> None:
    """Let them begin together, once all of them are there."""
    for one in started:
        assert line(one) == "ready", one.communicate()
    for one in started:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()


@pytest.fixture
def settings(make_settings: MakeSettings) -> StoreSettings:
    return make_settings()


async def test_two_processes_share_the_jobs_and_no_job(settings: StoreSettings) -> None:
    store = Store(settings, replicas=2)
    tickets = [await store.jobs.create("a", b"x", {}) for _ in range(60)]
    with process(CLAIM_ALL, settings, "one") as one, process(CLAIM_ALL, settings, "two") as two:
        go(one, two)
        both = [started.communicate(timeout=60) for started in (one, two)]
    assert [errors for _, errors in both] == ["", ""]
    first, second = (output.split() for output, _ in both)
    assert sorted(first + second) == sorted(ticket.id for ticket in tickets)
    assert first and second
    results = [await store.jobs.result(ticket) for ticket in tickets]
    assert results.count(b"one") == len(first) and results.count(b"two") == len(second)
    await store.close()


async def test_a_killed_worker_leaves_its_job_to_the_next(settings: StoreSettings) -> None:
    store = Store(settings, replicas=2)
    ticket = await store.jobs.create("a", b"x", {})
    with process(CLAIM_ONE, settings, "killed") as worker:
        go(worker)
        assert line(worker) == ticket.id and line(worker) == "writing"
        assert await store.leases.claim("next", 30) is None
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)
        async with asyncio.timeout(20):
            while (lease := await store.leases.claim("next", 30)) is None:
                await asyncio.sleep(0.1)
    assert (lease.job_id, lease.attempt) == (ticket.id, 2)
    status = await store.jobs.status(ticket)
    assert status is not None and status.total == 0  # what it had not committed is as if not begun
    assert await store.leases.source(lease) == b"x"
    assert await store.leases.finish(lease, b"y")
    await store.close()


async def test_writers_of_several_processes_wait_for_each_other(settings: StoreSettings) -> None:
    store = Store(settings, replicas=2)
    _, key = await store.keys.add("a")
    with (
        process(WRITE, settings, "one", key.id) as one,
        process(WRITE, settings, "two", key.id) as two,
    ):
        go(one, two)
        for number in range(30):  # this process is a third
            glossary = Glossary("zh", "en", (Entry("词", str(number)),))
            made = await store.glossaries.create("three", glossary, None)
            assert await store.glossaries.get(made.id, None) == glossary
            assert await store.glossaries.delete(made.id, None)
        both = [started.communicate(timeout=60) for started in (one, two)]
    assert both == [("", ""), ("", "")]
    assert await store.usage.read(key.id) == Used(1200, 120)
    assert await store.glossaries.list(key.id) == ()
    await store.close()
