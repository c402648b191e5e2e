"""The directory that is in force is kept, and the one that waits for a second administrator."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "directory_sets",
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("files", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", sa.Text()),
        sa.Column("approved_by", sa.Text()),
        sa.PrimaryKeyConstraint("standing", name="pk_directory_sets"),
        sqlite_with_rowid=False,
    )
