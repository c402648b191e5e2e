"""Every directory that was in force. Of those before this step only the last is known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "directories",
        sa.Column("since", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("files", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("since", name="pk_directories"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO directories (since, digest, files)"
        " SELECT at, digest, files FROM directory_sets WHERE standing = 'in_force'"
    )
