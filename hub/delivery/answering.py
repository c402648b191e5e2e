"""What a recipient reports back: taken over (`ack`), and what came of it (`handled`). Both may be repeated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from hub.audit.entry import AuditAction
from hub.delivery import notes
from hub.delivery.reading import NotYours, is_readable_by
from hub.ledger import LaneErased, Ledger
from hub.store.records import DeliveryChange, DeliveryState, DeliveryView
from schemas.frozen import dataclass

Outcome = Literal["handled", "needs_info", "declined"]


@dataclass(frozen=True, slots=True)
class AcknowledgeDelivery:
    """The recipient has the message in its own keeping; the hub stops reminding."""

    caller: str
    delivery_id: str


@dataclass(frozen=True, slots=True)
class ReportHandled:
    """The recipient's business receipt, shown to the sender. `note` is short free text."""

    caller: str
    delivery_id: str
    outcome: Outcome
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """It is durable."""


@dataclass(frozen=True, slots=True)
class AlreadyAnswered:
    """Another outcome was reported before; the first one stands."""


class DeliveryAnswering:
    """The handler of both commands."""

    def prepare(self, ledger: Ledger, commands: Sequence[AcknowledgeDelivery | ReportHandled]) -> None:
        ids = {command.delivery_id for command in commands}
        ledger.prepare_deliveries(ids)
        views = [view for view in map(ledger.find_delivery, ids) if view is not None]
        ledger.prepare_data_keys({view.message.lane_id for view in views})

    def handle(
        self, ledger: Ledger, command: AcknowledgeDelivery | ReportHandled
    ) -> Noted | NotYours | AlreadyAnswered:
        view = ledger.find_delivery(command.delivery_id)
        if view is None or not is_readable_by(view, command.caller):
            return NotYours()
        if isinstance(command, AcknowledgeDelivery):
            return self._acknowledge(ledger, view)
        return self._report(ledger, view, command)

    def _acknowledge(self, ledger: Ledger, view: DeliveryView) -> Noted:
        if view.delivery.acked_at is None:
            # What could not be pushed was fetched after all.
            state = DeliveryState.NOTIFIED if view.delivery.state is DeliveryState.DEAD else None
            change = DeliveryChange(view.delivery.delivery_id, acked_at=ledger.at, state=state)
            ledger.change_delivery(change)
            ledger.changes.acknowledged.append(view.delivery.delivery_id)
            self._audit(ledger, AuditAction.DELIVERY_ACKNOWLEDGED, view)
        return Noted()

    def _report(self, ledger: Ledger, view: DeliveryView, command: ReportHandled) -> Noted | AlreadyAnswered:
        delivery = view.delivery
        if delivery.outcome is not None:
            return Noted() if delivery.outcome == command.outcome else AlreadyAnswered()
        ledger.change_delivery(
            DeliveryChange(
                delivery.delivery_id,
                state=DeliveryState.HANDLED,
                acked_at=delivery.acked_at or ledger.at,
                handled_at=ledger.at,
                outcome=command.outcome,
                note=self._seal_note(ledger, view, command.note),
            )
        )
        ledger.changes.acknowledged.append(delivery.delivery_id)
        self._audit(ledger, AuditAction.DELIVERY_HANDLED, view, command.outcome)
        return Noted()

    def _seal_note(self, ledger: Ledger, view: DeliveryView, note: str | None) -> bytes | None:
        if note is None:
            return None
        try:
            key = ledger.existing_key(view.message.lane_id)
        except LaneErased:
            return None  # the case is erased; a note about it is not kept either
        return notes.seal_note(key, view.message, view.delivery, note)

    def _audit(self, ledger: Ledger, action: AuditAction, view: DeliveryView, outcome: str | None = None) -> None:
        ledger.audit(
            action,
            view.delivery.unit_id,
            unit=view.delivery.unit_id,
            type=view.message.type,
            message_id=view.message.key.message_id,
            case_id=view.message.case_id,
            detail={"outcome": outcome} if outcome else {},
        )
