"""Statements around what recipients do not take: copies that wait, and dead letters."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, bindparam, delete, func, insert, literal_column, select

from hub.store import rows, tables
from hub.store.among import among
from hub.store.asking import Asking
from hub.store.dead_letters import DeadLetter, DeadLetterQuery, DeadLetterView, DeathReason

_deliveries, _messages, _dead = tables.deliveries, tables.messages, tables.dead_letters
_positions: Final = select(_deliveries.c.position).where(among(_deliveries.c.delivery_id))

UNREAD_DUE: Final = (
    select(_deliveries.c.delivery_id)
    .where(tables.IS_WAITING, _deliveries.c.next_at <= bindparam("at"))
    .order_by(_deliveries.c.next_at)
    .limit(bindparam("limit"))
)

BURY: Final = insert(_dead).from_select(
    ["position", "reason", "attempts", "died_at"],
    select(
        _deliveries.c.position,
        bindparam("reason", type_=_dead.c.reason.type),
        bindparam("attempts", type_=_dead.c.attempts.type),
        bindparam("died_at", type_=_dead.c.died_at.type),
    ).where(_deliveries.c.delivery_id == bindparam("buried_id")),
)
UNBURY: Final = delete(_dead).where(_dead.c.position.in_(_positions))

# Counted no further: whoever has so many needs no exact number, and counting stays cheap.
MOST_COUNTED: Final = 10_000
_SOME: Final = select(literal_column("1")).select_from(_dead).limit(MOST_COUNTED).subquery()
COUNT_DEAD: Final = select(func.count()).select_from(_SOME)

_LETTER: Final = (
    _deliveries.c.delivery_id,
    _dead.c.reason,
    _dead.c.attempts,
    _dead.c.died_at,
    _dead.c.position,
    _deliveries.c.unit_id,
    _deliveries.c.sequence,
    _messages.c.message_id,
    _messages.c.type,
    _messages.c.sender,
    _deliveries.c.recorded_at,
)


def dead_letters(query: DeadLetterQuery) -> Select[Any]:
    """In the order in which they came in. Only what narrows becomes part of the statement."""
    statement = select(*_LETTER).select_from(
        _dead.join(_deliveries, _deliveries.c.position == _dead.c.position).join(
            _messages, _messages.c.position == _deliveries.c.message_position
        )
    )
    if query.unit_id is not None:
        statement = statement.where(_deliveries.c.unit_id == query.unit_id)
    if query.reason is not None:
        statement = statement.where(_dead.c.reason == query.reason.value)
    if query.type is not None:
        statement = statement.where(_messages.c.type == query.type)
    if query.delivery_ids is not None:
        statement = statement.where(among(_deliveries.c.delivery_id))
    return statement.where(_dead.c.position > query.after).order_by(_dead.c.position).limit(query.limit)


def cells_to_view(cells: rows.Cells) -> DeadLetterView:
    delivery_id, reason, attempts, died_at, position, unit_id, sequence, message_id, type_, sender, recorded_at = cells
    letter = DeadLetter(delivery_id, DeathReason(reason), attempts, rows.cell_to_instant(died_at))
    return DeadLetterView(
        letter, position, unit_id, sequence, message_id, type_, sender, rows.cell_to_instant(recorded_at)
    )


def letter_to_values(letter: DeadLetter) -> rows.Values:
    return {
        "buried_id": letter.delivery_id,
        "reason": letter.reason.value,
        "attempts": letter.attempts,
        "died_at": rows.instant_to_cell(letter.died_at),
    }


class ReceivingReading(Asking):
    """The part of a reader that answers for what recipients did not take."""

    def list_unread_due(self, at: datetime, *, limit: int) -> list[str]:
        found = self._rows(UNREAD_DUE, {"at": rows.instant_to_cell(at), "limit": limit})
        return [delivery_id for (delivery_id,) in found]

    def list_dead_letters(self, query: DeadLetterQuery) -> list[DeadLetterView]:
        keys = None if query.delivery_ids is None else {"keys": list(query.delivery_ids)}
        return [cells_to_view(cells) for cells in self._rows(dead_letters(query), keys)]

    def count_dead_letters(self) -> int:
        [(count,)] = self._rows(COUNT_DEAD)
        return int(count)
