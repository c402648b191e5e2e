"""Claim checks in the outbox can be leased by one of several processes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("leased_by", sa.Text()))
    op.add_column("outbox", sa.Column("lease_until", sa.BigInteger()))
    held = sa.text("published_at IS NULL AND lease_until IS NOT NULL")
    op.create_index("ix_outbox_leased", "outbox", ["lease_until"], sqlite_where=held, postgresql_where=held)
