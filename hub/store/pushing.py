"""Statements around webhooks. Within one case and unit only the oldest claim check is due: they arrive in order."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from hub.store import rows, tables
from hub.store.among import among
from hub.store.asking import Asking
from hub.store.webhooks import DuePush, Push, Webhook

_pushes, _webhooks = tables.pushes, tables.webhooks
_deliveries, _messages = tables.deliveries, tables.messages
_COLUMNS: Final = ["position", "unit_id", "lane_id", "attempts", "created_at", "next_at"]


def _fresh() -> Select[Any]:
    now = bindparam("now", type_=_pushes.c.next_at.type)
    zero: ColumnElement[int] = literal_column("0")
    place = (_deliveries.c.position, _deliveries.c.unit_id, _deliveries.c.lane_id)
    return select(*place, zero, now, now).where(_deliveries.c.sequence.is_not(None))


ADD_PUSHES: Final = insert(_pushes).from_select(
    _COLUMNS,
    _fresh()
    # Answered once for the whole group: where nobody has an endpoint, no delivery is looked up.
    .where(exists(select(_webhooks.c.unit_id).where(_webhooks.c.is_active)))
    .where(among(_deliveries.c.delivery_id))
    .where(exists().where(_webhooks.c.unit_id == _deliveries.c.unit_id, _webhooks.c.is_active)),
)
PUSH_ALL: Final = insert(_pushes).from_select(
    _COLUMNS,
    _fresh()
    .where(
        _deliveries.c.unit_id == bindparam("unit_id"), tables.IS_OPEN, _deliveries.c.state != literal_column("'read'")
    )
    .where(~exists().where(_pushes.c.position == _deliveries.c.position)),
)
CHANGE_PUSH: Final = (
    update(_pushes)
    .where(
        _pushes.c.position
        == select(_deliveries.c.position).where(_deliveries.c.delivery_id == bindparam("changed_id")).scalar_subquery()
    )
    .values(attempts=bindparam("attempts_"), next_at=bindparam("next_at_"), leased_until=bindparam("leased_until_"))
)
_positions: Final = select(_deliveries.c.position).where(among(_deliveries.c.delivery_id))
FINISH_PUSHES: Final = delete(_pushes).where(_pushes.c.position.in_(_positions))
DROP_PUSHES: Final = delete(_pushes).where(among(_pushes.c.unit_id))
DROP_WEBHOOKS: Final = delete(_webhooks).where(among(_webhooks.c.unit_id))

WEBHOOKS: Final = select(*_webhooks.c).where(among(_webhooks.c.unit_id))
ACTIVE_UNITS: Final = select(_webhooks.c.unit_id).where(_webhooks.c.is_active)

_at = bindparam("at", type_=_pushes.c.next_at.type)
_is_due = (_pushes.c.next_at <= _at) & or_(_pushes.c.leased_until.is_(None), _pushes.c.leased_until <= _at)
DUE_WEBHOOKS: Final = (
    select(*_webhooks.c)
    .where(_webhooks.c.is_active, or_(_webhooks.c.rests_until.is_(None), _webhooks.c.rests_until <= _at))
    .where(exists().where(_pushes.c.unit_id == _webhooks.c.unit_id, _is_due))
    .order_by(_webhooks.c.unit_id)
)
_earlier = _pushes.alias("earlier")
_is_first_of_its_lane = ~exists().where(
    _earlier.c.lane_id == _pushes.c.lane_id,
    _earlier.c.unit_id == _pushes.c.unit_id,
    _earlier.c.position < _pushes.c.position,
)
_PUSH: Final = (
    _deliveries.c.delivery_id,
    _pushes.c.unit_id,
    _pushes.c.attempts,
    _pushes.c.created_at,
    _pushes.c.next_at,
    _pushes.c.leased_until,
)
_with_delivery = _pushes.join(_deliveries, _deliveries.c.position == _pushes.c.position)
DUE_PUSHES: Final = (
    select(*_PUSH, *rows.CLAIM)
    .select_from(_with_delivery.join(_messages, _messages.c.position == _deliveries.c.message_position))
    .where(_pushes.c.unit_id == bindparam("unit_id"), _is_due, _is_first_of_its_lane)
    .order_by(_pushes.c.next_at, _pushes.c.position)
    .limit(bindparam("limit"))
)
PUSHES: Final = select(*_PUSH).select_from(_with_delivery).where(among(_deliveries.c.delivery_id))
EXHAUSTED: Final = (
    select(_deliveries.c.delivery_id)
    .select_from(_with_delivery.join(_webhooks, _webhooks.c.unit_id == _pushes.c.unit_id))
    .where(_pushes.c.created_at <= bindparam("before"), _webhooks.c.failures > literal_column("0"))
    .order_by(_pushes.c.created_at)
    .limit(bindparam("limit"))
)
OLDEST_PUSH: Final = select(func.min(_pushes.c.created_at))


def webhook_to_values(webhook: Webhook) -> rows.Values:
    return {
        "unit_id": webhook.unit_id,
        "url": webhook.url,
        "sealed": webhook.sealed,
        "changed_at": rows.instant_to_cell(webhook.changed_at),
        "is_active": webhook.is_active,
        "ended_by": webhook.ended_by,
        "failures": webhook.failures,
        "failing_since": _optional_cell(webhook.failing_since),
        "rests_until": _optional_cell(webhook.rests_until),
    }


def push_to_values(push: Push) -> rows.Values:
    return {
        "changed_id": push.delivery_id,
        "attempts_": push.attempts,
        "next_at_": rows.instant_to_cell(push.next_at),
        "leased_until_": _optional_cell(push.leased_until),
    }


def _cells_to_webhook(cells: rows.Cells) -> Webhook:
    unit_id, url, sealed, changed_at, is_active, ended_by, failures, failing_since, rests_until = cells
    return Webhook(
        unit_id=unit_id,
        url=url,
        sealed=sealed,
        changed_at=rows.cell_to_instant(changed_at),
        is_active=is_active,
        ended_by=ended_by,
        failures=failures,
        failing_since=_optional_instant(failing_since),
        rests_until=_optional_instant(rests_until),
    )


def _cells_to_push(cells: rows.Cells) -> Push:
    delivery_id, unit_id, attempts, created_at, next_at, leased_until = cells
    return Push(
        delivery_id=delivery_id,
        unit_id=unit_id,
        attempts=attempts,
        created_at=rows.cell_to_instant(created_at),
        next_at=rows.cell_to_instant(next_at),
        leased_until=_optional_instant(leased_until),
    )


def _optional_cell(at: datetime | None) -> int | None:
    return None if at is None else rows.instant_to_cell(at)


def _optional_instant(cell: int | None) -> datetime | None:
    return None if cell is None else rows.cell_to_instant(cell)


class PushReading(Asking):
    """The part of a reader that answers for webhooks."""

    def find_webhooks(self, unit_ids: Collection[str]) -> dict[str, Webhook]:
        found = map(_cells_to_webhook, self._among(WEBHOOKS, unit_ids))
        return {webhook.unit_id: webhook for webhook in found}

    def list_webhook_units(self) -> frozenset[str]:
        return frozenset(unit_id for (unit_id,) in self._rows(ACTIVE_UNITS))

    def list_due_webhooks(self, at: datetime) -> list[Webhook]:
        return [_cells_to_webhook(cells) for cells in self._rows(DUE_WEBHOOKS, {"at": rows.instant_to_cell(at)})]

    def list_due_pushes(self, unit_id: str, at: datetime, *, limit: int) -> list[DuePush]:
        values = {"unit_id": unit_id, "at": rows.instant_to_cell(at), "limit": limit}
        width = len(_PUSH)
        return [
            DuePush(_cells_to_push(cells[:width]), rows.cells_to_claim(cells[width:]))
            for cells in self._rows(DUE_PUSHES, values)
        ]

    def find_pushes(self, delivery_ids: Collection[str]) -> dict[str, Push]:
        found = map(_cells_to_push, self._among(PUSHES, delivery_ids))
        return {push.delivery_id: push for push in found}

    def list_exhausted_pushes(self, before: datetime, *, limit: int) -> list[str]:
        found = self._rows(EXHAUSTED, {"before": rows.instant_to_cell(before), "limit": limit})
        return [delivery_id for (delivery_id,) in found]

    def oldest_push_at(self) -> datetime | None:
        [(oldest,)] = self._rows(OLDEST_PUSH)
        return _optional_instant(oldest)
