"""The tables, as the newest migration leaves them (a test compares the two)."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
    text,
)


class Moment(TypeDecorator[datetime]):
    """A time in UTC; SQLite, which knows no zones, has it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """What is stored."""
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """What was stored."""
        if value is None or dialect.name != "sqlite":
            return value
        return value.replace(tzinfo=UTC)


SCHEMA = "0002"  # the newest of migrations/versions/
VERSION_TABLE = "csanmt_schema"

ID = String(32)  # a random UUID in hexadecimal
CASCADE = "CASCADE"

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

keys = Table(
    "keys",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", String, nullable=False),
    Column("prefix", String(20), nullable=False, index=True),  # readable; finds the key
    Column("hash", LargeBinary(32), nullable=False),
    Column("characters_per_month", BigInteger),
    Column("requests_per_minute", Integer),
    Column("created", Moment, nullable=False),
    Column("revoked", Moment),
)
Index(
    "uq_keys_name_of_valid",
    keys.c.name,
    unique=True,
    sqlite_where=text("revoked IS NULL"),
    postgresql_where=text("revoked IS NULL"),
)

usage = Table(
    "usage",
    metadata,
    Column("key_id", ID, ForeignKey("keys.id", ondelete=CASCADE), primary_key=True),
    Column("month", String(7), primary_key=True),  # 2026-01
    Column("characters", BigInteger, nullable=False),
    Column("requests", BigInteger, nullable=False),
)

glossaries = Table(
    "glossaries",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", String, nullable=False),
    Column("source", String, nullable=False),
    Column("target", String, nullable=False),
    Column("created", Moment, nullable=False),
    Column("owner", ID, ForeignKey("keys.id"), index=True),
    Column("revision", Integer, nullable=False, server_default="0"),  # grows with each change
)

entries = Table(
    "glossary_entries",
    metadata,
    Column("glossary_id", ID, ForeignKey("glossaries.id", ondelete=CASCADE), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("source", String, nullable=False),
    Column("target", String, nullable=False),
    UniqueConstraint("glossary_id", "source"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", ID, primary_key=True),
    Column("secret_hash", LargeBinary(32), nullable=False),
    Column("owner", ID, ForeignKey("keys.id")),
    Column("name", String, nullable=False),
    Column("options", JSON, nullable=False),
    Column("state", String(8), nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("worker", String),  # who has the lease
    Column("leased_until", Moment),
    Column("attempts", Integer, nullable=False),
    Column("error", String),
    Column("notes", JSON, nullable=False, server_default="[]"),  # what its reader should know
    Column("held_bytes", BigInteger, nullable=False),  # what it counts for against the bound
    Column("created", Moment, nullable=False),
    Column("expires", Moment),
    Index(None, "state", "created"),
)

chunks = Table(
    "job_chunks",
    metadata,
    Column("job_id", ID, ForeignKey("jobs.id", ondelete=CASCADE), primary_key=True),
    Column("part", String(6), primary_key=True),  # source or result
    Column("position", Integer, primary_key=True),
    Column("data", LargeBinary, nullable=False),  # SQLite and PostgreSQL read a value whole
)
