"""Accepting a message: decided, sealed, stored with its deliveries, its case and its audit leaf in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from hub import frequency
from hub.attachments import attaching
from hub.audit.entry import AuditAction
from hub.identity import party_keys
from hub.identity.message_signatures import Evidence
from hub.identity.party_keys import UseOnce
from hub.intake import receipts, refusing
from hub.intake.receiving import NotAccepted, Received
from hub.intake.recording import MessageRecording, uniform
from hub.intake.refusing import RecordRefusal
from hub.intake.registering import ConsentRegistering
from hub.ledger import Ledger
from hub.protection import Protection
from hub.store.records import StoredMessage
from routing import consent as consents
from routing import decision as decisions
from routing.decision import Decision
from routing.directory import Directory
from routing.message import Message
from routing.refusals import Refusal, RefusalCode
from routing.rulebook import Rulebook
from routing.situation import Situation
from schemas.frozen import dataclass

OWN_NEED = "OSL_10_2"
CLOSED_UNKNOWN = "CLOSED_UNKNOWN"
_LOST: Final = "unknown_no_contact"


@dataclass(frozen=True, slots=True)
class AcceptMessage:
    """One unit wants this message taken."""

    received: Received
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The receipt; `duplicate` when it was given before."""

    receipt: Mapping[str, Any]
    duplicate: bool = False


