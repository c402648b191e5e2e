"""What a case remembers of its messages, who may act in it, and when responsibility moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from routing.case import Activity, Case, Lesson, Memory, Order, Transfer
from routing.decision import Decision
from tests.support import judging, persons
from tests.support.judging import edge, judge, outcome, ruling

EVERYBODY = frozenset({"sd-farsta", "jt-sydost", "sd-skarpnack", "jt-jarva", "pv-01"})
COACHING = Activity("a1", "coaching", "jt-sydost", date(2026, 2, 16), date(2026, 8, 14))
TRAINEE = Activity("a2", "praktik_to_job", "jt-jarva", date(2026, 2, 16), date(2026, 8, 14))
IN_FORCE = {judging.PLAN_ID: (COACHING, TRAINEE)}


def at_work(state: str = "active", **memory: Any) -> Case:
    """A case with an approved plan, a part of which Jobbtorg Järva performs for Jobbtorg Sydost."""
    remembered: dict[str, Any] = {"in_force": IN_FORCE, "started": {"a1": COACHING.start}}
    return judging.case(state, parties=EVERYBODY, plans=judging.plans(1, 1), memory=Memory(**remembered | memory))


def send(type_name: str, sender: str, case: Case, **parts: Any) -> Decision:
    purpose = parts.get("handling", {}).get("purpose", "jobbtorg_planning")
    return judge(type_name, sender, case=case, **{"consents": [judging.consent(purpose=purpose)], **parts})


def after(decision: Decision) -> Case:
    assert outcome(decision) == "accepted"
    assert decision.case is not None
    return decision.case


def attendance(*activities: str) -> dict[str, Any]:
    rows = [{"activity_id": each, "date": "2026-02-26", "status": "present"} for each in activities]
    return {"period": {"week": "2026-W09"}, "rows": rows}


# -- versions of a plan ----------------------------------------------------------------------------------------------


def test_activities_are_in_force_when_the_plan_is_approved_and_not_before() -> None:
    case = judging.case("enrolled")
    proposed = after(send("plan.proposed", "jt-sydost", case))
    assert set(proposed.memory.proposed) == {judging.PLAN_ID}
    assert proposed.memory.in_force == {}
    decided = after(send("plan.decided", "sd-farsta", proposed))
    assert decided.memory.proposed == {}
    assert [each.activity_id for each in decided.memory.in_force[judging.PLAN_ID]] == ["a1", "a2"]


def test_the_old_activities_stay_in_force_while_a_new_version_waits() -> None:
    activities = judging.message("plan.proposed", "jt-sydost").content["activities"]
    content = {"version": 2, "activities": [{**activities[0], "activity_id": "a9"}]}
    proposed = after(send("plan.proposed", "jt-sydost", at_work(), content=content))
    assert proposed.memory.in_force == IN_FORCE
    report = send("activity.ended", "jt-sydost", proposed, content={"plan_id": judging.PLAN_ID})
    assert outcome(report) == "accepted"
    early = send("activity.started", "jt-sydost", proposed, content={"activity_id": "a9"})
    assert outcome(early) == "NOT_APPROVED"


def test_a_version_that_is_sent_back_is_forgotten_and_the_older_stays() -> None:
    case = replace(
        at_work("plan-awaiting-approval", proposed={judging.PLAN_ID: (COACHING,)}), plans=judging.plans(2, 1)
    )
    content = {"version": 2, "decision": "returned", "returned_reason": "too_long"}
    returned = after(send("plan.decided", "sd-farsta", case, content=content))
    assert returned.state == "active"
    assert (returned.memory.proposed, returned.memory.in_force) == ({}, IN_FORCE)


def test_a_jobbtorg_that_performs_a_part_becomes_a_party_on_approval() -> None:
    waiting = judging.case(
        "plan-awaiting-approval", plans=judging.plans(1), memory=Memory(proposed={judging.PLAN_ID: (TRAINEE,)})
    )
    assert "jt-jarva" not in waiting.parties
    assert "jt-jarva" in after(send("plan.decided", "sd-farsta", waiting)).parties


def test_a_settled_dispute_leaves_nothing_waiting_unless_it_is_as_proposed() -> None:
    waiting = at_work("plan-disputed", proposed={judging.PLAN_ID: (COACHING,)})
    for result, left in (("as_proposed", 1), ("as_changed", 0), ("new_mapping", 0)):
        content = {"plan_id": judging.PLAN_ID, "outcome": result}
        settled = after(send("plan.dispute-settled", "sd-farsta", waiting, content=content))
        assert len(settled.memory.proposed) == left
        assert settled.memory.in_force == IN_FORCE


def test_a_dispute_about_another_version_is_not_settled() -> None:
    content = {"plan_id": judging.PLAN_ID, "version": 7}
    assert (
        outcome(send("plan.dispute-settled", "sd-farsta", at_work("plan-disputed"), content=content)) == "STALE_VERSION"
    )


def test_a_plan_under_review_goes_on_once_without_a_new_version() -> None:
    once = after(send("plan.reviewed", "jt-sydost", at_work("under-review")))
    assert outcome(send("plan.reviewed", "jt-sydost", once)) == "STATE_CONFLICT"
    assert outcome(send("plan.reviewed", "jt-sydost", once, content={"result": "change"})) == "accepted"
    proposed = after(send("plan.proposed", "jt-sydost", once, content={"version": 2}))
    decided = after(send("plan.decided", "sd-farsta", proposed, content={"version": 2}))
    assert decided.memory.reviews_without_plan == 0


def test_a_review_that_changes_something_does_not_count_as_going_on() -> None:
    changed = after(send("plan.reviewed", "jt-sydost", at_work("under-review"), content={"result": "change"}))
    assert changed.memory.reviews_without_plan == 0


# -- interruption ----------------------------------------------------------------------------------------------------


def test_an_interruption_has_a_first_day_until_it_is_over() -> None:
    content = {"from": "2026-03-02", "activities_affected": ["a1"]}
    away = after(send("participation.interrupted", "jt-sydost", at_work(), content=content))
    assert away.memory.interrupted_on == date(2026, 3, 2)
    assert after(send("participation.restarted", "jt-sydost", away)).memory.interrupted_on is None


@pytest.mark.parametrize(("goes_on", "in_force", "next_state"), [(True, 1, "active"), (False, None, "planning")])
def test_a_plan_that_does_not_go_on_is_no_longer_in_force(goes_on: bool, in_force: int | None, next_state: str) -> None:
    away = at_work("interrupted", interrupted_on=date(2026, 3, 1))
    back = after(send("participation.restarted", "jt-sydost", away, content={"plan_continues": goes_on}))
    assert back.plans[judging.PLAN_ID].in_force == in_force
    proposed = after(send("plan.proposed", "jt-sydost", replace(back, state="planning"), content={"version": 2}))
    content = {"version": 2, "decision": "returned", "returned_reason": "too_long"}
    assert after(send("plan.decided", "sd-farsta", proposed, content=content)).state == next_state


@pytest.mark.parametrize(
    ("interrupted_on", "expected"),
    [
        (date(2026, 2, 27), "accepted"),  # the day before
        (date(2026, 2, 26), "SCHEMA_INVALID"),  # the day itself
        (date(2026, 2, 16), "SCHEMA_INVALID"),
    ],
)
def test_days_before_an_interruption_may_still_be_told(interrupted_on: date, expected: str) -> None:
    away = at_work("interrupted", interrupted_on=interrupted_on)
    assert outcome(send("attendance.reported", "jt-sydost", away, content=attendance("a1"))) == expected


@pytest.mark.parametrize(("days", "expected"), [(14, "accepted"), (15, "SCHEMA_INVALID")])
def test_they_may_be_told_for_fourteen_days(days: int, expected: str) -> None:
    away = at_work("interrupted", interrupted_on=date(2026, 2, 27))
    at = judging.NOON.replace(day=27, month=2) + timedelta(days=days)
    assert outcome(send("attendance.reported", "jt-sydost", away, at=at, content=attendance("a1"))) == expected


def test_a_provider_learns_from_an_interruption_the_dates_and_nothing_else() -> None:
    order = Order("pv-01", "jt-sydost", date(2026, 2, 16), date(2026, 8, 14))
    away = at_work("interrupted", interrupted_on=date(2026, 3, 1), orders={"o1": order})
    parts: dict[str, Any] = {
        "handling": {"purpose": "provider_activity"},
        "to": [{"unit": "pv-01"}],
        "basis": [("pv", "CONSENT", None)],
        "consents": [judging.consent(edge("amn", "pv-01"), purpose="provider_activity")],
    }
    copy = ruling(send("participation.interrupted", "jt-sydost", away, **parts), "pv-01").copy
    assert copy is not None
    assert set(copy["content"]) == {"from", "expected_until"}
    assert "personal_number" not in copy["person"]
    nobody = replace(away, memory=replace(away.memory, orders={}))
    assert outcome(send("participation.interrupted", "jt-sydost", nobody, **parts)) == "RECIPIENT_NOT_ALLOWED"


# -- who may act -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_name", "content", "expected"),
    [
        ("attendance.reported", attendance("a2"), "accepted"),
        ("attendance.reported", attendance("a1"), "SENDER_NOT_ALLOWED"),
        ("attendance.reported", attendance("a2", "a1"), "SENDER_NOT_ALLOWED"),
        ("activity.started", {"activity_id": "a2"}, "accepted"),
        ("activity.ended", {"activity_id": "a2"}, "accepted"),
        ("activity.ended", {"activity_id": "a1"}, "SENDER_NOT_ALLOWED"),
        ("activity.started", {"activity_id": "a9"}, "SENDER_NOT_ALLOWED"),
        ("plan.proposed", {"version": 2}, "SENDER_NOT_ALLOWED"),
        ("plan.reviewed", {}, "SENDER_NOT_ALLOWED"),
        ("participation.interrupted", {"activities_affected": ["a2"]}, "SENDER_NOT_ALLOWED"),
        ("support-need.flagged", {}, "SENDER_NOT_ALLOWED"),
        ("case.closed", {}, "SENDER_NOT_ALLOWED"),
    ],
)
def test_a_performing_jobbtorg_tells_of_its_own_part_and_does_nothing_else(
    type_name: str, content: dict[str, Any], expected: str
) -> None:
    assert outcome(send(type_name, "jt-jarva", at_work(), content=content)) == expected


def test_the_home_jobbtorg_and_the_stadsdel_both_hear_of_what_another_performs() -> None:
    to = [{"role": "responsible_stadsdel"}, {"role": "responsible_jobbtorg"}]
    decision = send("activity.started", "jt-jarva", at_work(), content={"activity_id": "a2"}, to=to)
    assert [each.unit for each in decision.rulings if each.discloses] == ["sd-farsta", "jt-sydost"]


def test_who_performed_under_a_plan_that_is_replaced_has_no_hand_in_the_case() -> None:
    case = at_work(in_force={judging.PLAN_ID: (COACHING,)})
    assert outcome(send("attendance.reported", "jt-jarva", case, content=attendance("a2"))) == "SENDER_NOT_ALLOWED"


# -- transfer --------------------------------------------------------------------------------------------------------

MOVE = {"from_unit": "sd-farsta", "to_unit": "sd-skarpnack"}
ACCEPTED = {
    "step": "accepted",
    **MOVE,
    **dict.fromkeys(("reason", "responsible_until_accept", "open_items", "documents_moved")),
}
AKTUELL: dict[str, Any] = {"basis": [("sd", "SOL_15_8", None)], "consents": []}


def transfer(case: Case, sender: str = "sd-farsta", to: str = "sd-skarpnack", **content: Any) -> Decision:
    return send("case.transferred", sender, case, to=[{"unit": to}], content=MOVE | content, **AKTUELL)


def accept(case: Case, sender: str = "sd-skarpnack", to: str = "sd-farsta", **content: Any) -> Decision:
    parts = {"to": [{"unit": to}], "content": ACCEPTED | content, "person": None}
    return send("case.transferred", sender, case, **parts, **AKTUELL)


def test_responsibility_moves_when_the_receiver_accepts_and_not_before() -> None:
    case = at_work()
    sent = after(transfer(case))
    assert (sent.responsible_stadsdel, sent.responsible_jobbtorg) == ("sd-farsta", "jt-sydost")
    assert sent.memory.transfer == Transfer("sd-farsta", "sd-skarpnack")
    assert outcome(send("attendance.reported", "jt-sydost", sent, content=attendance("a1"))) == "accepted"
    taken = after(accept(sent))
    assert (taken.responsible_stadsdel, taken.responsible_jobbtorg) == ("sd-skarpnack", "jt-sydost")
    assert taken.memory.transfer is None
    assert taken.state == case.state


def test_who_is_to_take_over_decides_nothing_before_it_has_accepted() -> None:
    waiting = replace(at_work("plan-awaiting-approval"), plans=judging.plans(1))
    sent = after(transfer(waiting))
    consents = [judging.consent(*judging.both_ways("sdn-skarpnack", "amn"))]
    assert outcome(send("plan.decided", "sd-skarpnack", sent, consents=consents)) == "SENDER_NOT_ALLOWED"
    assert outcome(send("plan.decided", "sd-farsta", sent)) == "accepted"
    taken = after(accept(sent))
    assert outcome(send("plan.decided", "sd-skarpnack", taken, consents=consents)) == "accepted"
    assert outcome(send("plan.decided", "sd-farsta", taken)) == "SENDER_NOT_ALLOWED"


def test_the_new_stadsdel_learns_that_the_person_is_known_and_no_more() -> None:
    told = ruling(transfer(at_work(), open_items=[{"kind": "plan", "id": "p1"}]), "sd-skarpnack")
    assert told.copy is not None
    assert "open_items" not in told.copy["content"]
    assert told.withheld != ()


@pytest.mark.parametrize(
    ("sender", "to", "changes"),
    [
        ("sd-farsta", "sd-skarpnack", {"from_unit": "sd-skarpnack"}),
        ("sd-farsta", "sd-jarva", {}),
    ],
)
def test_a_transfer_names_who_gives_and_who_takes(sender: str, to: str, changes: dict[str, Any]) -> None:
    assert outcome(transfer(at_work(), sender, to, **changes)) == "STATE_CONFLICT"


def test_the_first_of_two_transfers_stands() -> None:
    sent = after(transfer(at_work()))
    assert outcome(transfer(sent, to="sd-jarva", to_unit="sd-jarva")) == "STATE_CONFLICT"


def test_nobody_else_accepts_and_nothing_is_accepted_that_was_not_sent() -> None:
    sent = after(transfer(at_work()))
    assert outcome(accept(sent, "sd-farsta", "sd-skarpnack")) != "accepted"
    third = replace(sent, parties=sent.parties | {"sd-jarva"})
    assert outcome(accept(third, "sd-jarva", "sd-farsta", to_unit="sd-jarva")) == "SENDER_NOT_ALLOWED"
    assert outcome(accept(at_work())) == "STATE_CONFLICT"


def test_a_stadsdel_that_is_a_party_does_not_send_away_anothers_case() -> None:
    decision = transfer(at_work(), "sd-skarpnack", "sd-jarva", from_unit="sd-skarpnack", to_unit="sd-jarva")
    assert outcome(decision) == "SENDER_NOT_ALLOWED"


def test_the_jobbtorg_follows_by_a_transfer_of_its_own() -> None:
    own = {"from_unit": "jt-sydost", "to_unit": "jt-jarva"}
    sent = after(transfer(at_work(), "jt-sydost", "jt-jarva", **own))
    taken = after(accept(sent, "jt-jarva", "jt-sydost", **own))
    assert (taken.responsible_stadsdel, taken.responsible_jobbtorg) == ("sd-farsta", "jt-jarva")


# -- what else is remembered -----------------------------------------------------------------------------------------


def refer(*earlier: Case, **content: Any) -> Case:
    return after(judge("referral.submitted", consents=[judging.consent()], open_cases=earlier, content=content))


def test_lessons_of_the_referral_are_remembered() -> None:
    lessons = [{"weekday": 2, "from": "09:00", "to": "12:00"}]
    assert refer(sfi_schedule=lessons).memory.lessons == (Lesson(2, "09:00", "12:00"),)


def test_a_new_case_knows_the_last_one_between_the_same_parties_only() -> None:
    over: dict[str, Any] = {"state": "closed", "closed_at": judging.NOON}
    first, second = (judging.case(case_id=name, **over) for name in ("first", "second"))
    elsewhere = judging.case(case_id="elsewhere", responsible_stadsdel="sd-skarpnack", **over)
    assert refer(first, second, elsewhere).memory.previous_case_id == "second"
    assert refer(elsewhere).memory.previous_case_id is None


def test_attempts_are_counted_one_by_one() -> None:
    case = judging.case("appointment-offered")
    content = {"appointment_at": "2026-03-01T10:00:00+01:00", "attempt_no": 1}
    once = after(send("appointment.missed", "jt-sydost", case, content=content))
    assert outcome(send("appointment.missed", "jt-sydost", once, content=content)) == "STATE_CONFLICT"
    twice = after(send("appointment.missed", "jt-sydost", once, content=content | {"attempt_no": 2}))
    assert twice.memory.contact_attempts == 2


def test_an_activity_begins_once() -> None:
    case = at_work(started={})
    begun = after(send("activity.started", "jt-sydost", case))
    assert begun.memory.started == {"a1": date(2026, 2, 16)}
    again = after(send("activity.started", "jt-sydost", begun, content={"start": "2026-03-01"}))
    assert again.memory.started == begun.memory.started


def test_what_is_remembered_does_not_change_the_case_before() -> None:
    case = at_work()
    send("plan.proposed", "jt-sydost", case, content={"version": 2})
    transfer(case)
    assert case == at_work()


def test_a_case_of_a_team_alone_is_closed_with_it_and_one_at_a_jobbtorg_goes_on() -> None:
    consent = judging.consent(
        edge("amn", "sdn-farsta"), edge("amn", "fk"), person=persons.JONNA, purpose="finsam_joint_planning"
    )
    alone = judging.finsam_case("planned", responsible_stadsdel="sd-farsta")
    joint = replace(alone, state="active", responsible_jobbtorg="jt-sydost")
    for case, over in ((alone, True), (joint, False)):
        to = [{"team": "team-sydost", "seat": "sd"}, {"team": "team-sydost", "seat": "fk"}]
        closed = after(
            judge("finsam.case-closed", "team-sydost", case=case, person=persons.JONNA, consents=[consent], to=to)
        )
        assert (closed.closed_at is not None, closed.finsam_state) == (over, "closed")
