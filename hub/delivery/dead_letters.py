"""Copies that could not be delivered: put apart, tried again under the same ids, or dropped with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import structlog

from hub.audit.entry import AuditAction
from hub.delivery.giving_up import GivingUp
from hub.delivery.reading import UNREAD
from hub.ledger import Ledger
from hub.store.dead_letters import DeadLetter, DeathReason
from hub.store.records import ClaimCheck, DeliveryChange, DeliveryState, DeliveryView
from hub.telemetry.metrics import Metrics
from routing.refusals import RefusalCode
from routing.rulebook import Rulebook

log = structlog.get_logger()


class DropReason(StrEnum):
    """Why an administrator gives a dead letter up. Wire values: never renamed, never reused."""

    SENT_OTHERWISE = "sent_otherwise"
    SENT_AGAIN = "sent_again"
    OUTDATED = "outdated"
    RECIPIENT_GONE = "recipient_gone"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class BuryDelivery:
    """The hub gives up: a dead letter, an alarm, and a notice to the sender."""

    delivery_id: str
    reason: DeathReason
    attempts: int


@dataclass(frozen=True, slots=True)
class RetryDeadLetter:
    """`actor` has the copy put on its way again: the same message, delivery and sequence."""

    delivery_id: str
    actor: str


@dataclass(frozen=True, slots=True)
class DropDeadLetter:
    """`actor` takes the copy off the list for good."""

    delivery_id: str
    actor: str
    reason: DropReason


@dataclass(frozen=True, slots=True)
class Done:
    """It is durable."""


@dataclass(frozen=True, slots=True)
class NotDead:
    """No dead letter, or not any more."""


class Burying:
    """The handler of `BuryDelivery`. What was read or acknowledged in the meantime is alive."""

    def __init__(self, giving_up: GivingUp) -> None:
        self._giving_up = giving_up

    def prepare(self, ledger: Ledger, commands: Sequence[BuryDelivery]) -> None:
        self._giving_up.prepare(ledger, [command.delivery_id for command in commands])

    def handle(self, ledger: Ledger, command: BuryDelivery) -> Done | None:
        view = ledger.find_delivery(command.delivery_id)
        if view is None or view.delivery.state not in UNREAD or view.delivery.acked_at is not None:
            return None
        letter = DeadLetter(command.delivery_id, command.reason, command.attempts, ledger.at)
        ledger.changes.buried.append(letter)
        self._giving_up.give_up(
            ledger,
            view,
            DeliveryState.DEAD,
            RefusalCode.COULD_NOT_BE_DELIVERED,
            AuditAction.DELIVERY_DEAD,
            {"reason": command.reason.value, "attempts": command.attempts},
        )
        return Done()


class DeadLetterDeciding:
    """The handler of `RetryDeadLetter` and `DropDeadLetter`."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._unread = rulebook.deadlines.unread

    def prepare(self, ledger: Ledger, commands: Sequence[RetryDeadLetter | DropDeadLetter]) -> None:
        ids = {command.delivery_id for command in commands}
        ledger.prepare_deliveries(ids)
        ledger.prepare_dead_letters(ids)

    def handle(self, ledger: Ledger, command: RetryDeadLetter | DropDeadLetter) -> Done | NotDead:
        view = ledger.find_delivery(command.delivery_id)
        if view is None or not ledger.is_dead_letter(command.delivery_id):
            return NotDead()
        if isinstance(command, RetryDeadLetter):
            self._retry(ledger, view, command)
        else:
            ledger.drop_dead_letter(command.delivery_id)
            detail = {"reason": command.reason.value}
            _audit(ledger, AuditAction.DELIVERY_DROPPED, command.actor, view, detail)
        return Done()

    def _retry(self, ledger: Ledger, view: DeliveryView, command: RetryDeadLetter) -> None:
        delivery = view.delivery
        # It has had its reminder; from here on it has the whole time until it goes back, or its sender's own.
        ends_at = self._unread.returns_at(ledger.at)
        next_at = ends_at if view.message.expires_at is None else min(ends_at, view.message.expires_at)
        ledger.revive(DeliveryChange(delivery.delivery_id, state=DeliveryState.PENDING, next_at=next_at))
        ledger.claims.append(_claim_of(view))
        _audit(ledger, AuditAction.DELIVERY_RETRIED, command.actor, view, {})


def raise_alarm(buried: Sequence[DeadLetter], metrics: Metrics) -> None:
    """For what a commit has buried: somebody has to look at it."""
    for letter in buried:
        metrics.dead_letters_total.labels(reason=letter.reason.value).inc()
        log.error("delivery_dead", reason=letter.reason.value, attempts=letter.attempts)


def _claim_of(view: DeliveryView) -> ClaimCheck:
    delivery, message = view.delivery, view.message
    assert delivery.sequence is not None  # a refused copy was never on its way
    return ClaimCheck(
        delivery_id=delivery.delivery_id,
        unit_id=delivery.unit_id,
        message_id=message.key.message_id,
        type=message.type,
        source=message.key.source,
        case_id=message.case_id,
        sequence=delivery.sequence,
        recorded_at=delivery.recorded_at,
    )


def _audit(ledger: Ledger, action: AuditAction, actor: str, view: DeliveryView, detail: dict[str, str]) -> None:
    ledger.audit(
        action,
        actor,
        unit=view.delivery.unit_id,
        type=view.message.type,
        message_id=view.message.key.message_id,
        case_id=view.message.case_id,
        detail={"delivery": view.delivery.delivery_id, **detail},
    )
