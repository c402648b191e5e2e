"""A rule file with one fault in it is refused, and the fault is named with its file and row."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from routing import rulebook

UNREADABLE = [
    # (file, this, becomes that, the fault)
    ("settings.toml", "minimum_age = 16\n", "minimum_age = 16\nlowest = 1\n", "settings.lowest: is an unknown key"),
    ("settings.toml", "minimum_age = 16\n", "", "settings: lacks minimum_age"),
    ("settings.toml", "minimum_age = 16", 'minimum_age = "16"', "settings.minimum_age: must be a whole number"),
    ("settings.toml", "minimum_age = 16", "minimum_age = true", "settings.minimum_age: must be a whole number"),
    ("settings.toml", "sol_15_9 = true", "sol_15_9 = 1", "settings.sol_15_9: must be true or false"),
    ("settings.toml", '"26:1"\n', '"27:1"\n', "settings.jobbtorg_secrecy: '27:1' is none of 26:1, 28:11"),
    ("settings.toml", "[settings]", "[setings]", "setings: is an unknown table"),
    ("deadlines.toml", "remind_after_days = 5", "remind_after_days = 30", "unread: must go from 1 to 400 days"),
    ("deadlines.toml", "remind_after_days = 5", "remind_after_days = 0", "unread: must go from 1 to 400 days"),
    ("deadlines.toml", "return_after_days = 30", "return_after_days = 401", "unread: must go from 1 to 400 days"),
    ("deadlines.toml", "return_after_days = 30\n", "", "unread: lacks return_after_days"),
    ("settings.toml", "[settings]", "[setings]", "settings: the table is missing"),
    (
        "types.toml",
        'senders = ["sd"]\nrefused',
        'senders = ["xx"]\nrefused',
        "type[referral.submitted].senders: 'xx' is an unknown kind",
    ),
    (
        "types.toml",
        'senders = ["sd"]\nrefused',
        'senders = "sd"\nrefused',
        "type[referral.submitted].senders: must be a list",
    ),
    (
        "types.toml",
        'senders = ["sd"]\nrefused',
        'senders = ["sd", "sd"]\nrefused',
        "type[referral.submitted].senders: names 'sd' twice",
    ),
    (
        "types.toml",
        '{ jt = "SELF_REFERRAL" }',
        '{ jt = "NO_WAY" }',
        "type[referral.submitted].refused_senders.jt: 'NO_WAY' is none of SCHEMA_INVALID",
    ),
    (
        "types.toml",
        '"WA", "FN", "SO"]',
        '"WA", "FN", "XX"]',
        "type[referral.submitted].categories: 'XX' is an unknown category",
    ),
    (
        "types.toml",
        '"no_open_case"]',
        '"no_case"]',
        "type[referral.submitted].checks: 'no_case' is an unknown check",
    ),
    (
        "types.toml",
        'found = "catchment"',
        'found = "anywhere"',
        "type[referral.submitted].route[jobbtorg_planning].to[1].found: 'anywhere' is none of catchment",
    ),
    (
        "types.toml",
        'bases = ["CONSENT", "OSL_10_2"]\n\n# The jobbtorg may',
        'bases = ["CONSENT", "OSL_10_27"]\n\n# The jobbtorg may',
        "type[referral.submitted].route[jobbtorg_planning].to[1].bases: 'OSL_10_27' is an unknown basis",
    ),
    (
        "types.toml",
        'kinds = ["jt"]\nfound = "catchment"',
        'kinds = ["yy"]\nfound = "catchment"',
        "type[referral.submitted].route[jobbtorg_planning].to[1].kinds: 'yy' is an unknown kind",
    ),
    (
        "types.toml",
        'purpose = "jobbtorg_planning"\nmoves = ["t1"]',
        'purpose = "control"\nmoves = ["t1"]',
        "type[referral.submitted].route[control].purpose: 'control' is an unknown purpose",
    ),
    (
        "types.toml",
        'moves = ["t1"]',
        'moves = ["t99"]',
        "type[referral.submitted].route[jobbtorg_planning].moves: 't99' is an unknown transition",
    ),
    (
        "types.toml",
        'within = ["closed"]',
        'within = ["shut"]',
        "type[case.closed].route[af_coordination].within: 'shut' is an unknown state",
    ),
    ("types.toml", 'name = "referral.answered"', 'name = "plan.decided"', "type[plan.decided]: stands there twice"),
    (
        "bases.toml",
        'needs = ["reporting_request"]',
        'needs = ["luck"]',
        "basis[SOL_15_9].needs: 'luck' is an unknown need",
    ),
    ("bases.toml", 'code = "SOL_15_8"', 'code = "SOL_15_9"', "basis[SOL_15_9]: stands there twice"),
    ("categories.toml", "[ceiling.em]", "[ceiling.ex]", "ceiling.ex: 'ex' is an unknown kind"),
    ("categories.toml", "[ceiling.em]", "[ceiling.ex]", "ceiling.em: the kind has no ceiling"),
    ("categories.toml", '[ceiling.sd]\nID = "yes"\n', "[ceiling.sd]\n", "ceiling.sd: lacks the category ID"),
    (
        "categories.toml",
        '[ceiling.sd]\nID = "yes"\n',
        '[ceiling.sd]\nID = "yes"\nXX = "no"\n',
        "ceiling.sd: 'XX' is an unknown category",
    ),
    (
        "categories.toml",
        '[ceiling.sd]\nID = "yes"\n',
        '[ceiling.sd]\nID = "perhaps"\n',
        "ceiling.sd.ID.when: 'perhaps' is none of yes, finsam, no, own",
    ),
    (
        "categories.toml",
        '["extent"]',
        '["hue"]',
        "ceiling.jt.WA.only: 'hue' is an unknown facet",
    ),
    (
        "lifecycle.toml",
        'type = "referral.submitted"',
        'type = "referral.sent"',
        "transition[t1].type: 'referral.sent' is an unknown type",
    ),
    (
        "lifecycle.toml",
        'to = "referred"',
        'to = "lost"',
        "transition[t1].to: 'lost' is an unknown state of a case or of FINSAM",
    ),
    (
        "lifecycle.toml",
        'to = "referred"',
        'to = "planned"',
        "transition[t1]: 'planned' is no state of the machine case",
    ),
    (
        "lifecycle.toml",
        'effects = ["team_takes_part"]',
        'effects = ["magic"]',
        "transition[f1].effects: 'magic' is an unknown effect",
    ),
    (
        "lifecycle.toml",
        'when = { "/content/decision" = ["accepted"] }',
        'when = { "/content/decision" = [1.5] }',
        "transition[t2].when./content/decision: must be a text that is not empty or true or false or a whole number",
    ),
    (
        "lifecycle.toml",
        "when_in_force = false",
        'when_in_force = "no"',
        "transition[t10].when_in_force: must be true or false",
    ),
    ("refusals.toml", 'code = "EXPIRED"', 'code = "EXPIRE"', "refusal[EXPIRED]: the code has no text"),
    ("refusals.toml", 'code = "EXPIRED"', 'code = "EXPIRE"', "refusal[EXPIRE].code: 'EXPIRE' is none of"),
    (
        "refusals.toml",
        'title_sv = "Meddelandets giltighetstid har gått ut"',
        'title_sv = ""',
        "refusal[EXPIRED].title_sv: must be a text that is not empty",
    ),
    ("refusals.toml", "[[refusal]]\n", "[[refusal\n", "file: cannot be read"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(rulebook.FOLDER, tmp_path / "rules")


def load_faults(folder: Path) -> list[str]:
    with pytest.raises(rulebook.RulesBroken) as broken:
        rulebook.load(folder)
    return [str(fault) for fault in broken.value.faults]


@pytest.mark.parametrize(("file", "this", "that", "fault"), UNREADABLE)
def test_names_file_row_and_fault(folder: Path, file: str, this: str, that: str, fault: str) -> None:
    path = folder / file
    text = path.read_text("utf-8")
    assert this in text
    path.write_text(text.replace(this, that, 1), "utf-8")
    faults = load_faults(folder)
    assert [line for line in faults if line.startswith(f"{file}: {fault}")], faults


@pytest.mark.parametrize(
    "file",
    ["types.toml", "bases.toml", "categories.toml", "lifecycle.toml", "refusals.toml", "settings.toml"],
)
def test_a_missing_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    assert f"{file}: file: the file is missing" in load_faults(folder)


def test_all_faults_are_told_at_once(folder: Path) -> None:
    for file in ("types.toml", "bases.toml"):
        path = folder / file
        path.write_text(path.read_text("utf-8").replace("title_sv =", "title_se =", 1), "utf-8")
    faults = load_faults(folder)
    assert "types.toml: type[referral.submitted]: lacks title_sv" in faults
    assert "types.toml: type[referral.submitted].title_se: is an unknown key" in faults
    assert "bases.toml: basis[CONSENT]: lacks title_sv" in faults


def test_a_faulty_row_breeds_no_faults_where_it_is_named(folder: Path) -> None:
    path = folder / "bases.toml"
    path.write_text(path.read_text("utf-8").replace('title_sv = "Samtycke från den enskilde"', "", 1), "utf-8")
    assert load_faults(folder) == ["bases.toml: basis[CONSENT]: lacks title_sv"]


def test_a_type_in_two_files_is_a_fault(folder: Path) -> None:
    shutil.copy(folder / "types.toml", folder / "types-copy.toml")
    assert "types.toml: type[case.closed]: stands in another file too" in load_faults(folder)


def test_rows_that_are_no_rows_are_a_fault(folder: Path) -> None:
    (folder / "types.toml").write_text('type = "all"\n', "utf-8")
    assert "types.toml: type: must be rows, written [[...]]" in load_faults(folder)


def test_a_file_that_is_not_utf_8_is_a_fault(folder: Path) -> None:
    (folder / "settings.toml").write_bytes("# för\n".encode("latin-1"))
    assert [line for line in load_faults(folder) if line.startswith("settings.toml: file: cannot be read")]
