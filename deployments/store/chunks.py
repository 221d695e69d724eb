"""The files of a job, in pieces that both databases take."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from deployments.store.tables import chunks

Part = Literal["source", "result"]

CHUNK = 1 << 20  # bytes


async def write(connection: AsyncConnection, job_id: str, part: Part, data: bytes) -> None:
    """Keep a file of which nothing is kept yet; one at a time, so that no copy is made of all."""
    for position, start in enumerate(range(0, len(data), CHUNK)):
        await connection.execute(
            insert(chunks).values(
                job_id=job_id, part=part, position=position, data=data[start : start + CHUNK]
            )
        )


async def read(connection: AsyncConnection, job_id: str, part: Part) -> bytes:
    """A file; empty where nothing was kept."""
    found = await connection.execute(
        select(chunks.c.data)
        .where(chunks.c.job_id == job_id, chunks.c.part == part)
        .order_by(chunks.c.position)
    )
    return b"".join(found.scalars())
