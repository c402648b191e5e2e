"""The register extract: exactly what happened to one person, nothing of anybody else, and signed."""

from __future__ import annotations

import hashlib
import json
import random
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest

from hub.extract import making, signing
from hub.extract.making import JSON_NAME, PDF_NAME, Extract, Wanted
from hub.extract.signing import SignatureWrong
from hub.identity.reasons import Reason
from hub.intake.accepting import Accepted
from hub.service import Hub
from hub.store.records import AuditQuery
from tests.support import events, office, pdf_text
from tests.support.field import CATCHMENTS, authority_of
from tests.support.persons import Person

REASON = Reason("register_extract", "2026-117")
GIVEN = ["Åsa", "Łukasz", "Thị Hồng", "Björn", "Zoë", "Ștefan", "Ğülay", "Mårten", "Nguyễn", "Šárka"]
FAMILY = ["Provberg", "Żółćska", "Đặngprov", "Testlund", "Fiktivsson", "Exempelova", "Påhittad", "Öprov"]
STADSDELAR = ["sd-skarpnack", "sd-bromma", "sd-farsta"]


def check_digit(ten: str) -> int:
    """Luhn, as folkbokföringslagen 18 § has it."""
    doubled = [int(digit) * (2 - at % 2) for at, digit in enumerate(ten)]
    return -sum(value // 10 + value % 10 for value in doubled) % 10


def people(count: int) -> list[Person]:
    """Invented, each with a number inside Skatteverket's series of numbers that nobody gets."""
    found = []
    for at in range(count):
        born = date(1971, 1, 3) + timedelta(days=197 * at)
        nine = f"{born:%y%m%d}{238 + at % 2}"
        number = f"{born:%Y%m%d}{238 + at % 2}{check_digit(nine)}"
        found.append(Person(number, GIVEN[at % len(GIVEN)], f"{FAMILY[at % len(FAMILY)]} {at:02}"))
    return found


@dataclass
class Life:
    """What was done about one person, as those who did it remember it."""

    person: Person
    sent: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    consents: list[dict[str, Any]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)


class Story:
    """Acts, and remembers apart from the hub."""

    def __init__(self, hub: Hub, life: Life, chance: random.Random) -> None:
        self.hub, self.life, self.chance = hub, life, chance

    async def send(self, type_name: str, unit: str, body: Any, subject: str | None = None) -> dict[str, Any] | None:
        self.hub.clock.advance(timedelta(minutes=7))  # type: ignore[attr-defined]
        message_id = events.new_id()
        answer = await office.send(self.hub, type_name, unit, body, subject, id=message_id)
        self.life.ids.add(message_id)
        told = {"message": message_id, "by": unit, "type": type_name, "purpose": body["handling"]["purpose"]}
        if isinstance(answer, Accepted):
            copies = [self.copy(row) for row in answer.receipt["recipients"]]
            self.life.sent.append({**told, "case": answer.receipt["case"], "recipients": copies})
            return {**self.life.sent[-1], "receipt": answer.receipt}
        code = answer.refusal.code.value
        if code == "SENDER_NOT_ALLOWED":  # refused before its words were read
            told["purpose"] = None
        self.life.refused.append({**told, "code": code})
        return None

    def copy(self, row: Any) -> dict[str, Any]:
        basis = row["basis"] and row["basis"]["code"]
        told = {"to": row["unit"], "verdict": row["verdict"], "code": row["code"], "basis": basis}
        return {**told, "withheld": row["withheld"], "read": 0, "outcome": None}

    async def answer(self, sent: dict[str, Any]) -> None:
        """The recipients read, sometimes again, and sometimes report."""
        for row, copy in zip(sent["receipt"]["recipients"], sent["recipients"], strict=True):
            if row["delivery"] is None:
                continue
            for _ in range(self.chance.randrange(3)):
                await self.hub.read(row["delivery"], row["unit"])
                copy["read"] += 1
            if copy["read"] and self.chance.random() < 0.5:
                copy["outcome"] = self.chance.choice(["handled", "needs_info"])
                await self.hub.report_handled(row["delivery"], row["unit"], copy["outcome"], None)

    def data(self, name: str) -> Any:
        return events.data(name, at=self.hub.clock.now(), person=self.life.person)

    async def live(self) -> None:
        chance = self.chance
        unit = chance.choice(STADSDELAR)
        if chance.random() < 0.6:  # before there is a consent
            assert await self.send("referral.submitted", unit, self.data("referral.submitted")) is None
        consent = await self.consent(unit)
        if chance.random() < 0.1:
            return
        await self.work(unit, {**CATCHMENTS, "sd-farsta": "jt-sydost"}[unit])
        if chance.random() < 0.3:
            await self.withdraw(unit, consent)

    async def consent(self, unit: str) -> str:
        at, edges = self.hub.clock.now(), events.both_ways(authority_of(unit), "amn")
        body = events.consent(at=at, person=self.life.person, edges=edges, recorder=unit)
        assert await self.send("consent.recorded", unit, body)
        consent_id = str(body["content"]["consent_id"])
        self.life.consents.append({"consent": consent_id, "by": unit, "status": "active"})
        return consent_id

    async def work(self, unit: str, jobbtorg: str) -> None:
        referral = await self.send("referral.submitted", unit, self.data("referral.submitted"))
        assert referral is not None
        await self.answer(referral)
        for name in ("referral.answered", "enrolment.confirmed"):
            if self.chance.random() < 0.8:
                told = await self.send(name, jobbtorg, self.data(name), referral["case"])
                if told is not None:
                    await self.answer(told)
        if self.chance.random() < 0.4:  # a jobbtorg decides no plan
            assert await self.send("plan.decided", jobbtorg, self.data("plan.decided"), referral["case"]) is None

    async def withdraw(self, unit: str, consent_id: str) -> None:
        body = events.withdrawal(consent_id, at=self.hub.clock.now(), person=self.life.person)
        assert await self.send("consent.withdrawn", unit, body)
        self.life.consents[-1]["status"] = "withdrawn"
        for sent in self.life.sent:  # what nobody has read yet is stopped
            for copy in sent["recipients"]:
                if copy["basis"] == "CONSENT" and not copy["read"]:
                    copy["code"] = "CONSENT_WITHDRAWN"


async def extract_of(hub: Hub, person: Person, **how: Any) -> Extract:
    name = f"{person.given_name} {person.family_name}"
    return await making.make(hub, Wanted(person.number, name, REASON, **how), "staff:operator")


def document_of(made: Extract) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(made.files[JSON_NAME])
    return found


def told(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The extract in the words in which the story remembers."""
    parts = document["controllers"]
    sent = [
        {
            "message": each["message"],
            "by": each["by"]["unit"],
            "type": each["type"],
            "purpose": each["purpose"],
            "case": each["case"],
            "recipients": [
                {
                    "to": copy["to"]["unit"],
                    "verdict": copy["verdict"],
                    "code": copy["code"],
                    "basis": copy["basis"] and copy["basis"]["code"],
                    "withheld": copy["withheld"],
                    "read": len(copy["read"]),
                    "outcome": copy["outcome"],
                }
                for copy in each["recipients"]
            ],
        }
        for part in parts
        for each in part["sent"]
    ]
    refused = [
        {
            "message": each["message"],
            "by": each["by"]["unit"],
            "type": each["type"],
            "purpose": each["purpose"],
            "code": each["code"],
        }
        for part in parts
        for each in part["refused"]
    ]
    consents = [
        {"consent": each["consent"], "by": each["by"]["unit"], "status": each["status"]}
        for part in parts
        for each in part["consents"]
    ]
    key = "message"
    return {
        "sent": sorted(sent, key=lambda each: each[key]),
        "refused": sorted(refused, key=lambda each: each[key]),
        "consents": consents,
    }


@pytest.mark.slow
async def test_fifty_extracts_equal_what_happened_and_none_holds_anothers(hub: Hub) -> None:
    lives = [Life(person) for person in people(50)]
    for seed, life in enumerate(lives):
        await Story(hub, life, random.Random(seed)).live()
    assert sum(len(life.refused) for life in lives) > 30
    assert sum(len(life.sent) for life in lives) > 150
    for life in lives:
        made = await extract_of(hub, life.person)
        found = told(document_of(made))
        own = [each for each in found["sent"] if each["by"] != "hub"]
        assert own == sorted(life.sent, key=lambda each: each["message"])
        assert found["refused"] == sorted(life.refused, key=lambda each: each["message"])
        assert found["consents"] == life.consents
        cases = {each["case"] for each in own if each["case"]}
        assert {each["case"] for each in found["sent"] if each["by"] == "hub"} <= cases | {None}
        content, paper = made.files[JSON_NAME].decode(), pdf_text.read(made.files[PDF_NAME])
        for other in lives:
            if other is not life:
                assert other.ids.isdisjoint(content.split('"'))
                assert other.person.family_name not in content + paper
                assert other.person.number[:8] + "-" + other.person.number[8:] not in content + paper
        assert life.person.family_name in paper.replace("\n", " ")


async def test_who_is_unknown_gets_an_extract_that_says_so(hub: Hub) -> None:
    [person] = people(1)
    made = await extract_of(hub, person)
    assert document_of(made)["controllers"] == []
    assert "Navet har inga uppgifter som leder till dig." in pdf_text.read(made.files[PDF_NAME])


async def test_the_paper_names_its_file_by_digest_and_the_key_that_signed_it(hub: Hub) -> None:
    [person] = people(1)
    made = await extract_of(hub, person)
    paper = re.sub(r"\s", "", pdf_text.read(made.files[PDF_NAME]))
    assert hashlib.sha256(made.files[JSON_NAME]).hexdigest() in paper
    assert hub.document_key.key_id in paper
    assert made.extract_id in paper


async def test_the_log_tells_of_the_extract_and_not_of_the_person(hub: Hub) -> None:
    [person] = people(1)
    made = await extract_of(hub, person)
    rows = hub.reader.list_audit(AuditQuery())
    [entry] = [json.loads(row.entry) for row in rows if row.action == "extract_made"]
    assert (entry["extract"], entry["actor"], entry["reason"]) == (made.extract_id, "staff:operator", REASON.code)
    assert person.number not in str(entry)


async def test_for_a_protected_person_units_are_told_by_their_kind(hub: Hub) -> None:
    [life] = [Life(person) for person in people(1)]
    await Story(hub, life, random.Random(4)).live()
    made = await extract_of(hub, life.person, masked=True)
    everything = made.files[JSON_NAME].decode() + pdf_text.read(made.files[PDF_NAME])
    for unit in hub.directory.list_units(None):
        if unit.kind in ("sd", "jt"):
            assert unit.unit_id not in everything
            assert unit.name not in everything
    assert "stadsdel" in everything


async def test_what_became_protected_leads_to_nobody(hub: Hub) -> None:
    [life] = [Life(person) for person in people(1)]
    story = Story(hub, life, random.Random(4))
    await story.live()
    body = events.data("referral.submitted", at=hub.clock.now(), person=life.person)
    body["handling"]["protected_identity"] = "sekretessmarkering"
    assert await story.send("referral.submitted", "sd-farsta", body) is None
    assert document_of(await extract_of(hub, life.person))["controllers"] == []


async def test_the_signature_holds_for_these_files_and_this_key_only(hub: Hub) -> None:
    [person] = people(1)
    made = await extract_of(hub, person)
    key = hub.document_key.public_jwk()
    assert signing.check(made.signature, made.files, key)["extract"] == made.extract_id
    for name, content in made.files.items():
        altered = {**made.files, name: content[:-1] + bytes([content[-1] ^ 1])}
        with pytest.raises(SignatureWrong):
            signing.check(made.signature, altered, key)
    with pytest.raises(SignatureWrong):
        signing.check(made.signature, {JSON_NAME: made.files[JSON_NAME]}, key)
    with pytest.raises(SignatureWrong):
        signing.check(made.signature, made.files, signing.DocumentKey(b"2" * 32).public_jwk())
    with pytest.raises(SignatureWrong):
        signing.check(made.signature[:-4] + "AAAA", made.files, key)


async def test_a_message_that_was_refused_is_linked_to_its_person_only(hub: Hub) -> None:
    one, other = people(2)
    story = Story(hub, Life(one), random.Random(1))
    await story.send(
        "referral.submitted", "sd-farsta", events.data("referral.submitted", at=hub.clock.now(), person=one)
    )
    assert [each["code"] for each in told(document_of(await extract_of(hub, one)))["refused"]] == ["CONSENT_MISSING"]
    assert document_of(await extract_of(hub, other))["controllers"] == []
