"""Messages in situations in which they fit: state, plan, order, question, transfer, whatever a rule may ask for.

What then decides is who sends, to whom, for which purpose, on which basis, and what the person has agreed to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from routing import rulebook as rulebooks
from routing.case import Activity, Case, Memory, Order, PlanChain, Transfer
from routing.consent import Consent
from routing.message import Message
from routing.rulebook import Route
from routing.situation import Earlier, Situation
from tests.support import events, judging, persons

# All that the examples tell of has happened by then, but for plans that go on.
LATER = datetime(2026, 6, 30, 11, 0, tzinfo=UTC)
CLOSED = datetime(2026, 1, 31, 11, 0, tzinfo=UTC)
UNITS = {
    "sd": "sd-farsta",
    "jt": "jt-sydost",
    "af": "af-stockholm",
    "fk": "fk-stockholm",
    "rg": "rg-stockholm",
    "sfi": "sfi-stockholm",
    "utb": "utb-kaa",
    "pv": "pv-01",
    "em": "arbetsgivare",
    "team": "team-sydost",
    "stat": "amf-analys",
    "forbund": "samordningsforbundet-stockholm",
    "hub": "hub",
}
SECOND = {"sd": "sd-skarpnack", "jt": "jt-jarva", "pv": "pv-02", "team": "team-jarva"}
EVERYBODY = frozenset({*UNITS.values(), *SECOND.values()})
SEATS = ("sd", "jt", "af", "fk", "rg")
QUESTION = "99999999-9999-4999-8999-999999999999"
ORDER = "avrop-31"

Content = Mapping[str, Any]

_NO_ANSWER = {"answer": None, "ground": None}
VARIANTS: dict[str, tuple[Content, ...]] = {
    "support-need.flagged": (
        {},
        {"direction": "answers", "need": None, "answer": "ongoing", "responsible_unit": "sd-farsta"},
    ),
    "case.transferred": ({}, {"step": "accepted", "open_items": None, "documents_moved": None}),
    "sfi.progress-reported": ({}, {"recommendation": None}),
    "finsam.case-initiated": ({}, {"mode": "anonymous", "consent_id": None, "parts": None, "person_wish": None}),
    "finsam.case-screened": ({}, {}),
    "finsam.case-closed": ({}, {"occupation_after": None, "support_before": None, "support_after": None}),
    "information.requested": (
        {},
        {"question_code": "is_aktuell"},
        {"question_code": "af_status"},
        {"question_code": "benefit_status"},
    ),
    "information.answered": (
        {},
        {"outcome": "nothing_to_share", **_NO_ANSWER},
        {"question_code": "is_aktuell", "answer": {"is_aktuell": True}},
        {"question_code": "af_status", "answer": {"af_status": {"registered": True}}, "ground": None},
        {
            "question_code": "benefit_status",
            "answer": {"benefit_status": [{"kind": "sjukpenning", "status": "ongoing"}]},
            "ground": None,
        },
    ),
}
# The second variant of these is about nobody who is named.
NAMELESS = frozenset({"finsam.case-initiated", "finsam.case-screened", "finsam.case-closed"})


def variants(type_name: str) -> tuple[Content, ...]:
    return VARIANTS.get(type_name, ({},))


def pairs(sender_kind: str, kind: str) -> list[tuple[str, str]]:
    """A sender and a recipient of these kinds; of one kind, each of the two in both places."""
    one, other = UNITS[sender_kind], UNITS[kind]
    if sender_kind != kind or kind not in SECOND:
        return [(one, other)]
    return [(one, SECOND[kind]), (SECOND[kind], one)]


def message(type_name: str, sender: str, recipient: str, kind: str, content: Content) -> Message:
    """A message from one unit to another, which claims nothing yet."""
    nameless = type_name in NAMELESS and content is variants(type_name)[1]
    named = "person" in _example(type_name) and not nameless
    body = events.data(
        type_name,
        at=LATER,
        person=persons.ASTA if named else None,
        to=[{"unit": recipient}],
        basis=(),
        content={**_about(type_name, sender, recipient, kind, content), **content},
    )
    return Message(
        message_id=events.new_id(),
        message_type=events.catalogue().get_type(type_name),
        sender=sender,
        data=body,
        sent_at=LATER,
        subject=None if judging.rules().types[type_name].subject == "absent" else judging.CASE_ID,
        person_key=judging.key_of(persons.ASTA) if named else None,
        born_on=persons.ASTA.born_on if named else None,
        answers=QUESTION if type_name == "information.answered" else None,
    )


def _example(type_name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = events.catalogue().get_type(type_name).document["examples"][0]
    return found


def _about(type_name: str, sender: str, recipient: str, kind: str, content: Content) -> dict[str, Any]:
    """What the content says of the two units."""
    match type_name:
        case "case.transferred":
            accepts = content.get("step") == "accepted"
            giver, taker = (recipient, sender) if accepts else (sender, recipient)
            return {"from_unit": giver, "to_unit": taker}
        case "finsam.case-initiated":
            return {"wished_seats": [kind if kind in SEATS else "sd"]}
        case "consent.recorded":
            names = [judging.directory().find_authority(unit) or unit for unit in (sender, recipient)]
            return {
                "edges": events.both_ways(*names),
                "recorded_by": {"unit_id": sender, "officer_role": "handläggare"},
            }
        case "consent.withdrawn":
            return {"consent_id": judging.CONSENT_ID}
        case _:
            return {}


def asking(asked: Message, *, purpose: str, claims: Iterable[tuple[str, str]] = (), **handling: Any) -> Message:
    """The message for a purpose, with these claims: kind of recipient and code of the basis."""
    basis = [events.claim(kind, code) for kind, code in claims]
    return replace(
        asked, data={**asked.data, "handling": {**asked.handling, "purpose": purpose, "basis": basis, **handling}}
    )


def states(asked: Message, route: Route) -> tuple[str | None, str | None]:
    """A state of the case, and one of its FINSAM part, in which the route takes the message."""
    steps = [judging.rules().lifecycle.transitions[name] for name in route.moves]
    fitting = [step for step in steps if rulebooks.matches(asked.data, step.when)]
    if fitting and fitting[0].machine == "finsam":
        return None, min(fitting[0].source, default=None)
    if fitting:
        return _prefer("active", fitting[0].source), None
    return _prefer("active", route.within) or "active", _prefer("planned", route.within_finsam)


def _prefer(name: str, among: Iterable[str]) -> str | None:
    chosen = sorted(among)
    return name if name in chosen else min(chosen, default=None)


def case(asked: Message, recipient: str, state: str | None, finsam_state: str | None) -> Case:
    stadsdel, jobbtorg = (_responsible(asked, recipient, kind) for kind in ("sd", "jt"))
    plan_id = str(asked.content.get("plan_id", judging.PLAN_ID))
    version = asked.content.get("version", 1)
    latest = version - 1 if asked.type in ("plan.proposed", "finsam.joint-plan-recorded") else version
    return judging.case(
        state,
        finsam_state=finsam_state,
        person_key=asked.person_key,
        parties=EVERYBODY,
        team="team-sydost",
        responsible_stadsdel=stadsdel,
        responsible_jobbtorg=jobbtorg,
        plans={plan_id: PlanChain(latest, latest or None)},
        reporting_request=judging.request(date(2027, 1, 1)),
        closed_at=CLOSED if state == "closed" else None,
        memory=_memory(asked, plan_id),
    )


def _responsible(asked: Message, recipient: str, kind: str) -> str:
    """Of two units of the kind the recipient: one reports to whoever is responsible. Who sends a case away still is."""
    sends_away = asked.content.get("step") == "sent"
    chosen = (asked.sender, recipient) if sends_away else (recipient, asked.sender)
    return next((unit for unit in chosen if unit.startswith(f"{kind}-")), UNITS[kind])


def _memory(asked: Message, plan_id: str) -> Memory:
    activities = tuple(
        Activity(name, "coaching", unit, date(2026, 2, 16), date(2026, 8, 14), commissioned_by_af=True)
        for name, unit in (("a1", "jt-sydost"), ("a2", "jt-jarva"))
    )
    taken = "avrop-30" if asked.type == "provider.order-placed" else ORDER
    transfer = None
    if asked.content.get("step") == "accepted":
        transfer = Transfer(asked.content["from_unit"], asked.content["to_unit"])
    return Memory(
        in_force={plan_id: activities},
        orders={taken: Order("pv-01", "jt-sydost", date(2026, 3, 9), date(2026, 5, 29))},
        transfer=transfer,
    )


def situation(
    asked: Message, recipient: str, kind: str, case: Case | None, consents: Iterable[Consent] = ()
) -> Situation:
    """What is known when the message comes: its case, the question it answers, the report it corrects."""
    directory = judging.directory()
    sender = directory.find_unit(asked.sender)
    assert sender is not None
    earlier = [
        Earlier(QUESTION, "information.requested", recipient, None, {asked.sender: sender.kind}),
        Earlier(
            str(asked.content.get("corrects_message")),
            "attendance.reported",
            asked.sender,
            judging.CASE_ID,
            {recipient: kind},
        ),
    ]
    known = judging.situation(at=LATER, case=case, consents=consents)
    uniform = judging.rules().types[asked.type].uniform
    return replace(
        known,
        cases_of_person=(case,) if uniform and case is not None else (),
        earlier={each.message_id: each for each in earlier},
    )
