"""The questions, written once: an unchanged statement is compiled once and then found in SQLAlchemy's cache.

Every one of them stays on an index however large the store grows; see `tables.py`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, literal_column, or_, select

from hub.store import records, rows, tables
from hub.store.among import among

_messages = tables.messages
_deliveries = tables.deliveries
_cases = tables.cases
_consents = tables.consents
_audit = tables.audit


_with_message = _deliveries.join(_messages, _messages.c.position == _deliveries.c.message_position)

MESSAGES: Final = select(*rows.MESSAGE).where(among(_messages.c.message_id))

CASES: Final = select(*rows.STORED_CASE).where(among(_cases.c.case_id))

CASES_OF_PERSONS: Final = (
    select(*rows.CASE).where(among(_cases.c.person_key)).order_by(_cases.c.opened_at, _cases.c.case_id)
)

DUE_CASES: Final = (
    select(_cases.c.case_id)
    .where(_cases.c.next_at.is_not(None), _cases.c.next_at <= bindparam("at"))
    .order_by(_cases.c.next_at)
    .limit(bindparam("limit"))
)

EARLIER: Final = (
    select(
        _messages.c.source,
        _messages.c.message_id,
        _messages.c.type,
        _messages.c.sender,
        _messages.c.case_id,
        _deliveries.c.unit_id,
        _deliveries.c.kind,
    )
    .select_from(
        _messages.outerjoin(
            _deliveries,
            (_deliveries.c.message_position == _messages.c.position) & _deliveries.c.sequence.is_not(None),
        )
    )
    .where(among(_messages.c.message_id))
    .order_by(_messages.c.position, _deliveries.c.position)
)

_newer = _consents.alias("newer")
_is_newest = ~exists().where(_newer.c.consent_id == _consents.c.consent_id, _newer.c.version > _consents.c.version)
CONSENTS_OF_PERSONS: Final = select(*rows.CONSENT).where(among(_consents.c.person_key), _is_newest)
CONSENTS: Final = select(*rows.CONSENT).where(among(_consents.c.consent_id), _is_newest)
ENDING_CONSENTS: Final = (
    select(*rows.CONSENT)
    .where(tables.IS_ACTIVE, _consents.c.valid_to <= bindparam("until"), _is_newest)
    .where(_consents.c.told_days.is_(None) | (_consents.c.told_days > bindparam("told_days")))
    .order_by(_consents.c.valid_to)
    .limit(bindparam("limit"))
)

DATA_KEYS: Final = select(*tables.data_keys.c).where(among(tables.data_keys.c.lane_id))

KEK_ID: Final = select(tables.data_keys.c.kek_id).limit(1)

SEQUENCES: Final = select(*tables.sequences.c).where(among(tables.sequences.c.lane_id))

DELIVERIES: Final = (
    select(*rows.DELIVERY, *rows.MESSAGE, _messages.c.sealed)
    .select_from(_with_message)
    .where(among(_deliveries.c.delivery_id))
)

UNREAD: Final = (
    select(*rows.DELIVERY, *rows.MESSAGE, _messages.c.sealed)
    .select_from(_with_message)
    .where(among(_deliveries.c.lane_id), _deliveries.c.state.in_(("pending", "notified")))
    .order_by(_deliveries.c.position)
)

DELIVERY_STATES: Final = select(_deliveries.c.delivery_id, _deliveries.c.state).where(among(_deliveries.c.delivery_id))

DELIVERIES_OF_MESSAGE: Final = (
    select(*rows.DELIVERY)
    .select_from(_with_message)
    .where(_messages.c.message_id == bindparam("message_id"), _messages.c.source == bindparam("source"))
    .order_by(_deliveries.c.position)
)

_page = (
    select(*rows.CLAIM)
    .select_from(_with_message)
    .where(_deliveries.c.unit_id == bindparam("unit_id"), _deliveries.c.position > bindparam("after"))
    .where(_deliveries.c.sequence.is_not(None))
    .order_by(_deliveries.c.position)
    .limit(bindparam("limit"))
)
OPEN_INBOX: Final = _page.where(
    tables.IS_OPEN, or_(_messages.c.expires_at.is_(None), _messages.c.expires_at > bindparam("at"))
)
INBOX_IN_STATE: Final = _page.where(_deliveries.c.state == bindparam("state"))

RECENT_IN_STATE: Final = (
    select(*rows.CLAIM)
    .select_from(_with_message)
    .where(_deliveries.c.unit_id == bindparam("unit_id"), _deliveries.c.state == bindparam("state"))
    .where(_deliveries.c.sequence.is_not(None))
    .order_by(_deliveries.c.position.desc())
    .limit(bindparam("limit"))
)
SEALED: Final = select(_messages.c.sealed).where(
    _messages.c.message_id == bindparam("message_id"), _messages.c.source == bindparam("source")
)

RECEIVED: Final = (
    select(*rows.CLAIM)
    .select_from(_with_message)
    .where(_deliveries.c.lane_id == bindparam("lane_id"), _deliveries.c.unit_id == bindparam("unit_id"))
    .where(_deliveries.c.sequence > bindparam("after"))
    .order_by(_deliveries.c.sequence)
    .limit(bindparam("limit"))
)

UNPUBLISHED: Final = (
    select(*rows.CLAIM)
    .select_from(
        tables.outbox.join(_deliveries, _deliveries.c.position == tables.outbox.c.position).join(
            _messages, _messages.c.position == _deliveries.c.message_position
        )
    )
    .where(tables.outbox.c.published_at.is_(None))
    .order_by(tables.outbox.c.position)
    .limit(bindparam("limit"))
)

OLDEST_UNPUBLISHED: Final = (
    select(_deliveries.c.recorded_at)
    .join(tables.outbox, tables.outbox.c.position == _deliveries.c.position)
    .where(tables.outbox.c.published_at.is_(None))
    .order_by(tables.outbox.c.position)
    .limit(1)
)

COUNTS: Final = select(tables.delivery_counts.c.state, tables.delivery_counts.c.deliveries)

AUDIT_SIZE: Final = select(func.max(_audit.c.position))
_since: Final[Any] = bindparam("since")
_FIRST_SINCE: Final = select(_audit.c.position).where(_audit.c.at >= _since).order_by(_audit.c.at).limit(1)
# From the first entry since then, in the index of codes: what is older is not walked through.
AUDIT_COUNT: Final = select(func.count()).where(
    _audit.c.code == bindparam("code"),
    _audit.c.actor == bindparam("actor"),
    _audit.c.at >= _since,
    _audit.c.position >= _FIRST_SINCE.scalar_subquery(),
)

_nodes = tables.log_nodes
# Leaves and nodes of the tree: positions from `first` on, before `end`.
LEAVES: Final = (
    select(_audit.c.leaf)
    .where(_audit.c.position >= bindparam("first"), _audit.c.position < bindparam("end"))
    .order_by(_audit.c.position)
)
NODES: Final = (
    select(_nodes.c.hash)
    .where(_nodes.c.level == bindparam("level"))
    .where(_nodes.c.position >= bindparam("first"), _nodes.c.position < bindparam("end"))
    .order_by(_nodes.c.position)
)
ENTRIES: Final = (
    select(_audit.c.entry)
    .where(_audit.c.position >= bindparam("first"), _audit.c.position < bindparam("end"))
    .order_by(_audit.c.position)
)
CHECKPOINT: Final = select(*rows.CHECKPOINT).where(tables.log_checkpoints.c.kind == bindparam("kind"))

WHEN_RECORDED: Final = select(_messages.c.recorded_at).where(_messages.c.position == bindparam("position"))


def _only_compared(column: ColumnElement[str]) -> ColumnElement[str]:
    """A column of which no index may be used: a case has few messages, its sender perhaps a million. A planner without
    statistics takes them for equally many, and prefers the sender's index, which is in the order that is asked for."""
    return column.concat(literal_column("''"))


