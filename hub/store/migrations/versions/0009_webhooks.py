"""Endpoints of units, and claim checks on their way there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("ended_by", sa.Text()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.BigInteger()),
        sa.Column("rests_until", sa.BigInteger()),
        sa.PrimaryKeyConstraint("unit_id", name="pk_webhooks"),
        sqlite_with_rowid=False,
    )
    position = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "pushes",
        sa.Column("position", position, autoincrement=False, nullable=False),
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("lane_id", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("leased_until", sa.BigInteger()),
        sa.ForeignKeyConstraint(["position"], ["deliveries.position"], name="fk_pushes_position"),
        sa.PrimaryKeyConstraint("position", name="pk_pushes"),
    )
    op.create_index("ix_pushes_due", "pushes", ["unit_id", "next_at", "position"])
    op.create_index("ix_pushes_of_lane", "pushes", ["lane_id", "unit_id", "position"])
    op.create_index("ix_pushes_created", "pushes", ["created_at"])
