"""What was known when a past message came: cases and consents as the messages before it had left them.

It is built anew from the messages themselves, for the hub keeps only what they have come to. So it holds every case
and consent of the time in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from hub.registry_of_consents import ConsentBook, withdrawn
from hub.replay.directories import Directories
from hub.working_days import is_working_day
from routing import deadlines
from routing.case import Case
from routing.consent import Consent, ConsentStatus
from routing.decision import Decision
from routing.message import Message
from routing.rulebook import Rulebook
from routing.situation import Earlier, Situation


class Past:
    """Goes forward with the messages, in the order in which they were accepted."""

    def __init__(self, directories: Directories, rulebook: Rulebook) -> None:
        self._directories = directories
        self._rulebook = rulebook
        self._cases: dict[str, Case] = {}
        self._cases_of: dict[str, set[str]] = {}
        self._consents: dict[str, Consent] = {}
        self._consents_of: dict[str, set[str]] = {}
        self._contents: dict[str, Mapping[str, Any]] = {}
        self._lost: set[str] = set()

    def knows(self, case_id: str) -> bool:
        return case_id in self._cases

    def lose(self, case_id: str | None) -> None:
        """A message of this case cannot be followed: from here on nobody can say how the case stood."""
        if case_id is not None:
            self._lost.add(case_id)

    def has_lost(self, case_id: str | None) -> bool:
        return case_id in self._lost

    def person_of(self, case_id: str | None) -> str | None:
        case = self._cases.get(case_id or "")
        return case.person_key if case is not None else None

    def situation(
        self, message: Message, case_id: str | None, at: datetime, earlier: Mapping[str, Earlier]
    ) -> Situation:
        """As at intake. `case_id` is the case in which the message was stored."""
        case = self._at(message.subject, at)
        person = message.person_key or (case.person_key if case else None)
        cases = [self._cases[name] for name in self._cases_of.get(message.person_key or "", ())]
        known = {name: self._consents[name] for name in self._consents_of.get(person or "", ())}
        rule = self._rulebook.find_type(message.type)
        own = self._consents.get(message.content.get("consent_id", ""))
        if rule is not None and rule.registers is not None and own is not None:
            known[own.consent_id] = own
        return Situation(
            at=at,
            accepted_at=at,
            case=case,
            cases_of_person=tuple(sorted(cases, key=lambda each: each.opened_at)),
            consents=known,
            earlier=earlier,
            new_case_id=case_id if case is None else None,
            is_working_day=is_working_day,
        )

    def _at(self, case_id: str | None, at: datetime) -> Case | None:
        """The case with what had come due by then, as the sweep has left it."""
        case = self._cases.get(case_id or "")
        if case is not None and any(each.next_at <= at for each in case.memory.deadlines):
            case = deadlines.fire(case, at, self._rulebook, is_working_day).case
            self._cases[case.case_id] = case
        return case

    def follow(self, message: Message, decision: Decision, at: datetime) -> None:
        """What the accepted message has done."""
        if decision.case is not None:
            self._cases[decision.case.case_id] = decision.case
            self._cases_of.setdefault(decision.case.person_key or "", set()).add(decision.case.case_id)
        match self._rulebook.types[message.type].registers:
            case "consent":
                self._record(message, ConsentBook(self._directories.at(at)))
            case "withdrawal":
                known = self._consents[message.content["consent_id"]]
                self._consents[known.consent_id] = withdrawn(known, message, self._directories.at(at))
            case None if decision.ends_consents and decision.case is not None:
                self._end(decision.case.person_key or "", at)

    def _end(self, person_key: str, at: datetime) -> None:
        for name in self._consents_of.get(person_key, ()):
            if self._consents[name].is_over(at) is None:
                self._consents[name] = replace(self._consents[name], status=ConsentStatus.EXPIRED)

    def _record(self, message: Message, book: ConsentBook) -> None:
        consent_id = message.content["consent_id"]
        known = self._consents.get(consent_id)
        if known is not None and known.recorded_by != message.sender:
            content = book.with_confirmed(self._contents[consent_id], known, message)
            read = book.from_content(content, known.person_key, known.recorded_by)
            consent = replace(known, version=read.version, edges=read.edges)
        else:
            content = book.believed(message, known, self._rulebook.settings)
            consent = book.from_content(content, message.person_key or "", message.sender)
        self._consents[consent_id], self._contents[consent_id] = consent, content
        self._consents_of.setdefault(consent.person_key, set()).add(consent_id)
