"""The first tables: keys, usage, glossaries, jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)
CASCADE = "CASCADE"
VALID = sa.text("revoked IS NULL")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(length=20), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("characters_per_month", sa.BigInteger()),
        sa.Column("requests_per_minute", sa.Integer()),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("revoked", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_keys"),
    )
    op.create_index("ix_keys_prefix", "keys", ["prefix"], unique=False)
    op.create_index(
        "uq_keys_name_of_valid",
        "keys",
        ["name"],
        unique=True,
        sqlite_where=VALID,
        postgresql_where=VALID,
    )
    op.create_table(
        "glossaries",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("owner", sa.String(length=32)),
        sa.ForeignKeyConstraint(["owner"], ["keys.id"], name="fk_glossaries_owner"),
        sa.PrimaryKeyConstraint("id", name="pk_glossaries"),
    )
    op.create_index("ix_glossaries_owner", "glossaries", ["owner"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("owner", sa.String(length=32)),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String()),
        sa.Column("leased_until", MOMENT),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String()),
        sa.Column("held_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("expires", MOMENT),
        sa.ForeignKeyConstraint(["owner"], ["keys.id"], name="fk_jobs_owner"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_state_created", "jobs", ["state", "created"], unique=False)
    op.create_table(
        "usage",
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("characters", sa.BigInteger(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name="fk_usage_key_id", ondelete=CASCADE),
        sa.PrimaryKeyConstraint("key_id", "month", name="pk_usage"),
    )
    op.create_table(
        "glossary_entries",
        sa.Column("glossary_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["glossary_id"],
            ["glossaries.id"],
            name="fk_glossary_entries_glossary_id",
            ondelete=CASCADE,
        ),
        sa.PrimaryKeyConstraint("glossary_id", "position", name="pk_glossary_entries"),
        sa.UniqueConstraint("glossary_id", "source", name="uq_glossary_entries_glossary_id_source"),
    )
    op.create_table(
        "job_chunks",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("part", sa.String(length=6), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_job_chunks_job_id", ondelete=CASCADE
        ),
        sa.PrimaryKeyConstraint("job_id", "part", "position", name="pk_job_chunks"),
    )
