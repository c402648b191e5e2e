"""Every stored message decided again by two rulebooks, and where they differ. Reasons only: no body leaves this module.

A message is judged whole (sender, purpose, state of the case, checks, recipients, bases) where the past of its case can
be built again. Where it cannot, as when bodies were erased by schedule, each copy is judged as when its recipient reads
it: protection, recipient, agreement, basis and fields, with the consents as they are now.

Both rulebooks meet the directory that was in force then. Weakness: what was refused at the time has left no message to
judge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from hub.intake.receiving import Receiver
from hub.ledger import Ledger
from hub.replay.directories import Directories
from hub.replay.past import Past
from hub.store.port import Reader
from hub.store.records import StoredMessage
from hub.vault import SealBroken, body_aad
from routing import decision as decisions
from routing.decision import Decision, Ruling
from routing.message import Message
from routing.rulebook import Rulebook
from routing.situation import Situation, day_in_stockholm
from routing.vocabulary import HUB
from schemas import personal_number
from schemas.frozen import dataclass

PAGE: Final = 200
NOBODY: Final = "-"
_SILENT: Final = b"{}"


class Judged(StrEnum):
    """How one stored message could be judged."""

    WHOLE = "whole"
    COPIES = "copies"
    ERASED = "erased"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A decision for one recipient. `withheld` are pointers into data, without values."""

    verdict: str
    code: str | None
    rule: str
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """Where the rulebooks differ. `recipient` is `-` where neither finds one."""

    message_id: str
    type: str
    recipient: str
    judged: Judged
    before: Outcome
    after: Outcome


NOT_ASKED: Final = Outcome("none", None, "")


