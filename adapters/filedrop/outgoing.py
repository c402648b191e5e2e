"""From the folder to the hub: each file once, in the order in which they were written.

The order of the steps is what makes a crash harmless: id on disk, send, answer on disk, answer laid down, file moved,
entry dropped. Whatever the last step was, the next start goes on from it with the same id, and a hub takes an id once.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from adapters.filedrop import completing, filing, folder, hub_port, reports, trouble
from adapters.filedrop.filing import Filing, IsTheOne
from adapters.filedrop.folder import Arrival
from adapters.filedrop.journal import Answer, Entry, Journal, digest_of
from adapters.filedrop.stopping import Stop
from adapters.filedrop.tally import Done, Tally
from adapters.filedrop.trouble import Reach
from hub.client.errors import Refused
from schemas import envelope, registry, strict_json

# So often one message may make the hub stumble (500) before what lies behind it goes past. Not at once: what is behind
# may rest on it, as a referral does on a consent, and be refused for good when it comes first.
PASSES_IN_ORDER = 3


class Outgoing:
    """Takes what appears in `watched`, for one unit."""

    def __init__(
        self,
        hub: hub_port.HubPort,
        watched: Path,
        journal: Journal,
        unit: str,
        tally: Tally,
        *,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._hub = hub
        self._watched = watched
        self._journal = journal
        self._unit = unit
        self._tally = tally
        self._new_id = new_id
        self._now = now
        self._filing = Filing(watched)
        # Cases of which something had to wait in this pass: what comes behind it must not overtake it.
        self._held_cases: set[str] = set()
        self._stumbles: Counter[str] = Counter()

    async def send_waiting(self, stop: Stop) -> bool:
        """Takes what lies there. False when something has to be tried again later."""
        self._held_cases.clear()
        all_done = self._file_answered()
        try:
            arrivals = folder.list_arrivals(self._watched)
        except OSError as fault:
            self._tally.say(f"the folder cannot be looked at: {trouble.describe(fault)}")
            return False
        left = len(arrivals)
        self._tally.note_waiting(left)
        for arrival in arrivals:
            if stop.is_asked_for():
                return False
            waits_for = await self._take(arrival)
            if waits_for is Reach.HUB:
                return False
            if waits_for is None:
                self._stumbles.pop(arrival.name, None)
                left -= 1
                self._tally.note_waiting(left)
            else:
                all_done = False
        return all_done

    async def _take(self, arrival: Arrival) -> Reach | None:
        """None when the file is done with, else what has to wait."""
        try:
            return await self._take_readable(arrival)
        except folder.Vanished:
            return None
        except folder.NotUsable as fault:
            return self._lay_aside(arrival, fault.reason, filing.is_arrival(arrival))
        except trouble.PASSING as fault:
            self._tally.say(f"waiting, nothing is lost: {trouble.describe(fault)}")
            return self._reach_of(arrival, fault)
        except OSError as fault:
            self._tally.say(f"file {self._journal.tag(arrival.name)} has to wait: {trouble.describe(fault)}")
            return Reach.ITEM

    def _reach_of(self, arrival: Arrival, fault: Exception) -> Reach:
        if trouble.reach_of(fault) is Reach.HUB:
            return Reach.HUB
        self._stumbles[arrival.name] += 1
        return Reach.ITEM if self._stumbles[arrival.name] >= PASSES_IN_ORDER else Reach.HUB

    async def _take_readable(self, arrival: Arrival) -> Reach | None:
        raw = folder.read(self._watched / arrival.name)
        delivery_id = reports.find_delivery(arrival.name)
        if delivery_id is not None:
            return await self._report(arrival, delivery_id, raw)
        entry = self._journal.find(arrival.name, raw)
        if entry is None:
            try:
                event = completing.complete(raw, self._unit, new_id=self._new_id(), at=self._now())
            except strict_json.NotJson as fault:
                return self._lay_aside(arrival, "NOT_JSON", _same(raw), [completing.fault_of_json(fault)])
            except envelope.NotAnEvent as fault:
                return self._lay_aside(arrival, "NOT_AN_EVENT", _same(raw), fault.faults)
            entry = self._journal.prepare(arrival.name, raw, event)
        return await self._send(entry)

    async def _send(self, entry: Entry) -> Reach | None:
        if entry.answer is not None or entry.case_id in self._held_cases:
            return Reach.ITEM  # answered but not yet moved, or behind something of its own case
        try:
            done, line, answer = await self._ask(entry)
            entry = self._journal.record_answer(entry, answer)
        except (*trouble.PASSING, OSError):
            if entry.case_id is not None:
                self._held_cases.add(entry.case_id)
            raise
        self._tally.note(done, line)
        self._file(entry, answer)
        return None

    async def _ask(self, entry: Entry) -> tuple[Done, str, Answer]:
        """The hub's answer, where it is to lie, and how it is told of."""
        mark = entry.message_id[:8]
        try:
            receipt = await self._hub.send(entry.event)
        except Refused as refused:
            if not trouble.is_answer(refused):
                raise
            document = hub_port.describe(refused.problem)
            answer = self._filing.choose(filing.REFUSED, entry.name, mark, "problem", document)
            return Done.REFUSED, f"refused {entry.message_id}: {trouble.code_of(refused)}", answer
        answer = self._filing.choose(filing.SENT, entry.name, mark, "receipt", hub_port.describe(receipt))
        return Done.SENT, f"sent {entry.message_id}", answer

    def _file_answered(self) -> bool:
        """Ends what was cut off between the hub's answer and the file's move."""
        all_done = True
        for entry, answer in list(self._journal.list_answered()):
            try:
                self._file(entry, answer)
            except OSError as fault:
                self._tally.say(f"{entry.message_id} was answered, its file stays: {trouble.describe(fault)}")
                all_done = False
        return all_done

    def _file(self, entry: Entry, answer: Answer) -> None:
        self._filing.file(entry.name, answer, filing.has_digest(entry.digest))
        self._journal.forget(entry)

    def _lay_aside(
        self, arrival: Arrival, code: str, is_the_one: IsTheOne, faults: Sequence[registry.Fault] = ()
    ) -> Reach | None:
        """Moves a file that can never be sent out of the way."""
        tag = self._journal.tag(arrival.name)
        document = completing.describe_fault(code, tag, faults)
        try:
            answer = self._filing.choose(filing.BAD, arrival.name, tag, "problem", document)
            self._filing.file(arrival.name, answer, is_the_one)
        except OSError as fault:
            self._tally.say(f"file {tag} is bad ({code}) and cannot be moved: {trouble.describe(fault)}")
            return Reach.ITEM
        self._tally.note(Done.BAD, f"bad file {tag}: {code}")
        return None

    async def _report(self, arrival: Arrival, delivery_id: str, raw: bytes) -> Reach | None:
        """Needs no entry: the hub takes the same outcome for the same delivery as often as it comes."""
        try:
            report = reports.read(raw)
        except strict_json.NotJson as fault:
            return self._lay_aside(arrival, "NOT_JSON", _same(raw), [completing.fault_of_json(fault)])
        except reports.NotAnOutcome as fault:
            return self._lay_aside(arrival, "NOT_AN_OUTCOME", _same(raw), fault.faults)
        mark = self._journal.tag(arrival.name)
        try:
            await self._hub.handled(delivery_id, report.outcome, report.note)
        except Refused as refused:
            if not trouble.is_answer(refused):
                raise
            document = hub_port.describe(refused.problem)
            answer = self._filing.choose(filing.REFUSED, arrival.name, mark, "problem", document)
            self._filing.file(arrival.name, answer, _same(raw))
            self._tally.note(Done.REFUSED, f"refused report on {delivery_id}: {trouble.code_of(refused)}")
            return None
        said = {"delivery": delivery_id, "outcome": report.outcome, "status": "reported"}
        answer = self._filing.choose(filing.SENT, arrival.name, mark, "receipt", said)
        self._filing.file(arrival.name, answer, _same(raw))
        self._tally.note(Done.HANDLED, f"reported {report.outcome} for {delivery_id}")
        return None


def _same(raw: bytes) -> IsTheOne:
    return filing.has_digest(digest_of(raw))