class MessageAcceptance:
    """The handler of `AcceptMessage`, and of the same decision as a dry run."""

    def __init__(
        self,
        directory: Directory,
        rulebook: Rulebook,
        recording: MessageRecording,
        registering: ConsentRegistering,
        protection: Protection,
        is_working_day: Callable[[date], bool],
    ) -> None:
        self._directory = directory
        self._rulebook = rulebook
        self._recording = recording
        self._registering = registering
        self._protection = protection
        self._is_working_day = is_working_day

    def prepare(self, ledger: Ledger, commands: Sequence[AcceptMessage]) -> None:
        messages = [command.received.message for command in commands]
        ledger.prepare_messages([command.received.key for command in commands])
        ledger.prepare_cases({message.subject for message in messages if message.subject is not None})
        cases = [ledger.find_case(message.subject) for message in messages]
        person_keys = {message.person_key for message in messages} | {
            case.person_key for case in cases if case is not None
        }
        persons = {key for key in person_keys if key is not None}
        ledger.prepare_cases_of(persons)
        cited = {consent_id for message in messages for consent_id in message.cited_consents}
        ledger.prepare_consents(persons, cited)
        ledger.prepare_earlier({message_id for message in messages for message_id in message.speaks_of})
        attaching.prepare(ledger, messages)

    def handle(self, ledger: Ledger, command: AcceptMessage) -> Accepted | NotAccepted:
        received = command.received
        known = ledger.find_message(received.key)
        if known is not None:
            return self._again(ledger, received, known)
        if command.evidence is not None and not _is_fresh(ledger, received, command.evidence):
            refused = NotAccepted(Refusal(RefusalCode.DUPLICATE, "signature/nonce"))
            refusing.record_refusal(ledger, RecordRefusal.of(received.message, refused, None))
            return refused
        if not attaching.are_there(ledger, received.message):
            refused = NotAccepted(attaching.REFUSED, faults=(attaching.NOT_THERE,))
            refusing.record_refusal(ledger, RecordRefusal.of(received.message, refused, None))
            return refused
        decision = self._decide(ledger, received)
        if decision.refusal is not None and decision.uniform:
            return Accepted(self._recording.record_silently(ledger, received, decision, decision.refusal))
        if decision.refusal is not None:
            return self._refuse(ledger, received, decision, decision.refusal)
        receipt = self._recording.record(ledger, received, decision, command.evidence)
        self._registering.follow(ledger, received.message, decision)
        self._watch(ledger, received.message, decision)
        return Accepted(receipt)

    def _watch(self, ledger: Ledger, message: Message, decision: Decision) -> None:
        """What is followed up by counting entries of the log, since bodies do not stay."""
        case_id = decision.case.case_id if decision.case else None
        if _ends_in_the_dark(message):
            ledger.audit(
                AuditAction.CLOSED_UNKNOWN,
                message.sender,
                message_id=message.message_id,
                case_id=case_id,
                code=CLOSED_UNKNOWN,
            )
        self._watch_own_need(ledger, message, decision, case_id)

    def _watch_own_need(self, ledger: Ledger, message: Message, decision: Decision, case_id: str | None) -> None:
        """OSL 2009:400 10:2 is to be applied restrictively: each use is told, and a unit that uses it often."""
        claimed = {claim["recipient_kind"] for claim in message.handling["basis"] if claim["code"] == OWN_NEED}
        if not any(ruling.discloses and ruling.kind in claimed for ruling in decision.rulings):
            return
        ledger.audit(
            AuditAction.OSL_10_2_USED, message.sender, message_id=message.message_id, case_id=case_id, code=OWN_NEED
        )
        hours = self._rulebook.settings.osl_10_2_window_hours
        times = frequency.count(ledger, OWN_NEED, message.sender, hours)
        if times > self._rulebook.settings.osl_10_2_most:
            frequency.tell(ledger, AuditAction.OSL_10_2_FREQUENT, message.sender, times=times, hours=hours)

    def _refuse(self, ledger: Ledger, received: Received, decision: Decision, refusal: Refusal) -> NotAccepted:
        message, refused = received.message, refusing.not_accepted(decision, refusal)
        case = ledger.find_case(message.subject)
        refusing.record_refusal(ledger, RecordRefusal.of(message, refused, case))
        if refusal.code is RefusalCode.PROTECTED_IDENTITY:
            self._protection.follow(ledger, message, case)
        return refused

    def explain(self, ledger: Ledger, received: Received) -> Accepted | NotAccepted:
        """The decision now, with nothing written."""
        self.prepare(ledger, [AcceptMessage(received)])
        known = ledger.find_message(received.key)
        if known is not None:
            return _answer_again(received, known)
        if not attaching.are_there(ledger, received.message):
            return NotAccepted(attaching.REFUSED, faults=(attaching.NOT_THERE,))
        decision = self._decide(ledger, received)
        if decision.refusal is not None and not decision.uniform:
            return refusing.not_accepted(decision, decision.refusal)
        rows = [receipts.recipient_row(ruling) for ruling in decision.rulings if not ruling.unseen]
        receipt = receipts.receipt(
            message_id=received.message.message_id,
            source=received.envelope.source,
            case_id=received.message.subject,
            recorded_at=ledger.at,
            rulebook=self._rulebook,
            recipients=uniform(rows) if decision.uniform else rows,
            warnings=decision.warnings,
            log=None,
        )
        return Accepted(receipt)

    def _again(self, ledger: Ledger, received: Received, known: StoredMessage) -> Accepted | NotAccepted:
        answer = _answer_again(received, known)
        if isinstance(answer, NotAccepted):
            refusing.record_refusal(ledger, RecordRefusal.of(received.message, answer, None))
        return answer

    def _decide(self, ledger: Ledger, received: Received) -> Decision:
        message, expires_at = received.message, received.envelope.expirytime
        if expires_at is not None and expires_at <= ledger.at:
            return Decision(refusal=Refusal(RefusalCode.EXPIRED, "envelope/expirytime", None, ("/expirytime",)))
        case = ledger.find_case(message.subject)
        person_key = message.person_key or (case.person_key if case else None)
        situation = Situation(
            at=ledger.at,
            accepted_at=ledger.at,
            case=case,
            cases_of_person=ledger.list_cases_of(message.person_key),
            consents=self._consents(ledger, message, person_key),
            earlier=ledger.find_earlier(message),
            new_case_id=str(uuid.uuid4()) if case is None else None,
            is_working_day=self._is_working_day,
        )
        return decisions.decide(message, situation, self._directory, self._rulebook)

    def _consents(self, ledger: Ledger, message: Message, person_key: str | None) -> dict[str, consents.Consent]:
        """The person's consents; for a message about a consent also that one, whoever it belongs to."""
        known = ledger.consents_of(person_key)
        rule = self._rulebook.find_type(message.type)
        own = ledger.find_consent(message.content.get("consent_id", ""))
        if rule is not None and rule.registers is not None and own is not None:
            known[own.consent_id] = own
        return known


def _answer_again(received: Received, known: StoredMessage) -> Accepted | NotAccepted:
    """The receipt that was given for the same message; another one under its id is none."""
    if known.fingerprint == received.fingerprint:
        return Accepted(known.receipt, duplicate=True)
    return NotAccepted(Refusal(RefusalCode.DUPLICATE, "envelope/id", pointers=("/id",)))


def _ends_in_the_dark(message: Message) -> bool:
    return message.content.get("closing_reason") == _LOST


def _is_fresh(ledger: Ledger, received: Received, evidence: Evidence) -> bool:
    """Whether the signature's nonce is used for the first time."""
    use = UseOnce("signature", received.message.sender, evidence.nonce, evidence.ends_at)
    return party_keys.use(ledger, use)
