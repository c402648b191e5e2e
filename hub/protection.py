"""Protected personal data (skyddade personuppgifter): once it is known, people take over and the hub forgets.

Bodies, keys, consents and the link from the number are destroyed with the refusal of the message that told of it
(sekretessmarkering OSL 2009:400 5:5, skyddad folkbokföring, OSL 22:1). District and unit count as address data: the
case keeps none. The parties hear that the case is handled manually, not why. What remains is an event without numbers.

Nobody here remembers who is protected: such a list would itself be the most dangerous thing in the hub.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from hub import frequency
from hub.audit.entry import AuditAction
from hub.intake import receipts
from hub.ledger import Ledger, consent_lane, person_lane
from hub.notices import Notices
from hub.store.records import DeliveryChange, DeliveryState, Shred
from routing.case import NOTHING_REMEMBERED, Case
from routing.directory import Directory
from routing.message import Message
from routing.refusals import RefusalCode
from routing.rulebook import Settings

# `unknown` stops its own message and no more: it tells of the sender's ignorance, not of the person.
PROTECTED = frozenset({"sekretessmarkering", "skyddad_folkbokforing"})
# How an entry of the log says that somebody was forgotten; what is counted.
FORGOTTEN = "FORGOTTEN"
# Companies do not know, and may not make the hub forget.
BELIEVED = frozenset({"sd", "jt", "af", "fk", "rg", "sfi", "utb", "team"})


class Protection:
    """What follows on a message that says that its person is protected."""

    def __init__(self, notices: Notices, directory: Directory, settings: Settings) -> None:
        self._notices = notices
        self._directory = directory
        self._settings = settings

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
        hours, most = self._settings.protection_window_hours, self._settings.protection_most
        before = frequency.count(ledger, FORGOTTEN, message.sender, hours)
        counts = {"cases": len(cases), "consents": len(consents)}
        if before >= most:
            if all(each.suspended for each in cases):
                return  # they stand still already; nobody is told of it again and again
            others = [lane for lane in lanes if lane not in {each.case_id for each in cases}]
            detail = counts | {"stopped": self._hold(ledger, message, cases, others)}
            ledger.audit(AuditAction.PERSON_HELD, message.sender, message_id=message.message_id, detail=detail)
            frequency.tell(ledger, AuditAction.PROTECTION_FREQUENT, message.sender, times=before + 1, hours=hours)
            return
        stopped = _stop_unread(ledger, lanes)
        for each in cases:
            ledger.put_case(emptied(each, replacement))
        ledger.shred(Shred(lanes, person_key, replacement))
        ledger.audit(
            AuditAction.PERSON_PROTECTED,
            message.sender,
            message_id=message.message_id,
            code=FORGOTTEN,
            detail=counts | {"stopped": stopped},
        )
        self._tell(ledger, message, cases)

    def _hold(self, ledger: Ledger, message: Message, cases: list[Case], other_lanes: list[str]) -> int:
        """Nothing is told any more and nothing is destroyed: a unit that flags one person after another may be right,
        may be mistaken, and may want cases to vanish. How many copies were stopped."""
        stopped = _stop_unread(ledger, other_lanes)
        for each in cases:
            ledger.put_case(replace(each, suspended=True))
        self._tell(ledger, message, cases)
        return stopped

    def _tell(self, ledger: Ledger, message: Message, cases: list[Case]) -> None:
        for each in cases:
            content = {"case_id": each.case_id, "since": receipts.timestamp(ledger.at), "routine": "manual"}
            self._notices.post(ledger, "hub.manual-handling", content, to=each.parties - {message.sender})


def _stop_unread(ledger: Ledger, lanes: Collection[str]) -> int:
    stopped = ledger.prepare_unread(lanes)
    for view in stopped:
        change = DeliveryChange(
            view.delivery.delivery_id,
            state=DeliveryState.REFUSED,
            code=RefusalCode.COULD_NOT_BE_DELIVERED.value,
        )
        ledger.change_delivery(change)
    return len(stopped)


@dataclass(frozen=True, slots=True)
class ReleaseCase:
    """An administrator has found that the flag was a mistake: the case goes on."""

    actor: str
    case_id: str


class Releasing:
    """The handler of `ReleaseCase`; False when there is no case that is only held."""

    def prepare(self, ledger: Ledger, commands: Sequence[ReleaseCase]) -> None:
        ledger.prepare_cases({command.case_id for command in commands})

    def handle(self, ledger: Ledger, command: ReleaseCase) -> bool:
        case = ledger.find_case(command.case_id)
        if case is None or not case.suspended or not case.parties:
            return False  # a shell has no parties, and nothing is left of it that could go on
        ledger.put_case(replace(case, suspended=False))
        ledger.audit(AuditAction.CASE_RELEASED, command.actor, case_id=case.case_id)
        return True


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
