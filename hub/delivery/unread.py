"""Copies that nobody opens: their time runs out, their recipient is reminded, or they go back to the sender (T19)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.audit.entry import AuditAction
from hub.delivery.giving_up import GivingUp
from hub.delivery.reading import UNREAD
from hub.intake import receipts
from hub.ledger import Ledger
from hub.notices import Notices
from hub.store.records import DeliveryChange, DeliveryState, DeliveryView
from routing import unread
from routing.refusals import RefusalCode
from routing.rulebook import Rulebook
from routing.unread import Step
from routing.vocabulary import HUB


@dataclass(frozen=True, slots=True)
class LookAtUnread:
    """This copy may have waited long enough."""

    delivery_id: str


class UnreadLooking:
    """The handler of `LookAtUnread`. A copy that was opened in the meantime is left alone."""

    def __init__(self, notices: Notices, rulebook: Rulebook, giving_up: GivingUp) -> None:
        self._notices = notices
        self._rule = rulebook.deadlines.unread
        self._giving_up = giving_up

    def prepare(self, ledger: Ledger, commands: Sequence[LookAtUnread]) -> None:
        self._giving_up.prepare(ledger, [command.delivery_id for command in commands])

    def handle(self, ledger: Ledger, command: LookAtUnread) -> None:
        view = ledger.find_delivery(command.delivery_id)
        if view is None or view.delivery.state not in UNREAD or view.delivery.acked_at is not None:
            return
        found = unread.look(self._rule, view.delivery.recorded_at, view.message.expires_at, ledger.at)
        if found.step in (Step.EXPIRE, Step.RETURN):
            detail = {"returned": found.step is Step.RETURN}
            self._giving_up.give_up(
                ledger, view, DeliveryState.EXPIRED, RefusalCode.EXPIRED, AuditAction.DELIVERY_EXPIRED, detail
            )
            return
        # Written before anything is told, so that the store does not name the copy again in the next sweep.
        ledger.change_delivery(DeliveryChange(command.delivery_id, next_at=found.next_at))
        if found.step is Step.REMIND:
            self._remind(ledger, view)

    def _remind(self, ledger: Ledger, view: DeliveryView) -> None:
        delivery, message = view.delivery, view.message
        ledger.audit(
            AuditAction.DEADLINE_DUE,
            HUB,
            unit=delivery.unit_id,
            type=message.type,
            message_id=message.key.message_id,
            case_id=message.case_id,
            detail={"deadline": self._rule.id, "level": 1},
        )
        content = {
            "deadline": self._rule.id,
            "due_at": receipts.timestamp(self._rule.returns_at(delivery.recorded_at)),
            "responsible_unit": delivery.unit_id,
            "level": 1,
            "about": message.key.message_id,
        }
        self._notices.post(ledger, "hub.deadline-due", content, to=[delivery.unit_id], case_id=message.case_id)
