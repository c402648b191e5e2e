"""Deadlines: when something is due, what starts and meets it, and who is told when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from hub.working_days import is_working_day
from routing import consent as consents
from routing import deadlines, lifecycle
from routing.case import Activity, Case, Deadline, Memory, Transfer
from routing.rulebook import Rulebook
from tests.support import judging

RULES = judging.rules()


def rules(**changes: Any) -> Rulebook:
    return replace(RULES, deadlines=replace(RULES.deadlines, **changes))


def follow(
    type_name: str,
    case: Case,
    *,
    sender: str = "jt-sydost",
    rulebook: Rulebook = RULES,
    at: datetime = judging.NOON,
    **content: Any,
) -> Case:
    message = judging.message(type_name, sender, at=at, subject=case.case_id, content=content)
    situation = replace(judging.situation(at=at, case=case), is_working_day=is_working_day)
    found = deadlines.follow(case, message, situation, rulebook)
    assert found is not None
    return found


def codes(case: Case) -> list[str]:
    return [each.code for each in case.memory.deadlines]


def find(case: Case, code: str) -> Deadline:
    (found,) = [each for each in case.memory.deadlines if each.code == code]
    return found


def waiting(code: str, due_on: date, case: Case | None = None, *, told: int = 0) -> Case:
    due_at = deadlines.end_of(due_on)
    deadline = Deadline(code, due_at, due_at, told=told)
    return replace(case or judging.case(), memory=Memory(deadlines=(deadline,)))


@pytest.mark.parametrize(
    ("enrolled", "due"),
    [
        ("2026-02-02", "2026-02-09"),
        ("2026-04-01", "2026-04-10"),
        ("2026-05-11", "2026-05-19"),
        ("2026-06-15", "2026-06-23"),
        ("2026-12-17", "2026-12-28"),
        ("2026-12-28", "2027-01-07"),
    ],
)
def test_five_working_days_leave_out_what_is_no_working_day(enrolled: str, due: str) -> None:
    case = follow("enrolment.confirmed", judging.case("enrolled"), enrolled_on=enrolled)
    assert deadlines.last_day(find(case, "t05")).isoformat() == due


def test_as_days_of_the_calendar_a_last_day_that_is_a_holiday_moves() -> None:
    calendar = rules(counts_working_days=False)
    case = follow("enrolment.confirmed", judging.case("enrolled"), rulebook=calendar, enrolled_on="2026-04-01")
    assert deadlines.last_day(find(case, "t05")) == date(2026, 4, 7)


def test_a_due_day_lasts_until_its_midnight_in_stockholm() -> None:
    assert deadlines.end_of(date(2026, 2, 9)) == datetime(2026, 2, 9, 23, 0, tzinfo=UTC)
    assert deadlines.end_of(date(2026, 6, 23)) == datetime(2026, 6, 23, 22, 0, tzinfo=UTC)


def test_a_proposed_plan_meets_its_deadline_and_starts_the_decisions() -> None:
    case = follow("enrolment.confirmed", judging.case("enrolled"), enrolled_on="2026-03-02")
    assert "t05" in codes(case)
    case = follow("plan.proposed", case, plan_id="plan-1")
    assert "t05" not in codes(case)
    assert find(case, "t06").about == "plan-1"


def test_a_decision_on_one_plan_does_not_meet_anothers_deadline() -> None:
    case = follow("plan.proposed", judging.case(), plan_id="plan-1")
    case = follow("plan.proposed", case, plan_id="plan-2")
    case = follow("plan.decided", case, sender="sd-farsta", plan_id="plan-1", decision="approved")
    assert find(case, "t06").about == "plan-2"


def test_a_review_is_due_on_the_day_that_was_set_and_after_six_months_at_the_latest() -> None:
    def due(next_review_on: str) -> date:
        case = follow(
            "plan.decided", judging.case(), sender="sd-farsta", decision="approved", next_review_on=next_review_on
        )
        return deadlines.last_day(find(case, "t07"))

    assert due("2026-05-10") == date(2026, 5, 10)
    assert due("2028-01-01") == date(2026, 9, 2)


def test_a_day_in_another_century_starts_nothing() -> None:
    case = follow("enrolment.confirmed", judging.case("enrolled"), enrolled_on="1900-01-01")
    assert codes(case) == []


def test_closing_drops_all_but_the_follow_up() -> None:
    before = waiting("t05", date(2026, 3, 9))
    closed = replace(before, state="closed", closed_at=judging.NOON)
    case = follow("case.closed", closed, closing_reason="studies", closed_on="2026-03-02", employment=None)
    assert codes(case) == ["t11"]
    assert deadlines.last_day(find(case, "t11")) == date(2026, 6, 2)


def test_the_second_attempt_in_vain_is_told_at_once() -> None:
    case = follow("appointment.missed", judging.case("no-show"), attempt_no=2)
    fired = deadlines.fire(case, judging.NOON, RULES, is_working_day)
    assert [(told.deadline.code, told.unit, told.level) for told in fired.told] == [("t04b", "sd-farsta", 1)]
    assert codes(fired.case) == ["t04"]


def test_what_is_due_is_told_then_escalated_then_forgotten() -> None:
    case = waiting("t05", date(2026, 3, 6))  # a Friday
    due = deadlines.end_of(date(2026, 3, 6))
    assert deadlines.fire(case, due - timedelta(seconds=1), RULES, is_working_day).told == ()
    first = deadlines.fire(case, due, RULES, is_working_day)
    assert [(told.unit, told.level) for told in first.told] == [("jt-sydost", 1)]
    monday = deadlines.end_of(date(2026, 3, 9))
    assert find(first.case, "t05").next_at == monday
    assert deadlines.fire(first.case, due, RULES, is_working_day).told == ()
    second = deadlines.fire(first.case, monday, RULES, is_working_day)
    assert [told.level for told in second.told] == [2]
    assert codes(second.case) == []


def test_after_a_stop_only_the_newest_is_told() -> None:
    fired = deadlines.fire(waiting("t05", date(2026, 3, 6)), judging.NOON + timedelta(days=90), RULES, is_working_day)
    assert [told.level for told in fired.told] == [2]


def test_a_review_is_announced_and_moves_the_case_only_when_it_is_due() -> None:
    case = follow("plan.decided", judging.case(), sender="sd-farsta", decision="approved", next_review_on="2026-06-01")
    times = [find(case, "t07").next_at]
    states = []
    for _ in range(3):
        fired = deadlines.fire(case, times[-1], RULES, is_working_day)
        assert len(fired.told) == 1
        case = fired.case
        states.append(case.state)
        times += [each.next_at for each in case.memory.deadlines if each.code == "t07"]
    assert times == [deadlines.end_of(day) for day in (date(2026, 5, 2), date(2026, 5, 25), date(2026, 6, 1))]
    assert states == ["active", "active", "under-review"]


def test_a_due_review_leaves_another_state_alone() -> None:
    case = waiting("t07", date(2026, 3, 1), judging.case("interrupted"), told=2)
    assert deadlines.fire(case, judging.NOON, RULES, is_working_day).case.state == "interrupted"


def test_a_reminder_whose_time_is_past_at_the_start_is_left_out() -> None:
    case = follow("plan.decided", judging.case(), sender="sd-farsta", decision="approved", next_review_on="2026-03-12")
    assert find(case, "t07").next_at == deadlines.end_of(date(2026, 3, 5))


def test_a_transfer_that_nobody_accepts_is_told_to_who_hands_over() -> None:
    case = waiting("t18", date(2026, 3, 1))
    case = replace(case, memory=replace(case.memory, transfer=Transfer("sd-farsta", "sd-sodermalm")))
    fired = deadlines.fire(case, judging.NOON, RULES, is_working_day)
    assert [(told.unit, told.level) for told in fired.told] == [("sd-farsta", 2)]


def test_a_rule_that_is_taken_away_tells_nobody() -> None:
    fired = deadlines.fire(waiting("t05", date(2026, 3, 1)), judging.NOON, rules(rows={}), is_working_day)
    assert (fired.told, codes(fired.case)) == ((), [])


def test_only_those_concerned_see_a_deadline() -> None:
    case = waiting("t16a", date(2026, 3, 9), judging.case(team="team-sydost", finsam_state="initiated"))
    seen = {unit: len(deadlines.list_open(case, unit, RULES)) for unit in ("team-sydost", "jt-sydost", "fk-stockholm")}
    assert seen == {"team-sydost": 1, "jt-sydost": 0, "fk-stockholm": 0}
    case = waiting("t05", date(2026, 3, 9), judging.case(team="team-sydost", finsam_state="initiated"))
    seen = {unit: len(deadlines.list_open(case, unit, RULES)) for unit in ("team-sydost", "jt-sydost", "sd-farsta")}
    assert seen == {"team-sydost": 0, "jt-sydost": 1, "sd-farsta": 1}


TEN_MORE_WEEKS = Activity("a1", "coaching", "jt-sydost", date(2026, 2, 2), date(2026, 5, 15))
WITH_REPORTS = replace(
    judging.case(),
    reporting_request=judging.request(date(2026, 12, 31), "attendance"),
    memory=Memory(in_force={"plan": (TEN_MORE_WEEKS,)}),
)


def noon(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(12), consents.STOCKHOLM).astimezone(UTC)


def started(case: Case = WITH_REPORTS, at: str = "2026-03-04") -> Case:
    return follow("activity.started", case, at=noon(at), activity_id="a1", start="2026-02-02", planned_end="2026-05-15")


def reported(case: Case, week: str, *, at: str, complete: bool = True, activity: str = "a1") -> Case:
    rows = [{"activity_id": activity, "date": "2026-03-05", "status": "not_recorded"}]
    more: dict[str, Any] = {"period": {"week": week}, "rows": rows, "complete": complete}
    return follow("attendance.reported", case, at=noon(at), **more)


def test_a_weeks_attendance_is_due_on_monday_noon_in_stockholm() -> None:
    assert find(started(), "t13b").due_at == noon("2026-03-09")
    assert find(started(at="2026-03-25"), "t13b").due_at == noon("2026-03-30")  # summer time has begun


def test_a_complete_report_moves_the_reminder_to_the_next_week_and_an_older_one_never_back() -> None:
    case = reported(started(), "2026-W10", at="2026-03-06")
    assert find(case, "t13b").due_at == noon("2026-03-16")
    assert find(reported(case, "2026-W09", at="2026-03-06"), "t13b").due_at == noon("2026-03-16")


def test_an_activity_that_ends_on_a_monday_is_reported_for_that_week_too() -> None:
    ends_on_monday = replace(TEN_MORE_WEEKS, planned_end=date(2026, 3, 16))
    case = started(replace(WITH_REPORTS, memory=Memory(in_force={"plan": (ends_on_monday,)})))
    last = reported(case, "2026-W11", at="2026-03-13")
    assert find(last, "t13b").due_at == noon("2026-03-23")
    assert "t13b" not in codes(reported(last, "2026-W12", at="2026-03-20"))


def test_half_a_report_and_another_activitys_leave_the_reminder() -> None:
    assert find(reported(started(), "2026-W10", at="2026-03-06", complete=False), "t13b").due_at == noon("2026-03-09")
    assert find(reported(started(), "2026-W10", at="2026-03-06", activity="a2"), "t13b").due_at == noon("2026-03-09")


def test_a_missing_report_is_told_every_week_while_the_activity_lasts() -> None:
    case, mondays = started(), []
    for day in range(100):
        at = noon("2026-03-04") + timedelta(days=day)
        fired = deadlines.fire(case, at, RULES, is_working_day)
        mondays += [at for told in fired.told if told.deadline.code == "t13b"]
        case = fired.case
    assert len(mondays) == 11  # of the weeks 10 to 20, in the last of which it ends
    assert "t13b" not in codes(case)


def test_an_interruption_stops_the_reminders_and_a_restart_begins_them_for_each_activity() -> None:
    case = follow("participation.interrupted", started(), at=noon("2026-03-05"))
    assert "t13b" not in codes(case)
    again = {"plan_continues": True, "previous_activities": ["a1", "a2"]}
    case = follow("participation.restarted", case, at=noon("2026-03-18"), **again)
    assert {each.about for each in case.memory.deadlines if each.code == "t13b"} == {"a1", "a2"}


def test_an_activity_that_has_ended_reminds_of_no_attendance() -> None:
    ended = follow("activity.ended", started(), at=noon("2026-03-05"), activity_id="a1", ended_on="2026-03-05")
    assert "t13b" not in codes(ended)


def test_nobody_is_reminded_of_what_nobody_asked_for() -> None:
    for request in (None, judging.request(date(2026, 12, 31), "closing")):
        assert "t13b" not in codes(started(replace(WITH_REPORTS, reporting_request=request)))


def enrolled(case: Case, on: str) -> Case:
    """By a message that does not name the person."""
    content = {"af_registration": "initiated", "enrolled_on": on}
    message = judging.message("enrolment.confirmed", "jt-sydost", subject=case.case_id, person=None, content=content)
    found = deadlines.follow(case, replace(message, born_on=None), judging.situation(case=case), RULES)
    assert found is not None
    return found


@pytest.mark.parametrize(("born_on", "watched"), [(date(2004, 5, 1), True), (date(1990, 1, 1), False), (None, False)])
def test_the_age_counts_that_an_earlier_message_told(born_on: date | None, watched: bool) -> None:
    case = replace(judging.case("no-show"), memory=Memory(born_on=born_on))
    assert ("t12" in codes(enrolled(case, "2026-02-16"))) == watched


def test_what_happens_again_begins_a_deadline_anew_but_for_those_that_run_on() -> None:
    first = enrolled(replace(judging.case("no-show"), memory=Memory(born_on=date(2004, 5, 1))), "2026-02-16")
    again = enrolled(first, "2026-02-23")
    assert find(again, "t12") == find(first, "t12")
    assert find(again, "t05").due_at > find(first, "t05").due_at


def test_the_first_message_that_names_the_person_is_remembered_for_those_that_do_not() -> None:
    message = replace(judging.message("referral.submitted", "sd-farsta"), born_on=date(2004, 5, 1))
    case = lifecycle.advance(message, RULES.lifecycle.transitions["t1"], judging.situation(), {"jt-sydost": "jt"})
    assert case is not None
    assert case.memory.born_on == date(2004, 5, 1)
