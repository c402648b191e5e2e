"""A copy that will not be delivered: its state says so, the log says why, and its sender hears of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from hub.audit.entry import AuditAction
from hub.ledger import Ledger
from hub.notices import Notices
from hub.store.records import DeliveryChange, DeliveryState, DeliveryView
from routing.refusals import RefusalCode
from routing.rulebook import Rulebook
from routing.vocabulary import HUB


class GivingUp:
    """What expiry and dead letters have in common."""

    def __init__(self, notices: Notices, rulebook: Rulebook) -> None:
        self._notices = notices
        self._rulebook = rulebook

    def prepare(self, ledger: Ledger, delivery_ids: Collection[str]) -> None:
        ledger.prepare_deliveries(delivery_ids)
        views = [view for view in map(ledger.find_delivery, delivery_ids) if view is not None]
        # The notices about them join their cases.
        ledger.prepare_cases({view.message.case_id for view in views if view.message.case_id is not None})

    def give_up(
        self,
        ledger: Ledger,
        view: DeliveryView,
        state: DeliveryState,
        code: RefusalCode,
        action: AuditAction,
        detail: Mapping[str, Any],
    ) -> None:
        """`detail` is for the log; the sender gets the code."""
        delivery, message = view.delivery, view.message
        ledger.change_delivery(DeliveryChange(delivery.delivery_id, state=state, code=code.value))
        ledger.changes.acknowledged.append(delivery.delivery_id)
        ledger.audit(
            action,
            HUB,
            unit=delivery.unit_id,
            type=message.type,
            message_id=message.key.message_id,
            case_id=message.case_id,
            code=code.value,
            detail=detail,
        )
        rule = self._rulebook.find_type(message.type)
        if rule is not None and rule.uniform:
            return  # its sender may not learn whether there was anybody to deliver to
        content: dict[str, Any] = {
            "message_id": message.key.message_id,
            "type": message.type,
            "unit": delivery.unit_id,
            "code": code.value,
            "pointers": [],
        }
        # To the hub itself nothing is sent: a notice that nobody takes makes no further one.
        self._notices.post(ledger, "hub.refused", content, to=[message.sender], case_id=message.case_id)
