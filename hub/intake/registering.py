"""The registry of consents follows the messages: recorded, withdrawn, ended, in the same transaction as its message."""

from __future__ import annotations

from dataclasses import replace

from hub.audit.entry import AuditAction
from hub.delivery.recalling import Recalling
from hub.intake import receipts
from hub.ledger import Ledger, consent_lane
from hub.notices import Notices
from hub.registry_of_consents import ConsentBook, narrowing_of, withdrawn
from routing.consent import Consent, ConsentStatus
from routing.decision import Decision
from routing.directory import Directory
from routing.message import Message
from routing.rulebook import Rulebook


class ConsentRegistering:
    """What an accepted message does to the registry."""

    def __init__(
        self, directory: Directory, rulebook: Rulebook, book: ConsentBook, recalling: Recalling, notices: Notices
    ) -> None:
        self._directory = directory
        self._rulebook = rulebook
        self._book = book
        self._recalling = recalling
        self._notices = notices

    def follow(self, ledger: Ledger, message: Message, decision: Decision) -> None:
        match self._rulebook.types[message.type].registers:
            case "consent":
                self._record(ledger, message, decision)
            case "withdrawal":
                self._withdraw(ledger, message)
            case None:
                if decision.ends_consents and decision.case is not None:
                    self._end(ledger, message, decision.case.person_key)

    def _record(self, ledger: Ledger, message: Message, decision: Decision) -> None:
        assert message.person_key is not None  # the type's schema requires a person
        known = ledger.find_consent(message.content["consent_id"])
        key = ledger.key_for(consent_lane(message.content["consent_id"]))
        if known is not None and known.recorded_by != message.sender:
            # The check consent_version_follows said that this is a holder's confirmation, and nothing else.
            stored = ledger.find_stored_consent(known.consent_id)
            assert stored is not None  # what is known was stored
            content = self._book.confirmed(stored, message, key)
            read = self._book.from_content(content, known.person_key, known.recorded_by)
            consent = replace(known, version=read.version, edges=read.edges)
        else:
            content = self._book.believed(message, known, self._rulebook.settings)
            consent = self._book.from_content(content, message.person_key, message.sender)
        ledger.put_consent(self._book.store(consent, content, ledger.at, key), consent)
        ledger.audit(AuditAction.CONSENT_RECORDED, message.sender, message_id=message.message_id)
        if consent.status is ConsentStatus.SUSPENDED:
            self._tell_of_doubt(ledger, message, decision)
        if known is not None:
            self._recalling.recall(ledger, consent)  # a version that gives less works at once

    def _tell_of_doubt(self, ledger: Ledger, message: Message, decision: Decision) -> None:
        """It covers nothing before people have settled whether it counts: who recorded it and who heard of it know."""
        told = {ruling.unit for ruling in decision.rulings if ruling.discloses}
        content = {
            "message_id": message.message_id,
            "since": receipts.timestamp(ledger.at),
            "routine": "manual",
        }
        # One each: none of them learns who else is concerned.
        for unit in sorted(told | {message.sender}):
            self._notices.post(ledger, "hub.manual-handling", content, to=[unit])

    def _withdraw(self, ledger: Ledger, message: Message) -> None:
        known = ledger.find_consent(message.content["consent_id"])
        assert known is not None  # the check withdrawal_by_party said so
        self._change(ledger, withdrawn(known, message, self._directory))
        ledger.audit(AuditAction.CONSENT_WITHDRAWN, message.sender, message_id=message.message_id)

    def _end(self, ledger: Ledger, message: Message, person_key: str | None) -> None:
        """A dead person's consents cover nothing more; secrecy remains (OSL 2009:400 12 kap.)."""
        for consent in ledger.consents_of(person_key).values():
            if consent.is_over(ledger.at) is None:
                self._change(ledger, replace(consent, status=ConsentStatus.EXPIRED))
                ledger.audit(AuditAction.CONSENT_ENDED, message.sender, message_id=message.message_id)

    def _change(self, ledger: Ledger, narrowed: Consent) -> None:
        stored = ledger.find_stored_consent(narrowed.consent_id)
        assert stored is not None  # what is known was stored
        ended_at = None if narrowed.status is ConsentStatus.ACTIVE else stored.ended_at or ledger.at
        row = replace(stored, status=narrowed.status.value, narrowing=narrowing_of(narrowed), ended_at=ended_at)
        ledger.put_consent(row, narrowed)
        self._recalling.recall(ledger, narrowed)
