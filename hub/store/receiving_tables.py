"""The tables around what recipients do not take: dead letters, endpoints, claim checks on their way to them.

In the words and by the rules of `tables.py`, of which they are a part.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from hub.store.metadata import POSITION, metadata

# Deliveries that were given up, until somebody decides about them.
dead_letters = Table(
    "dead_letters",
    metadata,
    Column("position", POSITION, ForeignKey("deliveries.position"), primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("died_at", BigInteger, nullable=False),
)

# Where a unit wants its claim checks pushed to. `sealed`: its signing secrets.
webhooks = Table(
    "webhooks",
    metadata,
    Column("unit_id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("ended_by", Text),
    Column("failures", Integer, nullable=False),
    Column("failing_since", BigInteger),
    Column("rests_until", BigInteger),
    sqlite_with_rowid=False,
)

# One row per claim check that an endpoint has not taken yet.
pushes = Table(
    "pushes",
    metadata,
    Column("position", POSITION, ForeignKey("deliveries.position"), primary_key=True, autoincrement=False),
    Column("unit_id", Text, nullable=False),
    Column("lane_id", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("leased_until", BigInteger),
    Index("ix_pushes_due", "unit_id", "next_at", "position"),
    Index("ix_pushes_of_lane", "lane_id", "unit_id", "position"),
    Index("ix_pushes_created", "created_at"),
)
