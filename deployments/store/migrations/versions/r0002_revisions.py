"""Glossaries say how often they were changed, and jobs what their reader should know."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add both, with defaults: the release before makes rows without naming them."""
    op.add_column(
        "glossaries", sa.Column("revision", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("jobs", sa.Column("notes", sa.JSON(), nullable=False, server_default="[]"))
