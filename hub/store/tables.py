"""The tables, in words that SQLite and PostgreSQL both understand.

Instants are whole microseconds since 1970 in UTC (`*_at`), structures are JSON text: both cost least to write
and stay legible in a database shell. Every look-up of the hub has its index here, so that no cost grows with
the number of messages stored; `tests/integration/store` asks the planner. No column has personal data in clear, but
for the names of staff.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    and_,
    literal_column,
)

from hub.store.attachment_tables import attachment_parts as attachment_parts
from hub.store.attachment_tables import attachments as attachments
from hub.store.history_tables import directories as directories
from hub.store.history_tables import rulebooks as rulebooks
from hub.store.history_tables import samples as samples
from hub.store.metadata import POSITION
from hub.store.metadata import metadata as metadata
from hub.store.party_tables import evidence as evidence
from hub.store.party_tables import party_keys as party_keys
from hub.store.party_tables import used_ids as used_ids
from hub.store.receiving_tables import dead_letters as dead_letters
from hub.store.receiving_tables import pushes as pushes
from hub.store.receiving_tables import webhooks as webhooks

# `position` is the order of acceptance and never given twice. The message id stands first in the unique key:
# it is almost unique alone, so a look-up by id finds the row. `sealed` is last: rows are read without it.
messages = Table(
    "messages",
    metadata,
    Column("position", POSITION, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("lane_id", Text, nullable=False),
    Column("case_id", Text),
    Column("type", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("envelope", Text, nullable=False),
    Column("receipt", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    # When the body went by schedule (gallring). A shredded one went with its key.
    Column("erased_at", BigInteger),
    UniqueConstraint("message_id", "source"),
    Index("ix_messages_sent", "sender", "recorded_at"),
    Index("ix_messages_sent_by_type", "sender", "type", "recorded_at"),
    Index("ix_messages_of_case", "case_id"),
    sqlite_autoincrement=True,
)
IS_CASELESS: Final = messages.c.case_id.is_(None)
Index("ix_messages_of_lane", messages.c.lane_id, sqlite_where=IS_CASELESS, postgresql_where=IS_CASELESS)

deliveries = Table(
    "deliveries",
    metadata,
    Column("position", POSITION, primary_key=True, autoincrement=True),
    Column("delivery_id", Text, nullable=False),
    Column("message_position", POSITION, ForeignKey("messages.position"), nullable=False),
    Column("lane_id", Text, nullable=False),
    Column("unit_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sequence", Integer),
    Column("state", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("code", Text),
    Column("rule", Text, nullable=False),
    Column("basis", Text),
    Column("withheld", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("acked_at", BigInteger),
    Column("handled_at", BigInteger),
    Column("outcome", Text),
    Column("note", LargeBinary),
    # When somebody looks after a copy that nobody has opened.
    Column("next_at", BigInteger),
    UniqueConstraint("delivery_id"),
    # Also the guard that a lane's sequence never repeats for a unit; refused copies have none.
    UniqueConstraint("lane_id", "unit_id", "sequence"),
    Index("ix_deliveries_of_message", "message_position"),
    Index("ix_deliveries_by_state", "unit_id", "state", "position"),
    sqlite_autoincrement=True,
)

# Written out, not as parameters: a planner takes a partial index only where it sees the index's own words.
IS_OPEN: Final = and_(
    deliveries.c.acked_at.is_(None),
    deliveries.c.state.in_([literal_column(f"'{state}'") for state in ("pending", "notified", "read")]),
)
Index(
    "ix_deliveries_open",
    deliveries.c.unit_id,
    deliveries.c.position,
    sqlite_where=IS_OPEN,
    postgresql_where=IS_OPEN,
)

IS_WAITING: Final = and_(
    deliveries.c.acked_at.is_(None),
    deliveries.c.state.in_([literal_column(f"'{state}'") for state in ("pending", "notified")]),
    deliveries.c.next_at.is_not(None),
)
Index("ix_deliveries_waiting", deliveries.c.next_at, sqlite_where=IS_WAITING, postgresql_where=IS_WAITING)

# One row per delivery on its way, until the recipient's acknowledgement takes it away.
outbox = Table(
    "outbox",
    metadata,
    Column("position", POSITION, ForeignKey("deliveries.position"), primary_key=True, autoincrement=False),
    Column("published_at", BigInteger),
    # Which process is about to publish it, and until when that counts.
    Column("leased_by", Text),
    Column("lease_until", BigInteger),
)
Index(
    "ix_outbox_unpublished",
    outbox.c.position,
    sqlite_where=outbox.c.published_at.is_(None),
    postgresql_where=outbox.c.published_at.is_(None),
)
_IS_LEASED = and_(outbox.c.published_at.is_(None), outbox.c.lease_until.is_not(None))
Index("ix_outbox_leased", outbox.c.lease_until, sqlite_where=_IS_LEASED, postgresql_where=_IS_LEASED)

# How many deliveries are in each state, kept in step by the groups: counting millions takes too long.
delivery_counts = Table(
    "delivery_counts",
    metadata,
    Column("state", Text, primary_key=True),
    Column("deliveries", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

cases = Table(
    "cases",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("person_key", Text),
    Column("state", Text),
    Column("finsam_state", Text),
    Column("opened_at", BigInteger, nullable=False),
    Column("parties", Text, nullable=False),
    Column("responsible_stadsdel", Text),
    Column("responsible_jobbtorg", Text),
    Column("team", Text),
    Column("plans", Text, nullable=False),
    Column("reporting_request", Text),
    Column("suspended", Boolean, nullable=False),
    Column("closed_at", BigInteger),
    Column("next_at", BigInteger),
    # Sealed: what earlier messages said, as far as later ones are checked against it.
    Column("memory", LargeBinary),
    Index("ix_cases_of_person", "person_key"),
    sqlite_with_rowid=False,
)

Index(
    "ix_cases_due",
    cases.c.next_at,
    sqlite_where=cases.c.next_at.is_not(None),
    postgresql_where=cases.c.next_at.is_not(None),
)

sequences = Table(
    "sequences",
    metadata,
    Column("lane_id", Text, primary_key=True),
    Column("unit_id", Text, primary_key=True),
    Column("last", Integer, nullable=False),
    sqlite_with_rowid=False,
)

consents = Table(
    "consents",
    metadata,
    Column("consent_id", Text, primary_key=True),
    Column("version", SmallInteger, primary_key=True, autoincrement=False),
    Column("person_key", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("valid_to", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("narrowing", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    # Its end has been announced so many days before.
    Column("told_days", SmallInteger),
    # Withdrawn, void or lapsed before its last day.
    Column("ended_at", BigInteger),
    Index("ix_consents_of_person", "person_key"),
)
IS_ACTIVE = consents.c.status == literal_column("'active'")
Index("ix_consents_ending", consents.c.valid_to, sqlite_where=IS_ACTIVE, postgresql_where=IS_ACTIVE)

data_keys = Table(
    "data_keys",
    metadata,
    Column("lane_id", Text, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("kek_id", Text, nullable=False),
    sqlite_with_rowid=False,
)

# Those who sign in: keyed by who vouches for them and the name there (OpenID Connect Core 1.0, section 2).
staff = Table(
    "staff",
    metadata,
    Column("staff_id", Text, primary_key=True),
    Column("iss", Text, nullable=False),
    Column("sub", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("grants", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    UniqueConstraint("iss", "sub"),
    sqlite_with_rowid=False,
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_key", Text, primary_key=True),
    Column("staff_id", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("memory", Text, nullable=False),
    Column("used_at", BigInteger),
    Index("ix_sessions_of_staff", "staff_id"),
    Index("ix_sessions_ending", "ends_at"),
    sqlite_with_rowid=False,
)

# `lane_id` names the data key that sealed the draft: whoever erases a case erases what was begun in it.
drafts = Table(
    "drafts",
    metadata,
    Column("draft_id", Text, primary_key=True),
    Column("staff_id", Text, nullable=False),
    Column("lane_id", Text, nullable=False),
    Column("saved_at", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("ix_drafts_of_lane", "lane_id"),
    sqlite_with_rowid=False,
)

# How many copies went from whom to whom, per day (UTC). `unit` is empty where no recipient was known, `code` where
# nothing was refused. Units and types only: nothing here is ever erased.
flows = Table(
    "flows",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("sender", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("messages", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# What must not be erased for now: everything under one data key. `reference` is the reason's number in a diary.
holds = Table(
    "holds",
    metadata,
    Column("lane_id", Text, primary_key=True),
    Column("reference", Text, nullable=False),
    Column("placed_by", Text, nullable=False),
    Column("placed_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# One per destroyed data key: a commitment that only the key itself can open. A restored backup is held against it.
tombstones = Table(
    "tombstones",
    metadata,
    Column("tombstone", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# The protocol of gallring: one row per run. `kept_from`: no message before it has a body; the next run begins there.
retention_runs = Table(
    "retention_runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("began_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("rulebook", Text, nullable=False),
    Column("counts", Text, nullable=False),
    Column("kept_from", POSITION, nullable=False),
    Index("ix_retention_runs_began", "began_at"),
)

# `position` is the entry's index in the Merkle log, counted from 0 without gaps.
audit = Table(
    "audit",
    metadata,
    Column("position", POSITION, primary_key=True, autoincrement=False),
    Column("entry", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("unit", Text),
    Column("type", Text),
    Column("message_id", Text),
    Column("case_id", Text),
    Column("code", Text),
    Index("ix_audit_at", "at"),
)
for _column in (audit.c.unit, audit.c.type, audit.c.message_id, audit.c.case_id, audit.c.code):
    # Most entries lack most of these: an index of those that have one costs the others nothing.
    Index(
        f"ix_audit_{_column.name}",
        _column,
        audit.c.position,
        sqlite_where=_column.is_not(None),
        postgresql_where=_column.is_not(None),
    )

# The Merkle tree over the log. The lowest tiles are the leaves above; here are the nodes over 256, 65,536 ... entries.
log_nodes = Table(
    "log_nodes",
    metadata,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# At most one row of each kind: what was signed last, and what is served.
log_checkpoints = Table(
    "log_checkpoints",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# What two administrators have agreed on, and what waits for the second of them.
directory_sets = Table(
    "directory_sets",
    metadata,
    Column("standing", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    # Packed: most of it are comments for people.
    Column("files", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("proposed_by", Text),
    Column("approved_by", Text),
    sqlite_with_rowid=False,
)

# Entries about a person that no message and no case leads to: what was refused. Erased with the person's link.
person_entries = Table(
    "person_entries",
    metadata,
    Column("person_key", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
