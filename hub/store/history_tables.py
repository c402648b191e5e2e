"""Readings of the hub, minute by minute, and every rulebook and directory that was in force."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Integer, LargeBinary, Table, Text

from hub.store.metadata import metadata

# By time first: both what is shown and what is forgotten is a stretch of time.
samples = Table(
    "samples",
    metadata,
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("process", Text, primary_key=True),
    Column("unread", Integer, nullable=False),
    Column("outbox_seconds", Double, nullable=False),
    Column("dead_letters", Integer, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("p50_seconds", Double, nullable=False),
    Column("p95_seconds", Double, nullable=False),
    sqlite_with_rowid=False,
)

# Kept for good: every decision in the log names its rulebook by digest. Packed: most of it are comments for people.
rulebooks = Table(
    "rulebooks",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("files", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# Kept for good: what was decided in the past was decided about the units of then.
directories = Table(
    "directories",
    metadata,
    Column("since", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False),
    Column("files", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
