"""Copies know when somebody looks after them; those that could not be delivered lie apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("next_at", sa.BigInteger()))
    waits = sa.text("acked_at IS NULL AND state IN ('pending', 'notified') AND next_at IS NOT NULL")
    # What waits already is looked at in the first sweep; notices of the hub itself are nobody's duty.
    op.execute(
        "UPDATE deliveries SET next_at = recorded_at"
        " WHERE acked_at IS NULL AND state IN ('pending', 'notified') AND sequence IS NOT NULL"
        " AND message_position IN (SELECT position FROM messages WHERE sender <> 'hub')"
    )
    op.create_index("ix_deliveries_waiting", "deliveries", ["next_at"], sqlite_where=waits, postgresql_where=waits)
    position = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "dead_letters",
        sa.Column("position", position, autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("died_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["position"], ["deliveries.position"], name="fk_dead_letters_position"),
        sa.PrimaryKeyConstraint("position", name="pk_dead_letters"),
    )
