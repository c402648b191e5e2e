"""What all tables share: the one collection that they belong to, and how a position is counted."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Integer, MetaData

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

# SQLite counts by itself only in a column that is called INTEGER.
POSITION: Final = BigInteger().with_variant(Integer(), "sqlite")