class Replay:
    """Reads forward through everything that was accepted. Use once."""

    def __init__(
        self,
        reader: Reader,
        new_ledger: Callable[[datetime], Ledger],
        receiver: Receiver,
        directories: Directories,
        before: Rulebook,
        after: Rulebook,
    ) -> None:
        self.counts: Counter[Judged] = Counter()
        self._reader = reader
        self._new_ledger = new_ledger
        self._receiver = receiver
        self._directories = directories
        self._before = before
        self._after = after
        self._past = Past(directories, before)

    def run(self, tell: Callable[[int, int], None] = lambda done, of: None) -> Iterator[Changed]:
        """Every difference, in the order of acceptance. `tell` hears after each page how far it is, of how much."""
        last, after = self._reader.last_message_position(), 0
        while page := self._reader.list_oldest_messages(after=after, limit=PAGE):
            after = page[-1].position
            keys = {found.key for found in self._reader.find_earlier([each.message_id for each in page])}
            stored = sorted(self._reader.find_messages(keys).values(), key=lambda each: each.recorded_at)
            order = {each.message_id: number for number, each in enumerate(page)}
            for message in sorted(stored, key=lambda each: order[each.key.message_id]):
                yield from self._judge(message)
            tell(min(after, last), last)

    def _judge(self, stored: StoredMessage) -> Iterator[Changed]:
        if stored.sender == HUB:
            self.counts[Judged.OWN] += 1
            return
        ledger = self._new_ledger(stored.recorded_at)
        message = self._open(ledger, stored)
        if message is None:
            self.counts[Judged.ERASED] += 1
            self._past.lose(stored.case_id)
            return
        ledger.prepare_earlier(message.speaks_of)
        whole = self._judge_whole(ledger, stored, message)
        if whole is not None:
            self.counts[Judged.WHOLE] += 1
            yield from _differences(stored, Judged.WHOLE, *map(_outcomes, whole))
            return
        self.counts[Judged.COPIES] += 1
        yield from _differences(stored, Judged.COPIES, *self._judge_copies(ledger, stored, message))

    def _open(self, ledger: Ledger, stored: StoredMessage) -> Message | None:
        """The message; None when its body is gone or damaged, or never was there."""
        ledger.prepare_data_keys([stored.lane_id])
        sealed = self._reader.find_sealed(stored.key)
        if not sealed or not ledger.list_sealed([stored.lane_id]):
            return None
        aad = body_aad(stored.lane_id, stored.key.source, stored.key.message_id, stored.type, stored.version)
        try:
            body = ledger.existing_key(stored.lane_id).open(sealed, aad=aad)
        except SealBroken:
            return None
        if body == _SILENT:
            return None
        message = self._receiver.reopen(stored.envelope, body, self._person_of(ledger, stored))
        return replace(message, born_on=_born_on(message, stored.recorded_at))

    def _person_of(self, ledger: Ledger, stored: StoredMessage) -> str | None:
        if stored.case_id is None:
            return None
        if (known := self._past.person_of(stored.case_id)) is not None:
            return known
        found = self._reader.find_cases([stored.case_id]).get(stored.case_id)
        return found.case.person_key if found is not None else None

    def _judge_whole(self, ledger: Ledger, stored: StoredMessage, message: Message) -> tuple[Decision, Decision] | None:
        """Both decisions; None when the past that the message met cannot be built."""
        if self._past.has_lost(stored.case_id):
            return None
        rule = self._before.find_type(message.type)
        names_none = rule is None or rule.subject == "absent"
        # What is stored names the case that the message came to, also where its sender could not.
        opens = stored.case_id is None or not self._past.knows(stored.case_id)
        asked = replace(message, subject=None) if opens or names_none else message
        situation = self._past.situation(asked, stored.case_id, stored.recorded_at, ledger.find_earlier(asked))
        directory = self._directories.at(stored.recorded_at)
        before = decisions.decide(asked, situation, directory, self._before)
        if not before.accepted:
            # It was accepted. So something was known that is not known here, or other rules were in force.
            self._past.lose(stored.case_id)
            return None
        after = decisions.decide(asked, situation, directory, self._after)
        self._past.follow(asked, before, stored.recorded_at)
        return before, after

    def _judge_copies(
        self, ledger: Ledger, stored: StoredMessage, message: Message
    ) -> tuple[Mapping[str, Outcome], Mapping[str, Outcome]]:
        if stored.case_id is not None:
            ledger.prepare_cases([stored.case_id])
        persons = {message.person_key} if message.person_key is not None else set()
        ledger.prepare_consents(persons, message.cited_consents)
        situation = Situation(
            at=stored.recorded_at,
            accepted_at=stored.recorded_at,
            case=ledger.find_case(stored.case_id),
            consents=ledger.consents_of(message.person_key),
            earlier=ledger.find_earlier(message),
        )
        directory = self._directories.at(stored.recorded_at)
        copies = [row for row in self._reader.list_deliveries(stored.key) if row.sequence is not None]

        def again(rules: Rulebook) -> dict[str, Outcome]:
            return {
                row.unit_id: _outcome(
                    decisions.decide_again(message, row.unit_id, row.kind, situation, directory, rules)
                )
                for row in copies
            }

        return again(self._before), again(self._after)


def _born_on(message: Message, at: datetime) -> date | None:
    person = message.data.get("person")
    if person is None:
        return None
    return personal_number.parse(person["personal_number"], allow_test=True, today=day_in_stockholm(at)).born_on


def _outcome(ruling: Ruling) -> Outcome:
    code = ruling.code.value if ruling.code is not None else None
    return Outcome(ruling.verdict.value, code, ruling.rule, tuple(sorted(ruling.withheld)))


def _outcomes(decision: Decision) -> dict[str, Outcome]:
    """By recipient; under `-` what holds for everybody whom the decision does not name."""
    found = {ruling.unit: _outcome(ruling) for ruling in decision.rulings}
    if decision.refusal is not None:
        found[NOBODY] = Outcome("refuse", decision.refusal.code.value, decision.refusal.rule)
    return found


def _differences(
    stored: StoredMessage, judged: Judged, before: Mapping[str, Outcome], after: Mapping[str, Outcome]
) -> Iterator[Changed]:
    units = sorted((before.keys() | after.keys()) - {NOBODY}) or [NOBODY]
    for unit in units:
        one, other = (found.get(unit, found.get(NOBODY, NOT_ASKED)) for found in (before, after))
        if one != other:
            yield Changed(stored.key.message_id, stored.type, unit, judged, one, other)
