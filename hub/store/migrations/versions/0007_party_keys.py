"""Public keys and certificates of the units, and ids that may be used once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "party_keys",
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("jwk", sa.Text()),
        sa.Column("begins_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("unit_id", "key_id", name="pk_party_keys"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "used_ids",
        sa.Column("used_id", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("used_id", name="pk_used_ids"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_used_ids_ending", "used_ids", ["ends_at"])
