"""Entries of the log, as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from hub.cli import lookups, terminal

if TYPE_CHECKING:
    from hub.store.records import AuditRow

TITLES: Final = ("index", "time", "action", "actor", "unit", "type", "code", "case", "message")
_BAD_NEWS: Final = ("_refused", "_withheld")


def columns(row: AuditRow) -> dict[str, str | int | None]:
    """What the store's index tells of an entry. The entry itself has more, and no case."""
    return {
        "index": row.index,
        "time": lookups.show_instant(row.at),
        "action": row.action,
        "actor": row.actor,
        "unit": row.unit,
        "type": row.type,
        "code": row.code,
        "case": row.case_id,
        "message": row.message_id,
    }


def document(row: AuditRow) -> dict[str, Any]:
    """The whole entry with its leaf, which is SHA-256 over a zero byte and the entry's canonical form."""
    return {**columns(row), "entry": read(row), "leaf": row.leaf.hex()}


def read(row: AuditRow) -> dict[str, Any]:
    """What the leaf commits to."""
    import orjson

    entry: dict[str, Any] = orjson.loads(row.entry)
    return entry


def show(rows: Sequence[AuditRow]) -> None:
    """Piped, a table with a line per entry; at a terminal, where that is too wide, its ids in a second line."""
    told = [{name: "" if value is None else str(value) for name, value in columns(row).items()} for row in rows]
    if not terminal.is_terminal():
        terminal.show_table(TITLES, [[one[name] for name in TITLES] for one in told])
        return
    for one in told:
        is_bad = one["action"].endswith(_BAD_NEWS)
        who = one["actor"] if one["unit"] in ("", one["actor"]) else f"{one['actor']} about {one['unit']}"
        first = (one["index"].rjust(6), one["time"], one["action"], who, one["type"], one["code"])
        terminal.say("  ".join(word for word in first if word), "red" if is_bad else "green")
        ids = [f"{name} {one[name]}" for name in ("message", "case") if one[name]]
        if ids:
            terminal.say(" " * 8 + "  ".join(ids), "dim")
