"""A consent was withdrawn or ended: copies that nobody has read yet are stopped, and their senders hear of it.

What was delivered is not recalled: receivers keep their records by law. Copies that a statute carries go on.
"""

from __future__ import annotations

from hub.audit.entry import AuditAction
from hub.delivery.reading import DeliveryReading
from hub.ledger import LaneErased, Ledger, consent_lane, person_lane
from hub.notices import Notices
from hub.store.records import DeliveryChange, DeliveryState, DeliveryView
from routing.consent import Consent
from routing.decision import Ruling
from routing.refusals import RefusalCode
from routing.vocabulary import HUB


class Recalling:
    """Looks through what waits and rests on a consent that gives less than before."""

    def __init__(self, reading: DeliveryReading, notices: Notices) -> None:
        self._reading = reading
        self._notices = notices

    def recall(self, ledger: Ledger, narrowed: Consent) -> None:
        """Decides each waiting copy again; the ledger knows the narrowed consent already."""
        cases = [case.case_id for case in ledger.list_cases_of(narrowed.person_key)]
        lanes = [*cases, person_lane(narrowed.person_key), consent_lane(narrowed.consent_id)]
        ledger.prepare_cases(cases)
        ledger.prepare_data_keys(lanes)
        # Each of them, whatever basis its receipt names: a statute may carry a part, and the consent the rest.
        for view in ledger.prepare_unread(lanes):
            self._decide(ledger, view)

    def _decide(self, ledger: Ledger, view: DeliveryView) -> None:
        try:
            key = ledger.existing_key(view.message.lane_id)
            ruling = self._reading.decide(ledger, view, self._reading.reopen(ledger, view, key))
        except LaneErased:
            return
        if not ruling.discloses:
            self._stop(ledger, view, ruling)
        elif fewer := sorted(set(ruling.withheld) - set(view.delivery.withheld)):
            self._notices.post(
                ledger,
                "hub.redaction-notice",
                {
                    "message_id": view.message.key.message_id,
                    "unit": view.delivery.unit_id,
                    "pointers": fewer,
                    "code": RefusalCode.CONSENT_NOT_COVERING.value,
                },
                to=[view.message.sender],
                case_id=view.message.case_id,
            )

    def _stop(self, ledger: Ledger, view: DeliveryView, ruling: Ruling) -> None:
        code = (ruling.code or RefusalCode.COULD_NOT_BE_DELIVERED).value
        change = DeliveryChange(view.delivery.delivery_id, state=DeliveryState.REFUSED, code=code)
        ledger.change_delivery(change)
        ledger.changes.acknowledged.append(view.delivery.delivery_id)
        ledger.audit(
            AuditAction.DELIVERY_RECALLED,
            HUB,
            unit=view.delivery.unit_id,
            type=view.message.type,
            message_id=view.message.key.message_id,
            case_id=view.message.case_id,
            code=code,
            detail={"delivery": view.delivery.delivery_id, "rule": ruling.rule},
        )
        content = {
            "message_id": view.message.key.message_id,
            "type": view.message.type,
            "unit": view.delivery.unit_id,
            "code": code,
            "pointers": [],
        }
        self._notices.post(ledger, "hub.refused", content, to=[view.message.sender], case_id=view.message.case_id)
