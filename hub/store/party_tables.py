"""The tables of agencies' credentials, of what counts once, and of what senders have signed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, PrimaryKeyConstraint, Table, Text

from hub.store.metadata import metadata

# Signed requests (RFC 9421) as their senders' evidence, sealed.
evidence = Table(
    "evidence",
    metadata,
    Column("source", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("lane_id", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("message_id", "source"),
    Index("ix_evidence_of_lane", "lane_id"),
)

# Public keys and certificates by which a unit proves that it is the one (RFC 7523, RFC 8705).
party_keys = Table(
    "party_keys",
    metadata,
    Column("unit_id", Text, primary_key=True),
    Column("key_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text),
    Column("jwk", Text),
    Column("begins_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger),
    sqlite_with_rowid=False,
)

# Digests of what may be used once (RFC 7523 `jti`, RFC 9449 `jti`, RFC 9421 `nonce`), until it would be refused as old.
used_ids = Table(
    "used_ids",
    metadata,
    Column("used_id", Text, primary_key=True),
    Column("ends_at", BigInteger, nullable=False),
    Index("ix_used_ids_ending", "ends_at"),
    sqlite_with_rowid=False,
)
