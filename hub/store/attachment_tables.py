"""The tables of files that go with messages."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text

from hub.store.metadata import metadata

# `lane_id` names the data key that sealed the file's own key: whoever destroys that destroys the file.
attachments = Table(
    "attachments",
    metadata,
    Column("attachment_id", Text, primary_key=True),
    Column("unit_id", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("lane_id", Text, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger),
    Column("source", Text),
    Column("message_id", Text),
    Column("code", Text),
    Index("ix_attachments_of_lane", "lane_id"),
    Index("ix_attachments_of_message", "message_id"),
    sqlite_with_rowid=False,
)
IS_OPEN: Final = attachments.c.ends_at.is_not(None)
Index("ix_attachments_ending", attachments.c.ends_at, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN)
Index("ix_attachments_of_unit", attachments.c.unit_id, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN)

# Sealed, each a blob of half a mebibyte at most: no file is ever whole in memory.
attachment_parts = Table(
    "attachment_parts",
    metadata,
    Column("attachment_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("attachment_id", "number"),
)
