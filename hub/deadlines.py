"""What has come due is told: a sweep asks the store for cases, copies and consents whose time has come, and each of
them is looked at again inside a commit group, where a message that came first has met what it meets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import structlog

from hub.audit.entry import AuditAction
from hub.clock import Clock
from hub.commit_group import CommitGroup, Overloaded
from hub.delivery.unread import LookAtUnread
from hub.intake import receipts
from hub.ledger import Ledger
from hub.notices import Notices
from hub.rounds import Rounds
from hub.store.port import Store, StoreUnavailable
from routing import deadlines
from routing.deadlines import Told
from routing.rulebook import Rulebook
from routing.situation import day_in_stockholm
from routing.vocabulary import HUB

log = structlog.get_logger()

BATCH = 200


@dataclass(frozen=True, slots=True)
class FireDeadlines:
    """Something in this case may have come due."""

    case_id: str


class DeadlineFiring:
    """The handler of `FireDeadlines`."""

    def __init__(self, notices: Notices, rulebook: Rulebook, is_working_day: Callable[[date], bool]) -> None:
        self._notices = notices
        self._rulebook = rulebook
        self._is_working_day = is_working_day

    def prepare(self, ledger: Ledger, commands: Sequence[FireDeadlines]) -> None:
        ledger.prepare_cases({command.case_id for command in commands})

    def handle(self, ledger: Ledger, command: FireDeadlines) -> None:
        case = ledger.find_case(command.case_id)
        if case is None:
            return
        fired = deadlines.fire(case, ledger.at, self._rulebook, self._is_working_day)
        # Written also when nothing is told, so that the store does not name the case again in the next sweep.
        ledger.put_case(fired.case)
        for told in fired.told:
            self._tell(ledger, command.case_id, told)

    def _tell(self, ledger: Ledger, case_id: str, told: Told) -> None:
        deadline = told.deadline
        content: dict[str, Any] = {
            "deadline": deadline.code,
            "due_at": receipts.timestamp(deadline.due_at),
            "responsible_unit": told.unit,
            "level": told.level,
        }
        if deadline.about is not None:
            content["about"] = deadline.about
        detail = {"deadline": deadline.code, "level": told.level}
        ledger.audit(AuditAction.DEADLINE_DUE, HUB, unit=told.unit, case_id=case_id, detail=detail)
        self._notices.post(ledger, "hub.deadline-due", content, to=[told.unit], case_id=case_id)


@dataclass(frozen=True, slots=True)
class RemindOfConsent:
    """This consent may end soon."""

    consent_id: str


class ConsentReminding:
    """The handler of `RemindOfConsent`. Tells the unit that recorded it, once for each number of days in the rules."""

    def __init__(self, notices: Notices, rulebook: Rulebook) -> None:
        self._notices = notices
        self._days = rulebook.deadlines.consent_days

    def prepare(self, ledger: Ledger, commands: Sequence[RemindOfConsent]) -> None:
        ledger.prepare_consents((), {command.consent_id for command in commands})

    def handle(self, ledger: Ledger, command: RemindOfConsent) -> None:
        stored = ledger.find_stored_consent(command.consent_id)
        consent = ledger.find_consent(command.consent_id)
        if stored is None or consent is None or stored.status != "active":
            return
        left = (consent.valid_to - day_in_stockholm(ledger.at)).days
        passed = [days for days in self._days if left <= days]
        if not passed or (stored.told_days is not None and stored.told_days <= min(passed)):
            return
        ledger.put_consent(replace(stored, told_days=min(passed)), consent)
        recorded = (consent.valid_to - day_in_stockholm(stored.recorded_at)).days
        if left < 0 or recorded <= min(passed):
            return  # over, or so short from the beginning that nobody needs to be reminded
        content = {
            "consent_id": consent.consent_id,
            "version": consent.version,
            "valid_to": consent.valid_to.isoformat(),
            "days_left": left,
        }
        self._notices.post(ledger, "hub.consent-expiring", content, to=[stored.recorded_by])


class Sweep:
    """Looks for what has come due, at the start and every `seconds`."""

    def __init__(self, store: Store, group: CommitGroup, clock: Clock, rulebook: Rulebook, seconds: float) -> None:
        self._store = store
        self._group = group
        self._clock = clock
        self._consent_days = rulebook.deadlines.consent_days
        self._rounds = Rounds(self.sweep, seconds, "deadlines", at_once=True)
        self._also: list[Callable[[], Awaitable[None]]] = []

    def also(self, look: Callable[[], Awaitable[None]]) -> None:
        """Calls `look` at the end of every sweep."""
        self._also.append(look)

    def use(self, rulebook: Rulebook) -> None:
        """From now on, when consents are reminded of is as this rulebook says."""
        self._consent_days = rulebook.deadlines.consent_days

    def start(self) -> None:
        self._rounds.start()

    async def stop(self) -> None:
        """Ends after what is under way. Twice is fine."""
        await self._rounds.stop()

    async def sweep(self) -> None:
        """Tells everything that is due now. What fails is left for the next sweep and holds up nothing else."""
        at = self._clock.now()
        await self._submit_all(partial(self._list_cases, at), FireDeadlines)
        await self._submit_all(partial(self._list_unread, at), LookAtUnread)
        today = day_in_stockholm(at)
        for days in sorted(self._consent_days):
            until = (today + timedelta(days=days)).isoformat()
            await self._submit_all(partial(self._list_consents, until, days), RemindOfConsent)
        for look in self._also:
            await look()

    def _list_cases(self, at: datetime, limit: int) -> list[str]:
        return self._store.reader().list_due_cases(at, limit=limit)

    def _list_unread(self, at: datetime, limit: int) -> list[str]:
        return self._store.reader().list_unread_due(at, limit=limit)

    def _list_consents(self, until: str, days: int, limit: int) -> list[str]:
        found = self._store.reader().list_ending_consents(until, told_days=days, limit=limit)
        return [stored.consent_id for stored in found]

    async def _submit_all(self, list_due: Callable[[int], list[str]], command: Callable[[str], object]) -> None:
        """Each once, whether it succeeds or not: what fails must not keep the others waiting."""
        seen: set[str] = set()
        while not self._rounds.is_stopping:
            found = await self._store.ask(partial(list_due, BATCH + len(seen)))
            due = [name for name in found if name not in seen]
            if not due:
                return
            seen.update(due)
            answers = await asyncio.gather(*(self._group.submit(command(name)) for name in due), return_exceptions=True)
            for answer in answers:
                if isinstance(answer, (StoreUnavailable, Overloaded)):
                    raise answer
                if isinstance(answer, BaseException):
                    log.error("deadline_fault", kind=type(command(due[0])).__name__, exc_info=answer)
