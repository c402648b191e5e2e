"""Whether the rows of messages and of their copies say what the log says of them.

Who got what, and how far a copy has come, stands in columns without a seal: whoever can write to the database can write
there. The log cannot be altered unseen once it is signed, and it tells of each message who was to get it, and of each
copy what became of it. So, after the log itself has been verified, every row is held against it.

Not in the log, and so not seen here: what a claim check has been through on its way (pending or notified), and when
somebody looks after a copy next; `hub/audit/tallying.py` says what of cases, keys and webhooks. Whatever the hub itself
changes, as somebody's order, is in the log and looks right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from hub.audit import tallying
from hub.audit.entry import LEFT_OUT, AuditAction
from hub.intake.receipts import timestamp
from hub.store.port import Reader
from hub.store.records import AuditQuery, AuditRow, DeliveryState, MessageKey, StoredDelivery, StoredMessage
from routing.refusals import RefusalCode

PAGE: Final = 500
_ON_ITS_WAY: Final = frozenset({DeliveryState.PENDING, DeliveryState.NOTIFIED})
# Columns of the log that look-ups use, and what the entry calls the same thing.
_COLUMNS: Final = {
    "action": "action",
    "actor": "actor",
    "unit": "unit",
    "type": "type",
    "message_id": "message",
    "code": "code",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a row says otherwise. Ids and names of columns, no values. `message_id` may be a case's or a
    key's."""

    message_id: str
    unit: str | None
    what: str


@dataclass(slots=True)
class Compared:
    """What was looked at. `stopped`: copies that were stopped when their person became protected, which the log has
    as numbers only; `stopped_logged` is the sum of these. `erased` and `erased_logged`: messages that the log has and
    the rows have not, and how many the log says were erased."""

    messages: int = 0
    copies: int = 0
    stopped: int = 0
    stopped_logged: int = 0
    accepted: int = 0
    erased_logged: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def erased(self) -> int:
        return self.accepted - self.messages


Told = Mapping[str, Any]


def compare(reader: Reader) -> Compared:
    """Every message and copy, and every entry of the log. A hub may be running: what changes meanwhile is looked at
    again. Raises `StoreUnavailable`."""
    found, tally, registered = Compared(), tallying.Tally(), tallying.Registered()
    position = 0
    while page := reader.list_oldest_messages(after=position, limit=PAGE):
        position = page[-1].position
        _compare_page(reader, [each.message_id for each in page], found, tally)
    tally.compare_cases(reader)
    _walk_the_log(reader, found, registered)
    # Twice, since a hub may have changed one while the log was read.
    unlike = registered.compare(reader)
    if unlike:
        again = tallying.Registered()
        _walk_the_log(reader, Compared(), again)
        unlike &= again.compare(reader)
    if found.stopped > found.stopped_logged:
        found.differences.append(Difference("-", None, "more copies are stopped than the log tells of"))
    if found.erased > found.erased_logged:
        found.differences.append(Difference("-", None, "messages are missing that the log does not tell were erased"))
    gaps = [] if found.erased_logged else tally.gaps
    found.differences += [Difference(*each) for each in (*tally.wrong, *gaps, *sorted(unlike, key=str))]
    return found


def _compare_page(reader: Reader, message_ids: Sequence[str], found: Compared, tally: tallying.Tally) -> None:
    for read in sorted(_read(reader, message_ids), key=lambda each: each.index):
        message = _read_again(reader, read) if read.differences() else read
        if message.is_accepted:
            tally.add(message.index, message.stored, message.copies)
        found.messages += message.is_accepted
        found.copies += len(message.copies)
        found.stopped += sum(message.is_stopped(copy) for copy in message.copies)
        found.differences += message.differences()


def _read_again(reader: Reader, message: _Message) -> _Message:
    """As it is now: a hub may have written between one question and the next."""
    found = _read(reader, [message.stored.key.message_id])
    return next((each for each in found if each.stored.key == message.stored.key), message)


