"""Glossaries, each of the key that made it (None where the service asks for no key)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from deployments.config import StoreSettings
from deployments.store.database import Database, Lock
from deployments.store.errors import TooManyGlossaries
from deployments.store.ids import Clock, is_id, new_id, now
from deployments.store.tables import entries, glossaries
from pipeline.glossary import Bounds, Entry, Glossary, InvalidGlossary, check

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class GlossaryInfo:
    """A glossary without its entries, of which it has `count`."""

    id: str
    name: str
    source: str
    target: str
    created: datetime
    owner: str | None
    count: int


class Glossaries:
    """`bounds` are for the entries of one, and `limit` for how many a key may have."""

    def __init__(self, database: Database, settings: StoreSettings, clock: Clock = now) -> None:
        self.database, self.clock = database, clock
        self.bounds = Bounds(settings.glossary_entries, settings.term_characters)
        self.limit = settings.glossaries

    async def create(self, name: str, glossary: Glossary, owner: str | None) -> GlossaryInfo:
        """Keep it; raises InvalidGlossary, TooManyGlossaries or StoreUnavailable."""
        name, given = _name(name), check(glossary.entries, self.bounds)
        info = GlossaryInfo(
            new_id(), name, glossary.source, glossary.target, self.clock(), owner, len(given)
        )
        async with self.database.writing(Lock.GLOSSARIES) as connection:
            count = select(func.count()).where(_owned(owner))
            if (await connection.execute(count)).scalar_one() >= self.limit:
                raise TooManyGlossaries(self.limit)
            row = {
                "id": info.id,
                "name": name,
                "source": info.source,
                "target": info.target,
                "created": info.created,
                "owner": owner,
            }
            await connection.execute(insert(glossaries).values(row))
            await _write(connection, info.id, given)
        return info

    async def list(self, owner: str | None) -> tuple[GlossaryInfo, ...]:
        """Those of this owner, the oldest first."""
        async with self.database.reading() as connection:
            found = await connection.execute(
                _infos().where(_owned(owner)).order_by(glossaries.c.created, glossaries.c.id)
            )
            return tuple(map(_info, found))

    async def find(self, glossary_id: str, owner: str | None) -> GlossaryInfo | None:
        """One of this owner, None if there is none of that id."""
        if not is_id(glossary_id):
            return None
        async with self.database.reading() as connection:
            found = (await connection.execute(_infos().where(_one(glossary_id, owner)))).first()
            return None if found is None else _info(found)

    async def revision(self, glossary_id: str, owner: str | None) -> int | None:
        """A number that grows with each change, None if this owner has none of that id."""
        if not is_id(glossary_id):
            return None
        async with self.database.reading() as connection:
            one = select(glossaries.c.revision).where(_one(glossary_id, owner))
            found: int | None = (await connection.execute(one)).scalar_one_or_none()
            return found

    async def get(self, glossary_id: str, owner: str | None) -> Glossary | None:
        """What a translation needs of one of this owner, None if there is none of that id."""
        if not is_id(glossary_id):
            return None
        async with self.database.reading() as connection:
            languages = select(glossaries.c.source, glossaries.c.target).where(
                _one(glossary_id, owner)
            )
            found = (await connection.execute(languages)).first()
            if found is None:
                return None
            lines = await connection.execute(
                select(entries.c.source, entries.c.target)
                .where(entries.c.glossary_id == glossary_id)
                .order_by(entries.c.position)
            )
            terms = tuple(Entry(line.source, line.target) for line in lines)
            return Glossary(found.source, found.target, terms)

    async def replace(
        self, glossary_id: str, owner: str | None, given: Iterable[Entry], name: str | None = None
    ) -> bool:
        """Other entries, and where given another name, for one of this owner; False if there is
        none. Raises InvalidGlossary.
        """
        checked = check(given, self.bounds)
        if not is_id(glossary_id):
            return False
        async with self.database.writing() as connection:
            one = _one(glossary_id, owner)
            # Locks the row, so that two who replace it take turns.
            values = {
                "name": glossaries.c.name if name is None else _name(name),
                "revision": glossaries.c.revision + 1,
            }
            changed = await connection.execute(glossaries.update().where(one).values(values))
            if not changed.rowcount:
                return False
            await connection.execute(delete(entries).where(entries.c.glossary_id == glossary_id))
            await _write(connection, glossary_id, checked)
            return True

    async def delete(self, glossary_id: str, owner: str | None) -> bool:
        """Whether there was one of this owner."""
        if not is_id(glossary_id):
            return False
        async with self.database.writing() as connection:
            deleted = await connection.execute(delete(glossaries).where(_one(glossary_id, owner)))
            return bool(deleted.rowcount)


def _owned(owner: str | None) -> ColumnElement[bool]:
    return glossaries.c.owner.is_not_distinct_from(owner)


def _one(glossary_id: str, owner: str | None) -> ColumnElement[bool]:
    return and_(glossaries.c.id == glossary_id, _owned(owner))


def _infos() -> Any:
    count = (
        select(func.count())
        .select_from(entries)
        .where(entries.c.glossary_id == glossaries.c.id)
        .scalar_subquery()
    )
    return select(glossaries, count.label("count"))


def _info(row: Row[Any]) -> GlossaryInfo:
    return GlossaryInfo(
        row.id, row.name, row.source, row.target, row.created, row.owner, row._mapping["count"]
    )


async def _write(connection: AsyncConnection, glossary_id: str, given: Iterable[Entry]) -> None:
    rows = [
        {
            "glossary_id": glossary_id,
            "position": position,
            "source": entry.source,
            "target": entry.target,
        }
        for position, entry in enumerate(given)
    ]
    await connection.execute(insert(entries), rows)


def _name(text: str) -> str:
    name = text.strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidGlossary(f"its name has {len(name)} characters: give 1 to {LONGEST_NAME}")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise InvalidGlossary("its name holds a character that is no text: remove that")
    return name
