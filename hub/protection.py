"""Protected personal data (skyddade personuppgifter): once it is known, people take over and the hub forgets.

Bodies, keys, consents and the link from the number are destroyed with the refusal of the message that told of it
(sekretessmarkering OSL 2009:400 5:5, skyddad folkbokföring, OSL 22:1). District and unit count as address data: the
case keeps none. The parties hear that the case is handled manually, not why. What remains is an event without numbers.

Nobody here remembers who is protected: such a list would itself be the most dangerous thing in the hub.
"""

from __future__ import annotations

import uuid
from dataclasses import replace

from hub.audit.entry import AuditAction
from hub.intake import receipts
from hub.ledger import Ledger, consent_lane, person_lane
from hub.notices import Notices
from hub.store.records import DeliveryChange, DeliveryState, Shred
from routing.case import NOTHING_REMEMBERED, Case
from routing.directory import Directory
from routing.message import Message
from routing.refusals import RefusalCode

# `unknown` stops its own message and no more: it tells of the sender's ignorance, not of the person.
PROTECTED = frozenset({"sekretessmarkering", "skyddad_folkbokforing"})
# Companies do not know, and may not make the hub forget.
BELIEVED = frozenset({"sd", "jt", "af", "fk", "rg", "sfi", "utb", "team"})


class Protection:
    """What follows on a message that says that its person is protected."""

    def __init__(self, notices: Notices, directory: Directory) -> None:
        self._notices = notices
        self._directory = directory

    def follow(self, ledger: Ledger, message: Message, case: Case | None) -> None:
        """Makes everything about the person unreadable, in the transaction that refuses the message."""
        sender = self._directory.find_unit(message.sender)
        if message.handling["protected_identity"] not in PROTECTED or sender is None or sender.kind not in BELIEVED:
            return
        known = case if case is not None and case.is_party(message.sender) else None
        person_key = message.person_key or (known.person_key if known else None)
        cases = {each.case_id: each for each in ledger.list_cases_of(person_key)}
        if known is not None:
            cases[known.case_id] = ledger.find_case(known.case_id) or known
        self._forget(ledger, message, person_key, list(cases.values()))

    def _forget(self, ledger: Ledger, message: Message, person_key: str | None, cases: list[Case]) -> None:
        replacement = uuid.uuid4().hex
        consents = ledger.consents_of(person_key)
        lanes = {case.case_id: case.case_id for case in cases}
        lanes |= {consent_lane(consent_id): consent_lane(consent_id) for consent_id in consents}
        if person_key is not None:
            lanes[person_lane(person_key)] = f"person:{replacement}"
        if not ledger.list_sealed(lanes):
            return  # nothing is known of this person; the refusal itself is the event that remains
        stopped = ledger.prepare_unread(lanes)
        for view in stopped:
            change = DeliveryChange(
                view.delivery.delivery_id,
                state=DeliveryState.REFUSED,
                code=RefusalCode.COULD_NOT_BE_DELIVERED.value,
            )
            ledger.change_delivery(change)
        for each in cases:
            ledger.put_case(emptied(each, replacement))
        ledger.shred(Shred(lanes, person_key, replacement))
        ledger.audit(
            AuditAction.PERSON_PROTECTED,
            message.sender,
            message_id=message.message_id,
            detail={"cases": len(cases), "consents": len(consents), "stopped": len(stopped)},
        )
        for each in cases:
            content = {"case_id": each.case_id, "since": receipts.timestamp(ledger.at), "routine": "manual"}
            self._notices.post(ledger, "hub.manual-handling", content, to=each.parties - {message.sender})


def emptied(case: Case, replacement: str) -> Case:
    """The case as a shell: it takes nothing more, and does not tell where or whose it was."""
    return replace(
        case,
        person_key=replacement,
        suspended=True,
        parties=frozenset(),
        responsible_stadsdel=None,
        responsible_jobbtorg=None,
        team=None,
        plans={},
        reporting_request=None,
        memory=NOTHING_REMEMBERED,
    )