@dataclass(frozen=True, slots=True)
class _Message:
    """A message's rows, and what the log tells of it in its order."""

    stored: StoredMessage
    copies: Sequence[StoredDelivery]
    told: Sequence[Told]
    index: int
    is_readable: bool

    def differences(self) -> list[Difference]:
        name = self.stored.key.message_id
        return [Difference(name, unit, what) for unit, what in (*self._of_the_message(), *self._of_the_copies())]

    @property
    def is_accepted(self) -> bool:
        return self._accepted() is not None

    def _accepted(self) -> Told | None:
        for told in self.told:
            if told.get("action") == AuditAction.MESSAGE_ACCEPTED and told.get("actor") == self.stored.sender:
                return told
        return None

    def _is_refused_silently(self) -> bool:
        """The sender was not to learn that it was refused (`MessageRecording.record_silently`)."""
        refused = [told for told in self.told if told.get("action") == AuditAction.MESSAGE_REFUSED]
        return not self.copies and any(told.get("actor") == self.stored.sender for told in refused)

    def _of_the_message(self) -> Iterator[tuple[None, str]]:
        told, stored = self._accepted(), self.stored
        if told is None:
            if not self._is_refused_silently():
                yield None, "the log knows no such message"
            return
        lasts = None if stored.expires_at is None else int((stored.expires_at - stored.recorded_at).total_seconds())
        for column, said, logged in (
            ("type", stored.type, told.get("type")),
            ("version", stored.version, told.get("version")),
            ("recorded_at", timestamp(stored.recorded_at), told.get("t")),
            ("expires_at", lasts, told.get("lasts")),
        ):
            if not _is_same(said, logged):
                yield None, column

    def _of_the_copies(self) -> Iterator[tuple[str | None, str]]:
        told = self._accepted()
        if told is None:
            return
        rows = told.get("recipients", ())
        if any("left_out" in row for row in rows):
            return  # a sender has managed to make the entry too long for them
        sent = {row["delivery"]: row for row in rows if row.get("delivery")}
        refused = [row for row in rows if not row.get("delivery")]
        for copy in self.copies:
            if copy.sequence is None:
                row = next((row for row in refused if row["unit"] == copy.unit_id), None)
            else:
                row = sent.pop(copy.delivery_id, None)
            if row is None:
                yield copy.unit_id, "the log knows no such copy"
                continue
            yield from ((copy.unit_id, column) for column in _differing(copy, row))
            if copy.sequence is not None:
                yield from ((copy.unit_id, column) for column in self._of_its_way(copy, row["unit"]))
        yield from ((row["unit"], "the copy is missing") for row in sent.values())

    def _of_its_way(self, copy: StoredDelivery, unit: str) -> Iterator[str]:
        way = _Way.of(told for told in self.told if told.get("unit") == unit)
        if copy.state not in way.states and not self.is_stopped(copy) and not self._has_run_out(copy):
            yield "state"
        if (copy.acked_at is not None) != way.is_acknowledged:
            yield "acked_at"
        if copy.outcome != way.outcome:
            yield "outcome"

    def is_stopped(self, copy: StoredDelivery) -> bool:
        """As copies are when their person becomes protected: the log has how many, not which."""
        is_logged = any(told.get("action") == AuditAction.DELIVERY_RECALLED for told in self.told)
        is_refused = copy.sequence is not None and copy.state is DeliveryState.REFUSED
        return is_refused and not is_logged and copy.code == RefusalCode.COULD_NOT_BE_DELIVERED.value

    def _has_run_out(self, copy: StoredDelivery) -> bool:
        """With the key or the body of its message: the log tells of that, not of each copy."""
        return copy.state is DeliveryState.EXPIRED and not self.is_readable


