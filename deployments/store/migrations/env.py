"""What alembic runs; the transaction and its lock are the caller's."""

from __future__ import annotations

from alembic import context

from deployments.store.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
