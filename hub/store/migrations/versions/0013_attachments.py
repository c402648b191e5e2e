"""Files that go with messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attachments",
        sa.Column("attachment_id", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("lane_id", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger()),
        sa.Column("source", sa.Text()),
        sa.Column("message_id", sa.Text()),
        sa.Column("code", sa.Text()),
        sa.PrimaryKeyConstraint("attachment_id", name="pk_attachments"),
        sqlite_with_rowid=False,
    )
    is_open = sa.text("ends_at IS NOT NULL")
    op.create_index("ix_attachments_of_lane", "attachments", ["lane_id"])
    op.create_index("ix_attachments_of_message", "attachments", ["message_id"])
    for name, column in (("ix_attachments_ending", "ends_at"), ("ix_attachments_of_unit", "unit_id")):
        op.create_index(name, "attachments", [column], sqlite_where=is_open, postgresql_where=is_open)
    op.create_table(
        "attachment_parts",
        sa.Column("attachment_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("attachment_id", "number", name="pk_attachment_parts"),
    )