@dataclass(slots=True)
class _Way:
    """What has become of a copy, by the log."""

    states: frozenset[DeliveryState] = _ON_ITS_WAY
    is_acknowledged: bool = False
    outcome: str | None = None

    @classmethod
    def of(cls, told: Iterable[Told]) -> _Way:
        way = cls()
        for each in told:
            way._go(each)
        return way

    def _go(self, told: Told) -> None:
        match told.get("action"):
            case AuditAction.DELIVERY_DISCLOSED if self.states <= _ON_ITS_WAY | {DeliveryState.DEAD}:
                self.states = frozenset({DeliveryState.READ})
            case AuditAction.DELIVERY_ACKNOWLEDGED:
                self.is_acknowledged = True
                if DeliveryState.DEAD in self.states:
                    self.states = frozenset({DeliveryState.NOTIFIED})
            case AuditAction.DELIVERY_HANDLED:
                self.states, self.is_acknowledged = frozenset({DeliveryState.HANDLED}), True
                self.outcome = told.get("outcome")
            case AuditAction.DELIVERY_RECALLED:
                self.states = frozenset({DeliveryState.REFUSED})
            case AuditAction.DELIVERY_EXPIRED:
                self.states = frozenset({DeliveryState.EXPIRED})
            case AuditAction.DELIVERY_DEAD:
                self.states = frozenset({DeliveryState.DEAD})
            case AuditAction.DELIVERY_RETRIED:
                self.states = _ON_ITS_WAY


def _differing(copy: StoredDelivery, row: Told) -> Iterator[str]:
    for column, said, logged in (
        ("unit_id", copy.unit_id, row["unit"]),
        ("verdict", copy.verdict, row.get("verdict")),
        ("rule", copy.rule, row.get("rule")),
        ("basis", copy.basis, row.get("basis")),
        ("withheld", list(copy.withheld), row.get("withheld")),
    ):
        if not _is_same(said, logged):
            yield column


def _is_same(said: Any, logged: Any) -> bool:
    """An entry leaves out what is no name, and shortens what a sender has made too long."""
    match logged:
        case str():
            return bool(said == logged) or LEFT_OUT in logged
        case Mapping():
            return (
                isinstance(said, Mapping)
                and said.keys() == logged.keys()
                and all(_is_same(said[name], value) for name, value in logged.items())
            )
        case [*kept, {"left_out": many}]:
            return len(said) == len(kept) + many and _is_same(list(said)[: len(kept)], kept)
        case list():
            return len(said) == len(logged) and all(map(_is_same, said, logged))
        case _:
            return bool(said == logged)


def _read(reader: Reader, message_ids: Sequence[str]) -> list[_Message]:
    keys = [each.key for each in reader.find_earlier(message_ids)]
    stored = reader.find_messages(keys)
    copies: dict[MessageKey, list[StoredDelivery]] = {key: [] for key in stored}
    for copy in reader.list_copies(list(stored)):
        copies[copy.key].append(copy)
    told: dict[str, list[Told]] = {}
    accepted: dict[tuple[str, str], int] = {}
    for row in reader.list_entries_about(message_ids):
        told.setdefault(str(row.message_id), []).append(orjson.loads(row.entry))
        if row.action == AuditAction.MESSAGE_ACCEPTED:
            accepted.setdefault((str(row.message_id), row.actor), row.index)
    kept = reader.find_data_keys({each.lane_id for each in stored.values()})
    return [
        _Message(
            each,
            copies[key],
            told.get(key.message_id, ()),
            accepted.get((key.message_id, each.sender), -1),
            each.erased_at is None and each.lane_id in kept,
        )
        for key, each in stored.items()
    ]


def _walk_the_log(reader: Reader, found: Compared, registered: tallying.Registered) -> None:
    """What the look-ups above rely on: that the columns of the log say what its entries say."""
    after = -1
    while rows := reader.list_audit(AuditQuery(after=after, limit=PAGE)):
        after = rows[-1].index
        for row in rows:
            told = orjson.loads(row.entry)
            _count(row, told, found)
            registered.hear(told)


def _count(row: AuditRow, told: Told, found: Compared) -> None:
    for column, name in _COLUMNS.items():
        if getattr(row, column) != told.get(name):
            found.differences.append(Difference(str(told.get("message", "-")), None, f"entry {row.index}: {column}"))
    match told.get("action"):
        case AuditAction.MESSAGE_ACCEPTED:
            found.accepted += 1
        case AuditAction.PERSON_PROTECTED | AuditAction.PERSON_HELD | AuditAction.BACKUP_RESTORED:
            found.stopped_logged += told.get("stopped", 0)
        case AuditAction.ERASED if told.get("what") == "metadata":
            found.erased_logged += sum(told.get("counts", {}).values())
