"""Erasing what is due, each part with its entry in the log in the same transaction, and holding back what must stay.

A key is looked at again before it is destroyed: a message of the same group may have come into its lane, somebody may
have placed a hold.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, assert_never

from hub.audit.entry import AuditAction
from hub.commit_group import Handler
from hub.delivery.giving_up import GivingUp
from hub.delivery.reading import UNREAD
from hub.ledger import Ledger
from hub.protection import emptied
from hub.retention import terms
from hub.retention.terms import CONSENT, MESSAGE, PERSON, Due
from hub.store.kept import Hold, RetentionRun, Tombstone
from hub.store.records import DeliveryChange, DeliveryState, DeliveryView, Shred
from routing.case import NOTHING_REMEMBERED, Case
from routing.refusals import RefusalCode
from routing.retention import Kind
from routing.retention_rules import RetentionRules
from routing.vocabulary import HUB

ARCHIVED: Final = "archived"


@dataclass(frozen=True, slots=True)
class EraseBodies:
    """The bodies at these positions, as far as they are due. Answers with what was erased."""

    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DestroyKeys:
    """The keys of these lanes, as far as they are due. Answers with what was erased."""

    lane_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EraseMetadata:
    """What is left of the messages at these positions, as far as it is due. Answers with what was erased."""

    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PlaceHold:
    """Answers False when the lane is held already."""

    hold: Hold


@dataclass(frozen=True, slots=True)
class ReleaseHold:
    """Answers False when the lane is not held."""

    lane_id: str
    actor: str


@dataclass(frozen=True, slots=True)
class RecordRun:
    """The protocol of one run. Refusals of persons whom nothing else leads to are forgotten up to `entries_before`."""

    run: RetentionRun
    entries_before: int = 0


@dataclass(frozen=True, slots=True)
class DestroyAgain:
    """Keys that had been destroyed when a backup brought them back; `tombstones` that the backup did not know."""

    lane_ids: tuple[str, ...]
    tombstones: tuple[Tombstone, ...]


Command = EraseBodies | DestroyKeys | EraseMetadata | PlaceHold | ReleaseHold | RecordRun | DestroyAgain
COMMANDS: Final = (EraseBodies, DestroyKeys, EraseMetadata, PlaceHold, ReleaseHold, RecordRun, DestroyAgain)


class Erasing(Handler):
    """The handler of all these commands."""

    def __init__(self, rules: RetentionRules, giving_up: GivingUp) -> None:
        self._rules = rules
        self._giving_up = giving_up

    def prepare(self, ledger: Ledger, commands: Sequence[Command]) -> None:
        return None  # rare and large: each reads for itself

    def handle(self, ledger: Ledger, command: Command) -> object:
        match command:
            case EraseBodies():
                return self._erase_bodies(ledger, command)
            case DestroyKeys():
                return self._destroy_keys(ledger, command)
            case EraseMetadata():
                return self._erase_metadata(ledger, command)
            case PlaceHold():
                return _place(ledger, command.hold)
            case ReleaseHold():
                return _release(ledger, command)
            case RecordRun():
                _record(ledger, command.run, command.entries_before)
                return None
            case DestroyAgain():
                _destroy_again(ledger, command)
                return None
            case _:
                assert_never(command)

    def _erase_bodies(self, ledger: Ledger, command: EraseBodies) -> list[Due]:
        first, last = min(command.positions), max(command.positions)
        wanted = frozenset(command.positions)
        bodies = [
            each for each in ledger.group.list_kept_bodies(after=first - 1, until=last) if each.position in wanted
        ]
        due = terms.due_bodies(bodies, ledger.at, self._rules, _held(ledger))
        erased = [each for each in due.values() if not each.is_held]
        going = {each.position for each in erased}
        ledger.changes.erased_bodies.extend(going)
        self._give_up(ledger, [copy.delivery_id for body in bodies if body.position in going for copy in body.copies])
        alone = [each.lane_id for each in erased if each.lane_id.startswith(MESSAGE)]
        if ledger.list_sealed(alone):
            ledger.shred(Shred({lane_id: lane_id for lane_id in alone}))
        if erased:
            ledger.audit(AuditAction.ERASED, HUB, detail={"what": "bodies", "counts": terms.count(erased)})
        return erased

    def _give_up(self, ledger: Ledger, delivery_ids: Sequence[str]) -> None:
        """Copies that can no longer be fetched. The sweep has told the senders of those that nobody opened (T19), but
        for those that came due since."""
        self._giving_up.prepare(ledger, delivery_ids)
        for view in filter(None, map(ledger.find_delivery, delivery_ids)):
            if view.delivery.acked_at is None and view.delivery.state in UNREAD:
                detail = {"returned": True}
                self._giving_up.give_up(
                    ledger, view, DeliveryState.EXPIRED, RefusalCode.EXPIRED, AuditAction.DELIVERY_EXPIRED, detail
                )
            elif view.delivery.acked_at is None and view.delivery.state is DeliveryState.READ:
                _expire(ledger, view)

    def _destroy_keys(self, ledger: Ledger, command: DestroyKeys) -> list[Due]:
        touched = {message.lane_id for message in ledger.changes.messages} | _held(ledger)
        lanes = [lane_id for lane_id in command.lane_ids if lane_id not in touched]
        sealed = ledger.list_sealed(lanes)
        due = terms.due_lanes(ledger, sealed, self._rules, frozenset())
        for each in due:
            _destroy(ledger, each)
        return due

    def _erase_metadata(self, ledger: Ledger, command: EraseMetadata) -> list[Due]:
        first, many = min(command.positions), max(command.positions) - min(command.positions) + 1
        wanted = frozenset(command.positions)
        found = ledger.group.list_oldest_messages(after=first - 1, limit=many)
        found = [each for each in found if each.position in wanted]
        due = [each for each in terms.due_metadata(found, ledger.at, self._rules, _held(ledger)) if not each.is_held]
        ledger.changes.erased_metadata.extend(each.position for each in due)
        if due:
            ledger.audit(AuditAction.ERASED, HUB, detail={"what": "metadata", "counts": terms.count(due)})
        return due


def _held(ledger: Ledger) -> frozenset[str]:
    placed = {hold.lane_id for hold in ledger.changes.holds}
    return (terms.held_lanes(ledger.group) | placed) - frozenset(ledger.changes.released)


def _expire(ledger: Ledger, view: DeliveryView) -> None:
    code = RefusalCode.EXPIRED.value
    ledger.change_delivery(DeliveryChange(view.delivery.delivery_id, state=DeliveryState.EXPIRED, code=code))
    ledger.changes.acknowledged.append(view.delivery.delivery_id)


def _expire_unread(ledger: Ledger, lane_id: str) -> None:
    """Told by their state alone: a notice would be sealed with the key that goes."""
    for view in ledger.prepare_unread([lane_id]):
        _expire(ledger, view)


def _destroy(ledger: Ledger, due: Due) -> None:
    lane_id, replacement = due.lane_id, uuid.uuid4().hex
    match due.term.kind:
        case Kind.CASE:
            case = ledger.find_case(lane_id)
            assert case is not None  # it is due
            _expire_unread(ledger, lane_id)
            ledger.put_case(_archived(case, replacement))
            ledger.audit(AuditAction.ERASED, HUB, case_id=lane_id, detail={"what": "case"})
            ledger.shred(Shred({lane_id: lane_id}))
        case Kind.CONSENT:
            consent_id = lane_id.removeprefix(CONSENT)
            ledger.audit(AuditAction.ERASED, HUB, detail={"what": "consent", "consent": consent_id})
            ledger.shred(Shred({lane_id: lane_id}, replacement=replacement, consents=[consent_id]))
        case _:
            _expire_unread(ledger, lane_id)
            ledger.audit(AuditAction.ERASED, HUB, detail={"what": "person"})
            ledger.shred(Shred({lane_id: f"{PERSON}{replacement}"}))


def _archived(case: Case, replacement: str) -> Case:
    """The case's metadata: who took part, from when to when. Whose it was and what was planned is gone (t23)."""
    return replace(
        case, person_key=replacement, state=ARCHIVED, plans={}, reporting_request=None, memory=NOTHING_REMEMBERED
    )


