"""A recipient opens a message: everything is decided again, and the log hears of it before the bytes leave.

What was allowed at intake may not be any more: a consent was withdrawn, a protection arrived, a unit closed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.audit.entry import AuditAction
from hub.intake import receipts
from hub.intake.receiving import Receiver
from hub.ledger import LaneErased, Ledger
from hub.store.records import DeliveryChange, DeliveryState, DeliveryView
from hub.vault import SealingKey, body_aad
from routing import decision as decisions
from routing.decision import Ruling
from routing.directory import Directory
from routing.message import Message
from routing.refusals import RefusalCode
from routing.rulebook import Rulebook
from routing.situation import Situation
from schemas import envelope as envelopes
from schemas.frozen import dataclass

# States in which a copy has not been read yet; reading moves it, reading again does not.
UNREAD = frozenset({DeliveryState.PENDING, DeliveryState.NOTIFIED})


@dataclass(frozen=True, slots=True)
class ReadDelivery:
    """`caller` wants to see its copy."""

    caller: str
    delivery_id: str


@dataclass(frozen=True, slots=True)
class NotYours:
    """No such delivery, or another unit's: the same answer."""


@dataclass(frozen=True, slots=True)
class Gone:
    """It may not, or not any more, be disclosed. The recipient is not told which of the reasons."""

    code: RefusalCode


@dataclass(frozen=True, slots=True)
class Opened:
    """The CloudEvent as this recipient may see it now, as a structured-mode document."""

    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Readable:
    """A copy that may be disclosed now, as the ruling says, with the key of its lane."""

    view: DeliveryView
    ruling: Ruling
    key: SealingKey


