"""What the state costs a caller: `python -m benchmarks.state_cost`, with `--url` for PostgreSQL.

Each row is the median time of one caller that does one thing after another. The database must be
one to throw away; by default it is a new SQLite file.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from deployments.config import StoreSettings, load
from deployments.store.store import Store
from deployments.store.upgrade import prepare
from pipeline.glossary import Entry, Glossary

ENTRIES = tuple(Entry(f"词{number:05}", "x" * 30) for number in range(10_000))
WORKER, LEASE_S = "benchmark", 60


def main() -> None:
    """Measure a database and print what it takes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.state_cost", description=__doc__)
    parser.add_argument("--url", help="as the setting store.url has it")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.url or str(Path(folder) / "csanmt.db")
        asyncio.run(measure(prepare(load({"store": {"url": url}}).store, nodes=1)))


async def measure(settings: StoreSettings) -> None:
    """Print a row for each thing that callers do."""
    store = Store(settings, replicas=2)
    key, info = await store.keys.add(f"benchmark {time.time():.0f}", 10**12, 10**6)

    async def known() -> None:
        await store.keys.verify(key)
        await store.limiter.hit(info, 10)

    async def asked() -> None:
        store.keys.known.clear()
        await store.keys.verify(key)

    async def read() -> None:
        assert await store.glossaries.get(made[-1], None)

    async def make() -> None:
        glossary = Glossary("zh", "en", ENTRIES)
        made.append((await store.glossaries.create("benchmark", glossary, None)).id)

    async def document(size: int) -> None:
        await store.jobs.create("benchmark", b"x" * size, {})
        lease = await store.leases.claim(WORKER, LEASE_S)
        assert lease is not None
        source = await store.leases.source(lease)
        await store.leases.renew(lease, LEASE_S, 1, 1)
        assert source is not None and await store.leases.finish(lease, source)

    async def poll() -> None:
        assert await store.leases.claim(WORKER, LEASE_S) is None

    made: list[str] = []
    await row("a key seen in the last three seconds, and its limits", 1000, known)
    await row("another key", 300, asked)
    await row("a document of 1 kB, from taken to finished", 100, lambda: document(1_000))
    await row("a document of 10 MB", 10, lambda: document(10_000_000))
    await row("a worker's look for a document, where none waits", 200, poll)
    await row("a glossary of 10,000 entries, made", 5, make)
    await row("the same, read", 10, read)
    await store.close()


async def row(name: str, times: int, act: Callable[[], Awaitable[None]]) -> None:
    """Print how long something takes."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        await act()
        taken.append(time.perf_counter() - started)
    print(f"{name:55}{1e3 * statistics.median(taken):9.2f} ms")


if __name__ == "__main__":
    main()