def _place(ledger: Ledger, hold: Hold) -> bool:
    if hold.lane_id in _held(ledger):
        return False
    ledger.changes.holds.append(hold)
    _audit_hold(ledger, AuditAction.LEGAL_HOLD_PLACED, hold.lane_id, hold.placed_by, {"reference": hold.reference})
    return True


def _release(ledger: Ledger, command: ReleaseHold) -> bool:
    if command.lane_id not in _held(ledger):
        return False
    ledger.changes.released.append(command.lane_id)
    _audit_hold(ledger, AuditAction.LEGAL_HOLD_LIFTED, command.lane_id, command.actor, {})
    return True


def _audit_hold(ledger: Ledger, action: AuditAction, lane_id: str, actor: str, detail: dict[str, str]) -> None:
    if ":" not in lane_id:
        ledger.audit(action, actor, case_id=lane_id, detail=detail)
    elif lane_id.startswith(CONSENT):
        ledger.audit(action, actor, detail={**detail, "consent": lane_id.removeprefix(CONSENT)})
    else:
        ledger.audit(action, actor, detail=detail)


def _record(ledger: Ledger, run: RetentionRun, entries_before: int) -> None:
    ledger.changes.retention_runs.append(run)
    ledger.changes.forgotten_before = entries_before
    detail = {"run": run.run_id, "counts": run.counts, "rulebook": run.rulebook}
    ledger.audit(AuditAction.RETENTION_RUN, run.actor, detail=detail)


def _destroy_again(ledger: Ledger, command: DestroyAgain) -> None:
    """The stricter way for each of them: whether a person was protected stands nowhere, so all are taken for it."""
    replacement = uuid.uuid4().hex
    lanes = ledger.list_sealed(command.lane_ids)
    ledger.prepare_cases([lane_id for lane_id in lanes if ":" not in lane_id])
    for lane_id in lanes:
        case = ledger.find_case(lane_id)
        if case is not None:
            ledger.put_case(emptied(case, replacement))
    stopped = ledger.prepare_unread(lanes)
    for view in stopped:
        code = RefusalCode.COULD_NOT_BE_DELIVERED.value
        ledger.change_delivery(DeliveryChange(view.delivery.delivery_id, state=DeliveryState.REFUSED, code=code))
    consents = [lane_id.removeprefix(CONSENT) for lane_id in lanes if lane_id.startswith(CONSENT)]
    going = {lane_id: f"{PERSON}{uuid.uuid4().hex}" if lane_id.startswith(PERSON) else lane_id for lane_id in lanes}
    ledger.shred(Shred(going, replacement=replacement, consents=consents), known=command.tombstones)
    detail = {"keys": len(lanes), "tombstones": len(command.tombstones), "stopped": len(stopped)}
    ledger.audit(AuditAction.BACKUP_RESTORED, HUB, detail=detail)
