"""Checks of orders with providers and of their reports. A provider never decides anything."""

from __future__ import annotations

from datetime import date

from routing.case import Order
from routing.preconditions.asking import Asked
from routing.refusals import Refusal, RefusalCode


def order_is_new(asked: Asked) -> Refusal | None:
    if asked.content["order_id"] not in asked.memory.orders:
        return None
    return asked.refuse("order", RefusalCode.STATE_CONFLICT, "/data/content/order_id")


def order_is_active(asked: Asked) -> Refusal | None:
    """Only from the provider that has the order. An order of somebody else is answered like none."""
    if _find_order(asked) is not None:
        return None
    return asked.refuse("order", RefusalCode.STATE_CONFLICT, "/data/content/order_id")


def attendance_within_order(asked: Asked) -> Refusal | None:
    order = _find_order(asked)
    rows = [] if order is None else list(asked.content.get("attendance", ()))
    seen: set[tuple[str, str]] = set()
    wrong = []
    for index, row in enumerate(rows):
        key = (row.get("activity_id", ""), row["date"])
        if key in seen or order is None or not _fits(order, date.fromisoformat(row["date"]), asked.situation.today):
            wrong.append(f"/data/content/attendance/{index}/date")
        seen.add(key)
    return asked.refuse("attendance", RefusalCode.SCHEMA_INVALID, *wrong) if wrong else None


def _find_order(asked: Asked) -> Order | None:
    order = asked.memory.orders.get(asked.content["order_id"])
    return order if order is not None and order.provider == asked.message.sender else None


def _fits(order: Order, day: date, today: date) -> bool:
    return order.start <= day <= min(order.planned_end, today)
