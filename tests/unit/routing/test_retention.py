"""When something is due to be erased, against a calculator that was written from the plan alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import retention, rulebook
from routing.case import Case, Deadline, Memory
from routing.retention import Copy, Kind
from routing.rule_files import RulesBroken

RULES = rulebook.load().retention
STOCKHOLM = ZoneInfo("Europe/Stockholm")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
# Hypothesis takes the bounds without a time zone, and gives instants with one.
instants = st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
later = st.timedeltas(timedelta(0), timedelta(days=60))
STATES = ("pending", "notified", "read", "handled", "refused", "expired", "dead")
OWN = ("hub.receipt", "hub.deadline-due", "hub.consent-expiring")


def midnight_after(day: date) -> datetime:
    """The first instant that is no longer this day in Stockholm, found by walking."""
    at = datetime(day.year, day.month, day.day, 20, tzinfo=UTC)
    while at.astimezone(STOCKHOLM).date() == day:
        at += timedelta(minutes=15)
    return at


@st.composite
def bodies(draw: st.DrawFn) -> tuple[str, datetime, list[Copy], datetime]:
    recorded_at = draw(instants)
    copies = []
    for state in draw(st.lists(st.sampled_from(STATES), max_size=5)):
        acked = state == "handled" or (state in ("read", "notified", "dead") and draw(st.booleans()))
        copies.append(Copy(state, recorded_at + draw(later) if acked else None))
    asked_at = recorded_at + draw(st.timedeltas(timedelta(0), timedelta(days=100)))
    return draw(st.sampled_from(("plan.proposed", "referral.submitted", *OWN))), recorded_at, copies, asked_at


def must_go(type_name: str, recorded_at: datetime, copies: list[Copy], at: datetime) -> bool:
    """B6 as a list of reasons to keep: undelivered 30 days, delivered 7 after the receipt, given up 14."""
    after_receipt = timedelta(days=1 if type_name in OWN else 7)
    reasons_to_keep = []
    for copy in copies:
        if copy.state == "dead":
            reasons_to_keep.append(at - (copy.settled_at or recorded_at) < timedelta(days=14))
        elif copy.state not in ("refused", "expired"):
            limit = timedelta(days=30) if copy.settled_at is None else after_receipt
            reasons_to_keep.append(at - (copy.settled_at or recorded_at) < limit)
    waits = [copy for copy in copies if copy.state not in ("refused", "expired")]
    return not any(reasons_to_keep) if waits else at - recorded_at >= after_receipt


@pytest.mark.slow
@settings(max_examples=1000, derandomize=True, deadline=None)
@given(bodies())
def test_bodies_go_when_the_independent_calculator_says_so(
    body: tuple[str, datetime, list[Copy], datetime],
) -> None:
    type_name, recorded_at, copies, at = body
    term = retention.body_term(type_name, recorded_at, copies, RULES)
    assert term.is_over(at) == must_go(type_name, recorded_at, copies, at)


@pytest.mark.slow
@settings(max_examples=1000, derandomize=True, deadline=None)
@given(instants, st.booleans(), st.booleans(), st.integers(-3, 3))
def test_cases_go_when_the_independent_calculator_says_so(
    closed_at: datetime, followed_up: bool, has_bodies: bool, days_off: int
) -> None:
    waiting = () if followed_up else (Deadline("t11", NOON, NOON),)
    case = Case("case-1", "key", "closed", None, closed_at, closed_at=closed_at, memory=Memory(deadlines=waiting))
    months = 3 if followed_up and not has_bodies else 18
    last = closed_at.astimezone(STOCKHOLM).date() + relativedelta(months=months)
    at = midnight_after(last) + timedelta(days=days_off)
    term = retention.case_term(case, has_bodies=has_bodies, rules=RULES)
    assert term is not None
    assert term.is_over(at) == (days_off >= 0)


@pytest.mark.slow
@settings(max_examples=1000, derandomize=True, deadline=None)
@given(st.dates(date(2024, 1, 1), date(2032, 1, 1)), st.none() | instants, st.integers(-2, 2))
def test_consents_and_metadata_go_five_years_after(valid_to: date, ended_at: datetime | None, days_off: int) -> None:
    last = min(valid_to, ended_at.astimezone(STOCKHOLM).date()) if ended_at else valid_to
    at = midnight_after(last + relativedelta(years=5)) + timedelta(days=days_off)
    assert retention.consent_term(valid_to, ended_at, RULES).is_over(at) == (days_off >= 0)
    recorded_at = datetime(last.year, last.month, last.day, 10, tzinfo=UTC)
    assert retention.metadata_term(recorded_at, RULES).is_over(at) == (days_off >= 0)


def test_an_open_case_is_never_due() -> None:
    assert retention.case_term(Case("c", "key", "active", None, NOON), has_bodies=False, rules=RULES) is None


def test_the_reason_told_is_that_of_the_copy_that_kept_it_longest() -> None:
    copies = [Copy("handled", NOON), Copy("dead", NOON), Copy("notified")]
    assert retention.body_term("plan.proposed", NOON, copies, RULES).kind is Kind.UNDELIVERED_BODY
    assert retention.body_term("plan.proposed", NOON, copies[:2], RULES).kind is Kind.DEAD_LETTER


def test_no_body_is_due_before_the_shortest_time() -> None:
    shortest = timedelta(days=RULES.shortest_days)
    assert retention.body_term("hub.receipt", NOON, [Copy("handled", NOON)], RULES).at - NOON == shortest


@pytest.mark.parametrize(
    ("was", "becomes", "place"),
    [
        ("delivered_days = 7", "delivered_days = 31", "bodies"),
        ("undelivered_days = 30", "undelivered_days = 0", "bodies"),
        ("longest_months = 18", "longest_months = 2", "cases"),
        ("person_months = 18", "person_months = -1", "cases"),
        ('type = "hub.receipt"', 'type = "hub.nothing"', "body"),
        ("[metadata]\nyears = 5", "[metadata]\nyears = 99", "consents"),
        ("[consents]\nyears = 5", "", "consents"),
    ],
)
def test_times_that_no_decision_can_mean_are_faults(tmp_path: Path, was: str, becomes: str, place: str) -> None:
    for file in rulebook.FOLDER.glob("*.toml"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    path = tmp_path / "retention.toml"
    text = path.read_text(encoding="utf-8")
    assert was in text
    path.write_text(text.replace(was, becomes), encoding="utf-8")
    with pytest.raises(RulesBroken) as broken:
        rulebook.load(tmp_path)
    assert any(fault.file == "retention.toml" and place in fault.table for fault in broken.value.faults)


def test_a_rulebook_with_other_times_decides_by_them() -> None:
    rules = replace(RULES, bodies=replace(RULES.bodies, delivered_days=0))
    assert retention.body_term("plan.proposed", NOON, [Copy("handled", NOON)], rules).is_over(NOON)
