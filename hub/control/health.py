"""The hub's state in numbers, and what is overdue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.control import connections
from hub.service import Hub
from hub.store.parties import PartyKey
from hub.store.records import CheckpointKind

_MOST_CASES = 300
ENDS_SOON = timedelta(days=30)
MOST_WAITING = 100


@dataclass(frozen=True, slots=True)
class Health:
    """As it is now."""

    copies: Mapping[str, int]
    oldest_unpublished: timedelta | None
    dead_letters: int
    log_size: int
    checkpoint_at: datetime | None
    checkpoint_size: int
    webhooks: Mapping[str, int]


def look(hub: Hub) -> Health:
    reader, now = hub.reader, hub.clock.now()
    oldest = reader.oldest_unpublished_at()
    signed = reader.find_checkpoint(CheckpointKind.SIGNED)
    return Health(
        copies=reader.count_by_state(),
        oldest_unpublished=None if oldest is None else now - oldest,
        dead_letters=reader.count_dead_letters(),
        log_size=reader.audit_size(),
        checkpoint_at=signed.at if signed is not None else None,
        checkpoint_size=signed.size if signed is not None else 0,
        webhooks=_count_webhooks(hub, now),
    )


def _count_webhooks(hub: Hub, now: datetime) -> Mapping[str, int]:
    """By state: `active`, `failing` (resting between attempts), `ended`."""
    units = [unit.unit_id for unit in hub.directory.list_units()]
    found = hub.reader.find_webhooks(units).values()
    return Counter(map(connections.state_of, found))


def list_ending_keys(hub: Hub) -> list[PartyKey]:
    """Keys and certificates of units that count now and will not in thirty days, the soonest first."""
    now = hub.clock.now()
    found = [
        (key.ends_at, key)
        for key in hub.reader.list_party_keys()
        if key.ends_at is not None and key.counts_at(now) and key.ends_at <= now + ENDS_SOON
    ]
    return [key for _, key in sorted(found, key=lambda row: row[0])]


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for one unit to take it over; `waiting` counts up to `MOST_WAITING`, which stands for many."""

    unit_id: str
    waiting: int
    oldest_at: datetime


def list_queues(hub: Hub) -> list[Queue]:
    """Of every unit for which something waits, the longest waiting first."""
    now = hub.clock.now()
    inboxes = [
        (unit.unit_id, hub.reader.list_inbox(unit.unit_id, limit=MOST_WAITING, at=now))
        for unit in hub.directory.list_units()
    ]
    found = [Queue(unit_id, len(claims), claims[0].recorded_at) for unit_id, claims in inboxes if claims]
    return sorted(found, key=lambda queue: queue.oldest_at)


@dataclass(frozen=True, slots=True)
class Overdue:
    """Deadlines that have passed, by responsible unit and kind. `is_all` is False when there were more cases."""

    rows: Mapping[tuple[str, str], int]
    is_all: bool


def list_overdue(hub: Hub) -> Overdue:
    """Asks the memory of the cases that are due; who the persons are is nowhere."""
    now = hub.clock.now()
    ids = hub.reader.list_due_cases(now + timedelta(days=365), limit=_MOST_CASES)
    ledger = hub.look(now)
    ledger.prepare_cases(ids)
    found: Counter[tuple[str, str]] = Counter()
    for case in filter(None, map(ledger.find_case, ids)):
        for deadline in case.memory.deadlines:
            if deadline.due_at <= now:
                rule = hub.rulebook.deadlines.rows.get(deadline.code)
                told = {"stadsdel": case.responsible_stadsdel, "team": case.team}
                unit = told.get(rule.told if rule else "", case.responsible_jobbtorg)
                found[unit or "", deadline.code] += 1
    return Overdue(dict(found), len(ids) < _MOST_CASES)
