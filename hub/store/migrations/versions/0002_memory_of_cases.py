"""Cases remember, sealed, what later messages are checked against, and when their next deadline wants attention.

Consents remember whether their end has been announced.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("next_at", sa.BigInteger()))
    op.add_column("cases", sa.Column("memory", sa.LargeBinary()))
    waits = sa.text("next_at IS NOT NULL")
    op.create_index("ix_cases_due", "cases", ["next_at"], sqlite_where=waits, postgresql_where=waits)
    op.add_column("consents", sa.Column("told_days", sa.SmallInteger()))
    active = sa.text("status = 'active'")
    op.create_index("ix_consents_ending", "consents", ["valid_to"], sqlite_where=active, postgresql_where=active)
