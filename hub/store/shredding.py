"""Making one person's messages unreadable at once: their keys, their bodies, and what leads from a number to them.

Metadata stays, for the auditor: that something went from whom to whom, under ids that lead nowhere else.
Weakness: backups hold what they hold, and so does a server's own log; what was encrypted stays so, and its key was
wrapped by a key outside the database. The embedded store cuts its log of commits off right after, and on a server each
run of gallring writes the table of keys anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import BindParameter, bindparam, delete, update

from hub.store import attachment_rows, evidence, records, tables
from hub.store.among import among

_SEALED_NOTHING: Final = b""
_messages, _deliveries, _consents = tables.messages, tables.deliveries, tables.consents
_old: BindParameter[str] = bindparam("old")
_new: BindParameter[str] = bindparam("new")

_TAKE_KEYS: Final = delete(tables.data_keys).where(among(tables.data_keys.c.lane_id))
_EMPTY_BODIES: Final = update(_messages).where(among(_messages.c.lane_id)).values(sealed=_SEALED_NOTHING)
_EMPTY_NOTES: Final = update(_deliveries).where(among(_deliveries.c.lane_id)).values(note=None)
_CUT_LINKS: Final = tuple(
    update(table).where(table.c.lane_id == _old).values(lane_id=_new)
    for table in (_messages, _deliveries, tables.sequences, tables.holds, tables.pushes)
)
_DROP_DRAFTS: Final = delete(tables.drafts).where(among(tables.drafts.c.lane_id))
_EMPTY_CONSENTS: Final = (
    update(_consents)
    .where(_consents.c.person_key == _old)
    .values(person_key=_new, sealed=_SEALED_NOTHING, narrowing="{}", status="void")
)
_EMPTY_THESE_CONSENTS: Final = (
    update(_consents)
    .where(among(_consents.c.consent_id))
    .values(person_key=_new, sealed=_SEALED_NOTHING, narrowing="{}", status="void")
)


_CUT_ENTRIES: Final = delete(tables.person_entries).where(tables.person_entries.c.person_key == _old)


def shred(execute: Callable[[Any, Any], Any], what: records.Shred) -> None:
    """Carries it out inside the caller's transaction. Doing it twice changes nothing more."""
    keys = {"keys": list(what.lanes)}
    for statement in (
        attachment_rows.DROP_LANES,
        evidence.DROP_LANES,
        _TAKE_KEYS,
        _EMPTY_BODIES,
        _EMPTY_NOTES,
        _DROP_DRAFTS,
    ):
        execute(statement, keys)
    for old, new in what.lanes.items():
        if old != new:
            for statement in _CUT_LINKS:
                execute(statement, {"old": old, "new": new})
    if what.person_key is not None:
        execute(_EMPTY_CONSENTS, {"old": what.person_key, "new": what.replacement})
        execute(_CUT_ENTRIES, {"old": what.person_key})
    if what.consents:
        execute(_EMPTY_THESE_CONSENTS, {"keys": list(what.consents), "new": what.replacement})
