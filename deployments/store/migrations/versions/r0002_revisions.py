"""Glossaries say how often they were changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the number; the release before makes glossaries without naming it."""
    op.add_column(
        "glossaries", sa.Column("revision", sa.Integer(), nullable=False, server_default="0")
    )
