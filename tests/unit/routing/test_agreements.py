"""What an agreement may say instead of the rules: how long a deadline is, and which list of fields counts."""

from __future__ import annotations

import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from hub.working_days import is_working_day
from routing import checks, deadlines, directory
from routing import decision as decisions
from routing.decision import Decision
from routing.directory import Directory
from routing.rule_files import RulesBroken
from schemas import registry
from tests.support import judging

SCHEMAS = registry.packaged()
HEAD = '\n[[agreement]]\nid = "lokal"\ntitle_sv = "Lokal överenskommelse"\nsource = "Påhittad"\n'
CITY = HEAD + 'kinds = ["jt"]\nwith = ["sd"]\n'
STATE = HEAD + 'kinds = ["af"]\nwith = ["sd"]\n'


def folder(tmp_path: Path, rows: str) -> Path:
    copied = shutil.copytree(directory.FOLDER, tmp_path / "directory")
    path = copied / "agreements.toml"
    path.write_text(path.read_text("utf-8") + rows, "utf-8")
    return copied


def units(tmp_path: Path, rows: str) -> Directory:
    return directory.load(folder(tmp_path, rows))


def faults(tmp_path: Path, rows: str) -> list[str]:
    return [str(each) for each in checks.check_rules(None, folder(tmp_path, rows), SCHEMAS)]


def propose(known: Directory, at: datetime = judging.NOON) -> Decision:
    case = judging.case("enrolled")
    asked = judging.message("plan.proposed", at=at, subject=case.case_id)
    situation = judging.situation(at=at, case=case, consents=[judging.consent()])
    return decisions.decide(asked, situation, known, judging.rules())


def last_day(decision: Decision, code: str) -> date:
    assert decision.case is not None
    (found,) = [each for each in decision.case.memory.deadlines if each.code == code]
    return deadlines.last_day(found)


def after(working_days: int) -> date:
    day = judging.NOON.date()
    while working_days:
        day += timedelta(days=1)
        working_days -= is_working_day(day)
    return day


def test_nothing_agreed_leaves_the_rules_own_time() -> None:
    assert last_day(propose(judging.directory()), "t06") == after(3)


def test_an_agreement_gives_the_decision_on_a_plan_more_days(tmp_path: Path) -> None:
    known = units(tmp_path, CITY + "deadlines = { t06 = { working_days = 5 } }\n")
    assert last_day(propose(known), "t06") == after(5)


@pytest.mark.parametrize(
    "row",
    [
        CITY + "valid_to = 2020-12-31\n",
        CITY + 'purposes = ["case_transfer"]\n',
        HEAD + 'kinds = ["af"]\nwith = ["sd"]\n',
    ],
)
def test_an_agreement_of_another_time_purpose_or_pair_says_nothing(tmp_path: Path, row: str) -> None:
    known = units(tmp_path, row + "deadlines = { t06 = { working_days = 5 } }\n")
    assert last_day(propose(known), "t06") == after(3)


def test_of_two_agreements_the_first_counts(tmp_path: Path) -> None:
    rows = CITY + "deadlines = { t06 = { working_days = 5 } }\n"
    rows += CITY.replace("lokal", "annan") + "deadlines = { t06 = { working_days = 9 } }\n"
    assert last_day(propose(units(tmp_path, rows)), "t06") == after(5)


def test_a_fixed_time_stays_though_an_agreement_names_it(tmp_path: Path) -> None:
    known = units(tmp_path, CITY + "deadlines = { t05 = { working_days = 50 } }\n")
    case = judging.case("appointment-offered")
    asked = judging.message("enrolment.confirmed", "jt-sydost", subject=case.case_id)
    situation = judging.situation(case=case, consents=[judging.consent()])
    with_it, without = (
        decisions.decide(asked, situation, each, judging.rules()) for each in (known, judging.directory())
    )
    assert last_day(with_it, "t05") == last_day(without, "t05")


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("deadlines = { t99 = { days = 5 } }", "deadlines.t99: no deadline has this id, or it is switched off"),
        ("deadlines = { t05 = { days = 5 } }", "deadlines.t05: is fixed by a statute or a decision of the city"),
        ("deadlines = { t13b = { days = 5 } }", "deadlines.t13b: a weekly deadline stays weekly"),
        ("deadlines = { t06 = { weekday = 1 } }", "deadlines.t06: a weekly deadline stays weekly"),
        ('field_lists = { "plan.proposed" = ["x"] }', "field_lists.plan.proposed: the type has no list of fields"),
        (
            'field_lists = { "af.status-notified" = ["SFS 1999:1"] }',
            "field_lists.af.status-notified: no served schema follows 'SFS 1999:1'",
        ),
    ],
)
def test_rules_check_names_what_an_agreement_may_not_say(tmp_path: Path, row: str, fault: str) -> None:
    (found,) = faults(tmp_path, f"{CITY}{row}\n")
    assert found.startswith(f"agreements.toml: agreement[lokal].{fault}")


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("deadlines = { t06 = {} }", "deadlines.t06: is empty"),
        ("deadlines = { t06 = { working_days = 900 } }", "deadlines.t06: has a number that is not from 0 to 400"),
        ("deadlines = { t06 = { hours = 3 } }", "deadlines.t06.hours: is an unknown key"),
    ],
)
def test_a_directory_with_such_an_agreement_is_refused(tmp_path: Path, row: str, fault: str) -> None:
    with pytest.raises(RulesBroken) as broken:
        units(tmp_path, f"{CITY}{row}\n")
    assert f"agreements.toml: agreement[lokal].{fault}" in map(str, broken.value.faults)


def notify(known: Directory, at: datetime = judging.NOON) -> Decision:
    case = judging.case("active")
    asked = judging.message("af.status-notified", "af-stockholm", at=at, to=[{"unit": "sd-farsta"}], basis=STATUTE)
    return decisions.decide(asked, judging.situation(at=at, open_cases=[case]), known, judging.rules())


STATUTE = [("sd", "SOL_15_11", None)]


def test_the_list_that_the_rules_name_counts_where_nothing_is_agreed() -> None:
    assert judging.outcome(notify(judging.directory())) == "accepted"


def test_a_list_that_is_none_of_the_agreed_ones_is_refused_by_its_pointer_and_never_in_silence(tmp_path: Path) -> None:
    row = STATE + 'field_lists = { "af.status-notified" = ["SFS 2026:1"] }\nvalid_from = 2026-01-01\n'
    decision = notify(units(tmp_path, row))
    assert judging.outcome(decision) == "SCHEMA_INVALID"
    assert decision.refusal is not None
    assert decision.refusal.pointers == ("/data/content/list_version",)
    assert not decision.uniform


def test_before_the_agreement_is_in_force_the_old_list_counts(tmp_path: Path) -> None:
    row = STATE + 'field_lists = { "af.status-notified" = ["SFS 2026:1"] }\nvalid_from = 2027-01-01\n'
    assert judging.outcome(notify(units(tmp_path, row))) == "accepted"