def sent(*, before: bool, known: bool, case_id: bool, type: bool, since: bool) -> Select[Any]:
    """Sent messages, newest first. `known`: the time of the message at the cursor is given, too."""
    sender = _only_compared(_messages.c.sender) if case_id else _messages.c.sender
    statement = select(*rows.MESSAGE).where(sender == bindparam("sender"))
    if case_id:
        statement = statement.where(_messages.c.case_id == bindparam("case_id"))
    if type:
        statement = statement.where(_messages.c.type == bindparam("type"))
    if since:
        statement = statement.where(_messages.c.recorded_at >= bindparam("since"))
    if known:
        statement = statement.where(_messages.c.recorded_at <= bindparam("known"))
        earlier = _messages.c.recorded_at < bindparam("known")
        statement = statement.where(or_(earlier, _messages.c.position < bindparam("before")))
    elif before:
        statement = statement.where(_messages.c.position < bindparam("before"))
    newest_first = (_messages.c.recorded_at.desc(), _messages.c.position.desc())
    return statement.order_by(*newest_first).limit(bindparam("limit"))


# How far the clock may have been put back without a look-up by time missing an entry of the log.
_CLOCK_STEP: Final = timedelta(hours=1)


def audit(query: records.AuditQuery) -> Select[Any]:
    """Entries in the order of the log. Only what narrows becomes part of the statement."""
    named = {"unit": query.unit, "type": query.type, "message_id": query.message_id}
    named |= {"case_id": query.case_id, "code": query.code}
    statement = select(*rows.AUDIT).order_by(_audit.c.position).limit(query.limit)
    given = {name: value for name, value in named.items() if value is not None}
    few = given.keys() & {"message_id", "case_id"}
    for name, value in given.items():
        column = _audit.c[name] if name in few or not few else _only_compared(_audit.c[name])
        statement = statement.where(column == value)
    if query.after is not None:
        statement = statement.where(_audit.c.position > query.after)
    if query.since is None:
        return statement
    # The log is in order of time but for steps of the clock: begin a little before, then look at every entry.
    first = (
        select(_audit.c.position)
        .where(_audit.c.at >= rows.instant_to_cell(query.since - _CLOCK_STEP))
        .order_by(_audit.c.at, _audit.c.position)
        .limit(1)
    )
    begins = _audit.c.position >= first.scalar_subquery()
    return statement.where(begins, _audit.c.at >= rows.instant_to_cell(query.since))
