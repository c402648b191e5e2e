"""Who publishes what: claim checks waiting in the outbox are leased, and a lease ends by itself.

A lane (one case, one unit) has one lease at a time: as long as somebody holds a claim check of it, nobody publishes a
later one, so that a unit is told in the order of the case.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, exists, or_, select, update

from hub.store import records, rows, tables
from hub.store.among import among

_outbox, _deliveries, _messages = tables.outbox, tables.deliveries, tables.messages
_held, _held_deliveries = _outbox.alias("held"), _deliveries.alias("held_deliveries")
_at = bindparam("at", type_=_outbox.c.lease_until.type)
_latest = bindparam("latest", type_=_outbox.c.lease_until.type)

_is_free = or_(_outbox.c.lease_until.is_(None), _outbox.c.lease_until <= _at, _outbox.c.lease_until > _latest)
_is_lane_held = exists(
    select(_held.c.position)
    .join(_held_deliveries, _held_deliveries.c.position == _held.c.position)
    .where(_held.c.published_at.is_(None), _held.c.lease_until.is_not(None), _held.c.lease_until > _at)
    .where(_held.c.lease_until <= _latest)
    .where(_held_deliveries.c.lane_id == _deliveries.c.lane_id, _held_deliveries.c.unit_id == _deliveries.c.unit_id)
)
_due = (
    select(_outbox.c.position)
    .join(_deliveries, _deliveries.c.position == _outbox.c.position)
    .where(_outbox.c.published_at.is_(None), _is_free)
    .where(~_is_lane_held)
    .order_by(_outbox.c.position)
    .limit(bindparam("limit"))
)
_LEASE: Final = (
    update(_outbox)
    .where(_outbox.c.position.in_(_due.correlate(None)))
    .values(leased_by=bindparam("holder"), lease_until=bindparam("until"))
)
_LEASED: Final = (
    select(*rows.CLAIM)
    .select_from(
        _outbox.join(_deliveries, _deliveries.c.position == _outbox.c.position).join(
            _messages, _messages.c.position == _deliveries.c.message_position
        )
    )
    .where(_outbox.c.published_at.is_(None))
    .where(_outbox.c.leased_by == bindparam("holder"), _outbox.c.lease_until == bindparam("until"))
    .order_by(_outbox.c.position)
)
_TAKE_BACK: Final = (
    update(_outbox)
    .where(_outbox.c.published_at <= bindparam("before", type_=_outbox.c.published_at.type))
    .where(_outbox.c.position.in_(select(_deliveries.c.position).where(among(_deliveries.c.unit_id))))
    .values(published_at=None, lease_until=None, leased_by=None)
)

Execute = Callable[[Any, Any], Any]

# A lease that ends later than this after one given now was given by a clock that was ahead: it is over.
SKEW: Final = timedelta(seconds=60)


def lease(execute: Execute, holder: str, at: datetime, until: datetime, limit: int) -> Sequence[records.ClaimCheck]:
    """Inside the caller's transaction."""
    values = {"holder": holder, "until": rows.instant_to_cell(until)}
    bounds = {"at": rows.instant_to_cell(at), "latest": rows.instant_to_cell(until + SKEW), "limit": limit}
    if not execute(_LEASE, values | bounds).rowcount:
        return []
    return [rows.cells_to_claim(cells) for cells in execute(_LEASED, values).all()]


def take_back(execute: Execute, unit_ids: Collection[str], before: datetime) -> int:
    """Inside the caller's transaction."""
    values = {"keys": unit_ids, "before": rows.instant_to_cell(before)}
    return int(execute(_TAKE_BACK, values).rowcount) if unit_ids else 0
