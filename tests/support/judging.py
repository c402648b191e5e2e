"""Decisions without I/O: one call makes the message and the situation from defaults and gives the decision."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from routing import consent as consents
from routing import decision as decisions
from routing import directory as directories
from routing import rulebook as rulebooks
from routing.case import Case, PlanChain, ReportingRequest
from routing.consent import Consent, Edge
from routing.decision import Decision, Ruling
from routing.message import Message
from routing.situation import Situation
from tests.support import events, persons
from tests.support.persons import Person

NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
CASE_ID = "11111111-1111-4111-8111-111111111111"
CONSENT_ID = "22222222-2222-4222-8222-222222222222"
PLAN_ID = "5d1f0c8e-64a3-4f0e-9f55-6a1b2c3d0001"
REQUEST_ID = "33333333-3333-4333-8333-333333333333"
EVERYTHING = frozenset(events.ALL_CATEGORIES)


@functools.cache
def directory() -> directories.Directory:
    return directories.load()


@functools.cache
def rules() -> rulebooks.Rulebook:
    return rulebooks.load()


def key_of(person: Person | None) -> str | None:
    return None if person is None else f"key-of-{person.given_name}"


def consent(
    *edges: Edge,
    purpose: str = "jobbtorg_planning",
    person: Person = persons.ASTA,
    **changes: Any,
) -> Consent:
    """An active consent; without edges, of everything between Farsta and the jobbtorg's authority."""
    values: dict[str, Any] = {
        "consent_id": CONSENT_ID,
        "version": 1,
        "person_key": key_of(person),
        "purpose": purpose,
        "edges": edges or both_ways("sdn-farsta", "amn"),
        "excluded": (),
        "valid_from": date(2026, 2, 2),
        "valid_to": date(2026, 12, 31),
        "recorded_by": "sd-farsta",
    }
    return Consent(**values | changes)


def edge(holder: str, recipient: str, categories: Iterable[str] = EVERYTHING, *, confirmed: bool = True) -> Edge:
    return Edge(holder, recipient, frozenset(categories), confirmed)


def both_ways(one: str, other: str, categories: Iterable[str] = EVERYTHING) -> tuple[Edge, ...]:
    chosen = frozenset(categories)
    return (edge(one, other, chosen), edge(other, one, chosen))


def case(state: str | None = "active", **changes: Any) -> Case:
    """A case of Asta between Farsta and Jobbtorg Sydost."""
    values: dict[str, Any] = {
        "case_id": CASE_ID,
        "person_key": key_of(persons.ASTA),
        "state": state,
        "finsam_state": None,
        "opened_at": NOON - timedelta(days=20),
        "parties": frozenset({"sd-farsta", "jt-sydost"}),
        "responsible_stadsdel": "sd-farsta",
        "responsible_jobbtorg": "jt-sydost",
        "plans": {},
        "reporting_request": None,
    }
    return Case(**values | changes)


def finsam_case(finsam_state: str | None = "accepted", **changes: Any) -> Case:
    """A case in the team of Jobbtorg Sydost without a case at a jobbtorg."""
    values: dict[str, Any] = {
        "finsam_state": finsam_state,
        "person_key": key_of(persons.JONNA),
        "responsible_stadsdel": None,
        "responsible_jobbtorg": None,
        "team": "team-sydost",
        "parties": frozenset({"team-sydost", "fk-stockholm", "sd-farsta", "jt-sydost", "af-stockholm"}),
    }
    return case(None, **values | changes)


def plans(latest: int, in_force: int | None = None) -> dict[str, PlanChain]:
    return {PLAN_ID: PlanChain(latest, in_force)}


def request(until: date, *items: str) -> ReportingRequest:
    return ReportingRequest(REQUEST_ID, frozenset(items or ("attendance", "activity", "closing")), until)


def situation(
    *,
    at: datetime = NOON,
    case: Case | None = None,
    consents: Iterable[Consent] = (),
    open_cases: Iterable[Case] = (),
    accepted_at: datetime | None = None,
) -> Situation:
    return Situation(
        at=at,
        accepted_at=accepted_at or at,
        case=case,
        cases_of_person=tuple(open_cases),
        consents={found.consent_id: found for found in consents},
        new_case_id=CASE_ID,
    )


DEFAULT_SENDERS = {
    "referral.submitted": "sd-farsta",
    "referral.answered": "jt-sydost",
    "enrolment.confirmed": "jt-sydost",
    "plan.proposed": "jt-sydost",
    "plan.decided": "sd-farsta",
    "case.closed": "jt-sydost",
    "finsam.case-initiated": "fk-stockholm",
    "finsam.joint-plan-recorded": "team-sydost",
    "consent.recorded": "sd-farsta",
    "consent.withdrawn": "sd-farsta",
}


def message(
    type_name: str,
    sender: str | None = None,
    *,
    at: datetime = NOON,
    subject: str | None = None,
    person: Person | None = persons.ASTA,
    sent_at: datetime | None = None,
    **parts: Any,
) -> Message:
    """A message as the decisions see it; `parts` as for `events.data`. Fails when it is not schema-valid."""
    message_type = events.catalogue().get_type(type_name)
    body = events.data(type_name, at=sent_at or at, person=person, **parts)
    assert message_type.faults(body) == ()
    return Message(
        message_id=events.new_id(),
        message_type=message_type,
        sender=sender or DEFAULT_SENDERS[type_name],
        data=body,
        sent_at=sent_at or at,
        subject=subject,
        person_key=key_of(person),
        born_on=person.born_on if person else None,
    )


def judge(
    type_name: str,
    sender: str | None = None,
    *,
    at: datetime = NOON,
    case: Case | None = None,
    consents: Iterable[Consent] = (),
    open_cases: Iterable[Case] = (),
    subject: str | None = None,
    rulebook: rulebooks.Rulebook | None = None,
    **parts: Any,
) -> Decision:
    """The decision on a message with defaults. A case that is given is the message's subject."""
    given = subject if subject is not None else (case.case_id if case else None)
    asked = message(type_name, sender, at=at, subject=given, **parts)
    known = situation(at=at, case=case, consents=consents, open_cases=open_cases)
    return decisions.decide(asked, known, directory(), rulebook or rules())


def outcome(decision: Decision) -> str:
    """`accepted`, or the code of the refusal."""
    return "accepted" if decision.refusal is None else decision.refusal.code.value


def ruling(decision: Decision, unit: str) -> Ruling:
    """The ruling on one unit. Fails when there is none."""
    found = [each for each in decision.rulings if each.unit == unit]
    assert len(found) == 1, [each.unit for each in decision.rulings]
    return found[0]


def covered(
    *given: Consent, holder: str, recipient: str, purpose: str = "jobbtorg_planning", at: datetime = NOON
) -> consents.Cover:
    return consents.covers(given, purpose=purpose, holder=holder, recipient=recipient, at=at)
