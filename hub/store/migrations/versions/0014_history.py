"""Readings of the hub, minute by minute, and every rulebook that was in force."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "samples",
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("unread", sa.Integer(), nullable=False),
        sa.Column("outbox_seconds", sa.Double(), nullable=False),
        sa.Column("dead_letters", sa.Integer(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("p50_seconds", sa.Double(), nullable=False),
        sa.Column("p95_seconds", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("at", "process", name="pk_samples"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rulebooks",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_rulebooks"),
        sqlite_with_rowid=False,
    )
