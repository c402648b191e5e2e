"""The tree and the checkpoints of the log, and what was refused about a person.

Messages of no case are found by their lane.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "log_nodes",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name="pk_log_nodes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "log_checkpoints",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_log_checkpoints"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "person_entries",
        sa.Column("person_key", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("person_key", "position", name="pk_person_entries"),
        sqlite_with_rowid=False,
    )
    caseless = sa.text("case_id IS NULL")
    op.create_index("ix_messages_of_lane", "messages", ["lane_id"], sqlite_where=caseless, postgresql_where=caseless)
