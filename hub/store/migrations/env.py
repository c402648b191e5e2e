"""Alembic's entrance. The connection and its transaction belong to the caller (`hub/store/migrate.py`)."""

from __future__ import annotations

from alembic import context

from hub.store import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