class DeliveryReading:
    """The handler of `ReadDelivery`."""

    def __init__(self, directory: Directory, rulebook: Rulebook, receiver: Receiver) -> None:
        self._directory = directory
        self._rulebook = rulebook
        self._receiver = receiver

    def prepare(self, ledger: Ledger, commands: Sequence[ReadDelivery]) -> None:
        ids = {command.delivery_id for command in commands}
        ledger.prepare_deliveries(ids)
        views = [view for view in map(ledger.find_delivery, ids) if view is not None]
        ledger.prepare_cases({view.message.case_id for view in views if view.message.case_id is not None})
        ledger.prepare_data_keys({view.message.lane_id for view in views})
        cases = [ledger.find_case(view.message.case_id) for view in views]
        ledger.prepare_consents({case.person_key for case in cases if case is not None and case.person_key}, ())

    def handle(self, ledger: Ledger, command: ReadDelivery) -> Opened | Gone | NotYours:
        found = self.rule(ledger, command.caller, command.delivery_id)
        if isinstance(found, Readable):
            return self._disclose(ledger, found.view, found.ruling, found.key)
        return found

    def rule(self, ledger: Ledger, caller: str, delivery_id: str) -> Readable | Gone | NotYours:
        """Whether the caller may see its copy now. That it may not, the log hears; that it did, it must hear from who
        asks."""
        view = ledger.find_delivery(delivery_id)
        if view is None or not is_readable_by(view, caller):
            return NotYours()
        if view.delivery.state is DeliveryState.REFUSED:  # stopped since
            return self._withhold(ledger, view, RefusalCode.COULD_NOT_BE_DELIVERED)
        expires_at = view.message.expires_at
        if view.delivery.state is DeliveryState.EXPIRED or (
            expires_at is not None and expires_at <= ledger.at and view.delivery.state in UNREAD
        ):
            return self._withhold(ledger, view, RefusalCode.EXPIRED)  # the sweep changes its state and tells its sender
        try:
            key = ledger.existing_key(view.message.lane_id)
            message = self.reopen(ledger, view, key)
        except LaneErased:
            return self._withhold(ledger, view, RefusalCode.COULD_NOT_BE_DELIVERED)
        ruling = self.decide(ledger, view, message)
        if not ruling.discloses or ruling.copy is None:
            code = ruling.code or RefusalCode.COULD_NOT_BE_DELIVERED
            return self._withhold(ledger, view, code)
        return Readable(view, ruling, key)

    def reopen(self, ledger: Ledger, view: DeliveryView, key: SealingKey) -> Message:
        """The message from its sealed body. Raises `LaneErased` when that is gone."""
        stored = view.message
        if not stored.sealed:
            raise LaneErased
        source, message_id = stored.key.source, stored.key.message_id
        aad = body_aad(stored.lane_id, source, message_id, stored.type, stored.version)
        case = ledger.find_case(stored.case_id)
        body = key.open(stored.sealed, aad=aad)
        return self._receiver.reopen(stored.envelope, body, case.person_key if case else None)

    def decide(self, ledger: Ledger, view: DeliveryView, message: Message) -> Ruling:
        """The ruling as it is now."""
        keys = {message.person_key} if message.person_key is not None else set()
        ledger.prepare_consents(keys, message.cited_consents)
        ledger.prepare_earlier(message.speaks_of)
        situation = Situation(
            at=ledger.at,
            accepted_at=view.message.recorded_at,
            case=ledger.find_case(view.message.case_id),
            consents=ledger.consents_of(message.person_key),
            earlier=ledger.find_earlier(message),
        )
        return decisions.decide_again(
            message,
            view.delivery.unit_id,
            view.delivery.kind,
            situation,
            self._directory,
            self._rulebook,
        )

    def _withhold(self, ledger: Ledger, view: DeliveryView, code: RefusalCode) -> Gone:
        """Logged with its reason, told without it. An expired copy says so: its sender chose the time."""
        ledger.audit(
            AuditAction.DELIVERY_WITHHELD,
            view.delivery.unit_id,
            unit=view.delivery.unit_id,
            type=view.message.type,
            message_id=view.message.key.message_id,
            case_id=view.message.case_id,
            code=code.value,
            detail={"rulebook": self._rulebook.digest},
        )
        expired = code is RefusalCode.EXPIRED
        return Gone(code if expired else RefusalCode.COULD_NOT_BE_DELIVERED)

    def _disclose(self, ledger: Ledger, view: DeliveryView, ruling: Ruling, key: SealingKey) -> Opened:
        stored, delivery = view.message, view.delivery
        ledger.audit(
            AuditAction.DELIVERY_DISCLOSED,
            delivery.unit_id,
            unit=delivery.unit_id,
            type=stored.type,
            message_id=stored.key.message_id,
            case_id=stored.case_id,
            detail={
                "case_ref": key.commit(stored.lane_id.encode()),
                "rulebook": self._rulebook.digest,
                "categories": sorted(ruling.carried),
                **{
                    name: value
                    for name, value in receipts.recipient_row(ruling, delivery.delivery_id).items()
                    if name in ("verdict", "rule", "basis", "withheld")
                },
            },
        )
        if delivery.state in UNREAD or delivery.state is DeliveryState.DEAD:
            change = DeliveryChange(delivery.delivery_id, state=DeliveryState.READ)
            ledger.change_delivery(change)
        attached = {"attachments": envelopes.write_attached(ruling.attached)} if ruling.attached else {}
        sent = {name: value for name, value in stored.envelope.items() if name != "attachments"}
        return Opened(
            {
                "specversion": "1.0",
                "datacontenttype": "application/json",
                **sent,
                **attached,
                "recordedtime": receipts.timestamp(stored.recorded_at),
                "sequence": str(delivery.sequence),
                "dataref": f"/v1/inbox/{delivery.delivery_id}",
                "deliveryid": delivery.delivery_id,
                "data": ruling.copy,
            }
        )


def is_readable_by(view: DeliveryView, caller: str) -> bool:
    """A copy that was refused from the start is nobody's: its recipient never learns that there was one."""
    return view.delivery.unit_id == caller and view.delivery.sequence is not None
