"""The first tables. What they are for stands in `hub/store/tables.py`.

No step leads back: what a newer hub has written, an older one cannot judge. Restore a backup instead.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_messages()
    _create_deliveries()
    _create_outbox()
    _create_cases()
    _create_consents()
    _create_keys_and_counters()
    _create_audit()


def _create_partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("position", POSITION, autoincrement=True, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("lane_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text()),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_messages"),
        sa.UniqueConstraint("message_id", "source", name="uq_messages_message_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_messages_of_case", "messages", ["case_id"])
    op.create_index("ix_messages_sent", "messages", ["sender", "recorded_at"])
    op.create_index("ix_messages_sent_by_type", "messages", ["sender", "type", "recorded_at"])


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("position", POSITION, autoincrement=True, nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("message_position", POSITION, nullable=False),
        sa.Column("lane_id", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("code", sa.Text()),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text()),
        sa.Column("withheld", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("acked_at", sa.BigInteger()),
        sa.Column("handled_at", sa.BigInteger()),
        sa.Column("outcome", sa.Text()),
        sa.Column("note", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("position", name="pk_deliveries"),
        sa.UniqueConstraint("delivery_id", name="uq_deliveries_delivery_id"),
        sa.UniqueConstraint("lane_id", "unit_id", "sequence", name="uq_deliveries_lane_id"),
        sa.ForeignKeyConstraint(["message_position"], ["messages.position"], name="fk_deliveries_message_position"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deliveries_of_message", "deliveries", ["message_position"])
    op.create_index("ix_deliveries_by_state", "deliveries", ["unit_id", "state", "position"])
    _create_partial_index(
        "ix_deliveries_open",
        "deliveries",
        ["unit_id", "position"],
        "acked_at IS NULL AND state IN ('pending', 'notified', 'read')",
    )


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("position", POSITION, autoincrement=False, nullable=False),
        sa.Column("published_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("position", name="pk_outbox"),
        sa.ForeignKeyConstraint(["position"], ["deliveries.position"], name="fk_outbox_position"),
    )
    _create_partial_index("ix_outbox_unpublished", "outbox", ["position"], "published_at IS NULL")


def _create_cases() -> None:
    op.create_table(
        "cases",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("person_key", sa.Text()),
        sa.Column("state", sa.Text()),
        sa.Column("finsam_state", sa.Text()),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("parties", sa.Text(), nullable=False),
        sa.Column("responsible_stadsdel", sa.Text()),
        sa.Column("responsible_jobbtorg", sa.Text()),
        sa.Column("team", sa.Text()),
        sa.Column("plans", sa.Text(), nullable=False),
        sa.Column("reporting_request", sa.Text()),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("closed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("case_id", name="pk_cases"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_cases_of_person", "cases", ["person_key"])


def _create_consents() -> None:
    op.create_table(
        "consents",
        sa.Column("consent_id", sa.Text(), nullable=False),
        sa.Column("version", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("person_key", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("narrowing", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("consent_id", "version", name="pk_consents"),
    )
    op.create_index("ix_consents_of_person", "consents", ["person_key"])


def _create_keys_and_counters() -> None:
    op.create_table(
        "data_keys",
        sa.Column("lane_id", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("kek_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("lane_id", name="pk_data_keys"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sequences",
        sa.Column("lane_id", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("lane_id", "unit_id", name="pk_sequences"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "delivery_counts",
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("deliveries", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("state", name="pk_delivery_counts"),
        sqlite_with_rowid=False,
    )


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("position", POSITION, autoincrement=False, nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text()),
        sa.Column("type", sa.Text()),
        sa.Column("message_id", sa.Text()),
        sa.Column("case_id", sa.Text()),
        sa.Column("code", sa.Text()),
        sa.PrimaryKeyConstraint("position", name="pk_audit"),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    for column in ("unit", "type", "message_id", "case_id", "code"):
        _create_partial_index(f"ix_audit_{column}", "audit", [column, "position"], f"{column} IS NOT NULL")
