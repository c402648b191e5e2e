"""Credentials of agencies, and ids that may be used once: rows to records and back, and the questions about them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import orjson
from sqlalchemy import bindparam, delete, insert, select

from hub.store import parties, party_tables, rows
from hub.store.among import among
from hub.store.asking import Asking

KEY: Final = tuple(party_tables.party_keys.c)
KEYS_OF: Final = (
    select(*KEY).where(among(party_tables.party_keys.c.unit_id)).order_by(party_tables.party_keys.c.begins_at)
)
ALL_KEYS: Final = select(*KEY).order_by(party_tables.party_keys.c.unit_id, party_tables.party_keys.c.begins_at)
USED_IDS: Final = select(party_tables.used_ids.c.used_id).where(among(party_tables.used_ids.c.used_id))

ADD_USED_IDS: Final = insert(party_tables.used_ids)
FORGET_USED_IDS: Final = delete(party_tables.used_ids).where(party_tables.used_ids.c.ends_at <= bindparam("at"))


def key_to_values(key: parties.PartyKey) -> rows.Values:
    return {
        "unit_id": key.unit_id,
        "key_id": key.key_id,
        "kind": key.kind.value,
        "name": key.name,
        "jwk": None if key.jwk is None else orjson.dumps(dict(key.jwk)).decode(),
        "begins_at": rows.instant_to_cell(key.begins_at),
        "ends_at": None if key.ends_at is None else rows.instant_to_cell(key.ends_at),
    }


def cells_to_key(cells: rows.Cells) -> parties.PartyKey:
    unit_id, key_id, kind, name, jwk, begins_at, ends_at = cells
    return parties.PartyKey(
        unit_id,
        key_id,
        parties.KeyKind(kind),
        name,
        None if jwk is None else orjson.loads(jwk),
        rows.cell_to_instant(begins_at),
        None if ends_at is None else rows.cell_to_instant(ends_at),
    )


class PartyReading(Asking):
    """The part of a reader that answers for agencies' credentials."""

    def list_party_keys(self, unit_ids: Collection[str] | None = None) -> list[parties.PartyKey]:
        found = self._rows(ALL_KEYS) if unit_ids is None else self._among(KEYS_OF, unit_ids)
        return [cells_to_key(cells) for cells in found]

    def find_used_ids(self, used_ids: Collection[str]) -> set[str]:
        return {used_id for (used_id,) in self._among(USED_IDS, used_ids)}
