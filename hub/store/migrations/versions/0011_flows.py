"""Who sent how much to whom, per day. What is there already is counted once; refusals without a message are not."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "flows",
        sa.Column("day", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("sender", sa.Text(), primary_key=True),
        sa.Column("unit", sa.Text(), primary_key=True),
        sa.Column("type", sa.Text(), primary_key=True),
        sa.Column("code", sa.Text(), primary_key=True),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO flows (day, sender, unit, type, code, messages) "
        "SELECT m.recorded_at / 86400000000, m.sender, d.unit_id, m.type, "
        "CASE WHEN d.state = 'refused' THEN coalesce(d.code, '') ELSE '' END, count(*) "
        "FROM deliveries d JOIN messages m ON m.position = d.message_position GROUP BY 1, 2, 3, 4, 5"
    )
