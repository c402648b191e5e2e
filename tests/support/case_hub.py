"""A whole hub for one life of steps, and what must be true of every message that goes through it."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import note

from hub import bootstrap, clock, slots
from hub import settings as hub_settings
from hub.delivery.reading import Gone, NotYours, Opened
from hub.intake.accepting import Accepted
from hub.intake.receiving import NotAccepted
from hub.store.records import AuditQuery, MessageKey
from routing.case import Case
from schemas import envelope as envelopes
from tests.support import events, judging, office, persons
from tests.support.case_model import PLAN, Life, Told, World, day_of

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # what a commit waits for is not the matter here
PEOPLE = (persons.ASTA, persons.BO)
# What says that nothing covers the message. Where the person's own word covers it, no answer may be one of these.
UNCOVERED = {"CONSENT_MISSING", "CONSENT_EXPIRED", "CONSENT_WITHDRAWN", "CONSENT_NOT_COVERING", "NO_BASIS"}


# The data directory of a hub that has heard nothing yet: making one takes longer than many steps of a case.
_EMPTY: list[tuple[str, bytes]] = []


def _settings(data_dir: str) -> hub_settings.Settings:
    # The steps ring the clock themselves.
    chosen = {"data_dir": data_dir, "allow_test_numbers": True, "deadline_sweep_seconds": 3600}
    return hub_settings.load(chosen, {}, None)


def _fill(data_dir: Path) -> None:
    if not _EMPTY:
        with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
            asyncio.run(bootstrap.prepare(_settings(f"{folder}/data")))
            _EMPTY.extend((path.name, path.read_bytes()) for path in Path(folder, "data").iterdir() if path.is_file())
    data_dir.mkdir(mode=0o700)
    for name, content in _EMPTY:
        path = data_dir / name
        path.touch(mode=0o600)
        path.write_bytes(content)


class CaseHub:
    """The hub and the model side by side."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY)
        given = _settings(f"{self.folder.name}/data")
        _fill(given.data_dir)
        self.clock = clock.FixedClock(judging.NOON)
        self.hub = bootstrap.build_hub(
            given,
            clock=self.clock,
            registry=events.catalogue(),
            directory=judging.directory(),
            rulebook=judging.rules(),
        )
        self.slot, slots.SLOT_SECONDS = slots.SLOT_SECONDS, 1e-9  # how long an answer takes is another test's matter
        self.wait(self.hub.open())
        self.world = World()
        self.told: dict[str, Told] = {}
        self.sequences: Counter[tuple[str, str]] = Counter()
        self.counted: set[str] = set()
        self.last: tuple[str, str, dict[str, Any]] | None = None
        self.taken: Counter[str] = Counter()

    def close(self) -> None:
        slots.SLOT_SECONDS = self.slot
        self.wait(self.hub.close())
        self.loop.close()
        self.folder.cleanup()

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    # -- sending ---------------------------------------------------------------------------------------------------

    def cases(self) -> dict[str, Case | None]:
        ledger = self.hub.look()
        ledger.prepare_cases(self.world.lives)
        return {case_id: ledger.find_case(case_id) for case_id in self.world.lives}

    def known(self) -> Any:
        """Everything that a refusal must leave as it is."""
        consents = self.hub.reader.find_consents(consent_ids=list(self.world.papers))
        by_id = {consent.consent_id: consent for consent in consents}
        return self.cases(), by_id, dict(self.hub.reader.count_by_state())

    def send(
        self, name: str, unit: str, body: dict[str, Any], subject: str | None = None, *, reader: str | None = None
    ) -> bool:
        """`reader` is who will get it, where that is known beforehand."""
        message_id, before, at = events.new_id(), self.known(), self.clock.now()
        faults = events.catalogue().get_type(name).faults(body)
        assert faults == (), (name, faults)
        event = events.event(name, unit, body, at=at, subject=subject, id=message_id)
        answer = self.wait(self.hub.accept(envelopes.parse_structured(event), unit))
        note(f"{name} from {unit}: {office.outcome(answer)}")
        if isinstance(answer, NotAccepted):
            assert self.known() == before, "a refusal changed something"
            if office.outcome(answer) in UNCOVERED and reader is not None:
                assert not self.is_given(name, unit, body, reader), "what the person lets be told was refused"
            return False
        assert isinstance(answer, Accepted)
        self.taken[name] += 1
        self.last = (name, unit, event)
        self.learn(name, unit, body, answer.receipt["case"], message_id)
        after = self.cases()
        changed = {key for key, case in after.items() if key in before[0] and case != before[0][key]}
        assert changed <= {answer.receipt["case"]}, "a message changed another case"
        self.assert_as_the_model_says(after)
        return True

    def assert_as_the_model_says(self, cases: dict[str, Case | None]) -> None:
        """Who is responsible, and which plan is in force."""
        for case_id, case in cases.items():
            life = self.world.lives[case_id]
            assert case is not None
            assert (case.responsible_stadsdel, case.responsible_jobbtorg) == (life.stadsdel, life.jobbtorg)
            in_force = {plan: chain.in_force for plan, chain in case.plans.items() if chain.in_force is not None}
            assert in_force == life.in_force
            activities = [row.activity_id for row in case.memory.in_force.get(PLAN, ())]
            assert activities == life.activities(PLAN)

    def is_given(self, name: str, unit: str, body: dict[str, Any], reader: str) -> bool:
        """Whether the person's own word covers the whole message toward this reader today."""
        person = self.person_in(body)
        told = Told(
            name,
            body["handling"]["purpose"],
            unit,
            reader,
            frozenset(),
            frozenset(body["handling"]["categories"]),
            None,
            person,
            None,
            day_of(self.clock.now()),
        )
        return told.categories <= self.world.by_word(told, told.accepted_on)

    def person_in(self, body: dict[str, Any]) -> persons.Person | None:
        return next((each for each in PEOPLE if each.as_data() == body.get("person")), None)

    def learn(self, name: str, unit: str, body: dict[str, Any], case_id: str | None, message_id: str) -> None:
        world, content, today = self.world, body["content"], day_of(self.clock.now())
        person = self.person_in(body)
        opens = case_id is not None and case_id not in world.lives
        if name == "consent.recorded":
            assert person is not None
            world.record(person, unit, content)
        if opens:
            world.lives[case_id] = Life(case_id, person)
            world.follow(name, unit, body, world.lives[case_id], today)
        life = world.lives.get(case_id or "")
        if life is not None:
            life.person = life.person or person
        self.count_copies(unit, message_id)
        strangers = []
        for told, delivery_id in self.copies(name, unit, body, life, person, message_id):
            self.told[delivery_id] = told
            self.assert_covered(told)
            strangers += [] if world.may_receive(told) else [told]
            if life is not None:
                life.received.add(told.recipient)
        if name == "consent.withdrawn":
            world.withdraw(content)
        elif life is not None and not opens:
            world.follow(name, unit, body, life, today)
        # The one who is to take over has to do with the case from this message on.
        assert all(world.may_receive(told) for told in strangers), [(each.type, each.recipient) for each in strangers]
        if name == "attendance.reported" and life is not None:
            life.reports.append((message_id, unit, content))

    def copies(
        self, name: str, unit: str, body: dict[str, Any], life: Life | None, person: Any, message_id: str
    ) -> list[tuple[Told, str]]:
        """What the log says was disclosed, to whom."""
        rows = self.hub.reader.list_audit(AuditQuery(message_id=message_id))
        entries = [json.loads(row.entry) for row in rows if row.action == "message_accepted"]
        handling = body["handling"]
        claims = frozenset((claim["recipient_kind"], claim["code"]) for claim in handling["basis"])
        return [
            (
                Told(
                    name,
                    handling["purpose"],
                    unit,
                    row["unit"],
                    claims,
                    frozenset(row["categories"]),
                    life.case_id if life else None,
                    person,
                    body["content"].get("consent_id"),
                    day_of(self.clock.now()),
                ),
                row["delivery"],
            )
            for row in entries[0]["recipients"]
            if row["delivery"] is not None
        ]

    def count_copies(self, unit: str, message_id: str) -> None:
        """Each lane counts each recipient's copies from 1 without a gap; notices of the hub count with them."""
        keys = [MessageKey(f"/units/{unit}", message_id)]
        keys += [sent.key for _, sent in self.hub.reader.list_sent("hub", limit=200)]
        found = [
            row for key in keys if key.message_id not in self.counted for row in self.hub.reader.list_deliveries(key)
        ]
        self.counted |= {key.message_id for key in keys}
        for row in sorted(found, key=lambda row: row.sequence or 0):
            if row.sequence is not None:
                lane = (row.lane_id, row.unit_id)
                self.sequences[lane] += 1
                assert row.sequence == self.sequences[lane], "a sequence has a gap or a double"

    def assert_covered(self, told: Told) -> None:
        bare = told.categories - self.world.may_tell(told, day_of(self.clock.now()))
        assert not bare, (told.type, told.sender, told.recipient, sorted(bare))

    def read(self, unit: str, most: int) -> None:
        """Whoever reads is told no more than is covered today."""
        for check in self.wait(self.hub.list_inbox(unit, limit=most)):
            opened = self.wait(self.hub.read(check.delivery_id, unit))
            if isinstance(opened, Opened):
                found = events.catalogue().get_type(check.type).categories_in(opened.event["data"])
                told = self.told.get(check.delivery_id)
                if told is None:
                    assert check.type.startswith("hub.")
                    assert not found
                else:
                    self.assert_covered(replace(told, categories=frozenset(found)))
            elif told := self.told.get(check.delivery_id):
                given = self.world.by_word(told, day_of(self.clock.now()))
                assert not (told.categories and told.categories <= given), "what the person lets be told was kept back"
            self.wait(self.hub.acknowledge(check.delivery_id, unit))

    # -- protection ------------------------------------------------------------------------------------------------

    def flag(self, unit: str, body: dict[str, Any], subject: str | None) -> None:
        """A message that says that its person is protected. It is refused, and nothing about the person is left."""
        person, level = self.person_in(body), body["handling"]["protected_identity"]
        before = self.known()
        event = events.event("referral.submitted", unit, body, at=self.clock.now(), subject=subject)
        answer = self.wait(self.hub.accept(envelopes.parse_structured(event), unit))
        note(f"{level} from {unit}: {office.outcome(answer)}")
        assert office.outcome(answer) == "PROTECTED_IDENTITY"
        assert person is not None
        if level == "unknown":
            assert self.known() == before, "what a sender does not know made the hub forget"
            return
        self.count_copies(unit, event["id"])
        self.world.forget(person)
        left = self.cases()
        assert left == {key: before[0][key] for key in left}, "another person was forgotten with them"
        for delivery_id, told in list(self.told.items()):
            if told.person == person:
                opened = self.wait(self.hub.read(delivery_id, told.recipient))
                assert isinstance(opened, (Gone, NotYours)), (told.type, told.recipient)
                del self.told[delivery_id]

    def shells(self) -> dict[str, Case | None]:
        ledger = self.hub.look()
        ledger.prepare_cases(self.world.forgotten)
        return {case_id: ledger.find_case(case_id) for case_id in self.world.forgotten}
