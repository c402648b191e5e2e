"""What many messages, or none, tell together: copies numbered in order, cases, keys and webhooks against the log.

Sequence numbers are not in the log, but its order is: of one lane and unit they count on from entry to entry. A case's
parties are its messages' senders and recipients. A unit's key counts because an entry says so, and until one says that
it does not. Not in the log, so not seen: a case's state, responsibility and plans, the address of a webhook, and that
a key was to end because another took its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from hub.audit.entry import AuditAction
from hub.identity import jws
from hub.store.parties import KeyKind, PartyKey
from hub.store.port import Reader
from hub.store.records import StoredDelivery, StoredMessage
from routing.case import Case

_CASES: Final = 500
_SECOND: Final = timedelta(seconds=1)
# A jobbtorg that performs part of a plan in force is a party; who that is stands in the plan's sealed body.
_PERFORMS: Final = "jt-"
_PLAN: Final = "plan."

Told = Mapping[str, Any]
What = tuple[str, str | None, str]
"""The message's, case's or key's id, the unit, and what is otherwise."""


@dataclass(slots=True)
class _CaseSeen:
    """What the messages of a case have told so far."""

    opened_at: datetime
    units: frozenset[str] = frozenset()
    has_plan: bool = False


@dataclass(slots=True)
class Tally:
    """Fed with every accepted message in the order of the log. `gaps` are differences unless messages were erased."""

    wrong: list[What] = field(default_factory=list)
    gaps: list[What] = field(default_factory=list)
    _lanes: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    _cases: dict[str, _CaseSeen] = field(default_factory=dict)
    _same: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)

    def add(self, index: int, message: StoredMessage, copies: Iterable[StoredDelivery]) -> None:
        """`index` is that of its entry."""
        sent = [copy for copy in copies if copy.sequence is not None]
        for copy in sent:
            self._number(index, message.key.message_id, copy)
        if message.case_id is not None:
            self._add_to_case(message.case_id, message, [copy.unit_id for copy in sent])

    def _number(self, index: int, message_id: str, copy: StoredDelivery) -> None:
        assert copy.sequence is not None
        last_index, last = self._lanes.get((copy.lane_id, copy.unit_id), (-1, 0))
        if copy.sequence <= last or index <= last_index:
            self.wrong.append((message_id, copy.unit_id, "sequence"))
        elif copy.sequence != last + 1:
            self.gaps.append((message_id, copy.unit_id, "sequence"))
        self._lanes[copy.lane_id, copy.unit_id] = (index, max(last, copy.sequence))

    def _add_to_case(self, case_id: str, message: StoredMessage, recipients: Iterable[str]) -> None:
        seen = self._cases.setdefault(case_id, _CaseSeen(message.recorded_at))
        units = seen.units.union(recipients, (message.sender,))
        seen.units = self._same.setdefault(units, units)  # few combinations, many cases
        seen.has_plan = seen.has_plan or message.type.startswith(_PLAN)

    def compare_cases(self, reader: Reader) -> None:
        """A case is held against its messages where the one that opened it is still there."""
        ids = list(self._cases)
        for start in range(0, len(ids), _CASES):
            part = ids[start : start + _CASES]
            stored = reader.find_cases(part)
            for case_id in part:
                if case_id not in stored:
                    self.wrong.append((case_id, None, "the case is missing"))
                else:
                    self._compare_case(stored[case_id].case, self._cases[case_id])

    def _compare_case(self, case: Case, seen: _CaseSeen) -> None:
        if case.opened_at != seen.opened_at:
            self.gaps.append((case.case_id, None, "opened_at"))
            return
        for unit in sorted(case.parties - seen.units):
            if not (seen.has_plan and unit.startswith(_PERFORMS)):
                self.wrong.append((case.case_id, unit, "parties"))


@dataclass(slots=True)
class Registered:
    """What the log tells of units' keys and webhooks."""

    added: dict[tuple[str, str], Told] = field(default_factory=dict)
    revoked: dict[tuple[str, str], str] = field(default_factory=dict)
    webhooks: dict[str, str] = field(default_factory=dict)

    def hear(self, told: Told) -> None:
        unit = str(told.get("unit"))
        match told.get("action"):
            case AuditAction.PARTY_KEY_ADDED:
                self.added[unit, str(told["key"])] = told
                self.revoked.pop((unit, str(told["key"])), None)
            case AuditAction.PARTY_KEY_REVOKED:
                self.revoked[unit, str(told["key"])] = str(told["t"])
            case AuditAction.WEBHOOK_CHANGED:
                self.webhooks[unit] = str(told["step"])

    def compare(self, reader: Reader) -> set[What]:
        return {*self._of_the_keys(reader.list_party_keys()), *self._of_the_webhooks(reader)}

    def _of_the_keys(self, keys: Iterable[PartyKey]) -> Iterator[What]:
        missing = dict(self.added)
        for key in keys:
            told = missing.pop((key.unit_id, key.key_id), None)
            if told is None:
                yield key.key_id, key.unit_id, "the log knows no such key"
                continue
            if key.kind.value != told.get("kind") or not _is_named_rightly(key):
                yield key.key_id, key.unit_id, "the key is another"
            ends = (told.get("until"), self.revoked.get((key.unit_id, key.key_id)))
            if any(end is not None and _counts_after(key, datetime.fromisoformat(end)) for end in ends):
                yield key.key_id, key.unit_id, "ends_at"
        for unit, key_id in missing:
            yield key_id, unit, "the key is missing"

    def _of_the_webhooks(self, reader: Reader) -> Iterator[What]:
        active = reader.list_webhook_units()
        there = reader.find_webhooks(active.union(self.webhooks))
        for unit in sorted(active.union(self.webhooks)):
            is_told = self.webhooks.get(unit, "removed") != "removed"
            if unit in there and not is_told:
                yield "-", unit, "the log knows no such webhook"
            if is_told and unit not in there:
                yield "-", unit, "the webhook is missing"


def _is_named_rightly(key: PartyKey) -> bool:
    """A key's id is its thumbprint (RFC 7638), and a certificate has no key beside it."""
    if key.kind is KeyKind.CERTIFICATE:
        return key.jwk is None
    try:
        return key.jwk is not None and jws.public_key(key.jwk).thumbprint == key.key_id
    except jws.WrongKey:
        return False


def _counts_after(key: PartyKey, end: datetime) -> bool:
    """The log tells whole seconds, or milliseconds."""
    return key.ends_at is None or key.ends_at > end + _SECOND
