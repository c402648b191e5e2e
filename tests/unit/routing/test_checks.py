"""What `samverkan rules check` finds: rules that can be read but cannot be meant."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from routing import checks, directory, rulebook
from schemas import registry

SCHEMAS = registry.packaged()

MISTAKEN = [
    # (file, this, becomes that, where the fault is, what it is)
    ("categories.toml", 'CJ = "no"', 'CJ = "yes"', "categories.toml: ceiling.sd.CJ", "must be no for every kind"),
    (
        "categories.toml",
        'TP = "no"',
        'TP = { when = "finsam", only = ["flag"] }',
        "categories.toml: ceiling.sd.TP",
        "must be no for every kind",
    ),
    (
        "categories.toml",
        'TP = "no"',
        'TP = { when = "no", whole_for = ["placement"] }',
        "categories.toml: ceiling.sd.TP",
        "must be no for every kind",
    ),
    (
        "settings.toml",
        "minimum_age = 16",
        "minimum_age = 0",
        "settings.toml: settings.minimum_age",
        "must be at least 1",
    ),
    (
        "settings.toml",
        '["socialsekreterare", "bistandshandlaggare", "enhetschef", "bistandschef"]',
        "[]",
        "settings.toml: settings.osl_10_2_roles",
        "names no role, so that every role could claim OSL 10:2",
    ),
    (
        "refusals.toml",
        "status = 410",
        "status = 200",
        "refusals.toml: refusal[EXPIRED].status",
        "must be one of 403, 409, 410, 413, 422",
    ),
    (
        "lifecycle.toml",
        '  "enrolled",\n',
        '  "enrolled",\n  "lost",\n',
        "lifecycle.toml: case",
        "the state lost is never reached",
    ),
    (
        "lifecycle.toml",
        '  "enrolled",\n',
        '  "enrolled",\n  "lost",\n',
        "lifecycle.toml: case",
        "the state lost has no way out and is not final",
    ),
    (
        "lifecycle.toml",
        'final = ["returned", "closed"]',
        'final = ["closed"]',
        "lifecycle.toml: case",
        "the state returned has no way out and is not final",
    ),
    (
        "lifecycle.toml",
        'final = ["returned", "closed"]',
        'final = ["returned", "closed", "active"]',
        "lifecycle.toml: case",
        "the state active is final and has a way out",
    ),
    (
        "lifecycle.toml",
        'final = ["returned", "closed"]',
        'final = ["returned", "closed", "planned"]',
        "lifecycle.toml: case",
        "the final state planned is no state of the machine",
    ),
    (
        "lifecycle.toml",
        "when_in_force = true\n",
        "",
        "lifecycle.toml: transition[t10b]",
        "fits the same message as t10",
    ),
    (
        "lifecycle.toml",
        'when = { "/content/decision" = ["returned"] }\nto = "returned"',
        'to = "returned"',
        "lifecycle.toml: transition[t3]",
        "fits the same message as t2",
    ),
    (
        "lifecycle.toml",
        'type = "plan.proposed"',
        'type = "plan.decided"',
        "types.toml: type[plan.proposed].route[jobbtorg_planning].moves",
        "t8 is a move of plan.decided",
    ),
    (
        "types.toml",
        'moves = ["t2", "t3", "t5"]',
        'moves = ["t2", "t5"]',
        "lifecycle.toml: transition[t3]",
        "no route in types.toml makes this move",
    ),
    (
        "types.toml",
        'moves = ["t8"]',
        'moves = ["t6"]',
        "types.toml: type[plan.proposed].route[jobbtorg_planning].moves",
        "t6 is a move of enrolment.confirmed",
    ),
    (
        "types.toml",
        'moves = ["t8"]',
        'moves = ["t8"]\nwithin = ["active"]',
        "types.toml: type[plan.proposed].route[jobbtorg_planning]",
        "has both moves and within; the moves say from where",
    ),
    (
        "types.toml",
        'opens = "case"\n',
        "",
        "types.toml: type[referral.submitted]",
        "opens nothing, but its moves open case",
    ),
    (
        "types.toml",
        'subject = "required"\ncategories = ["ID", "ST"]\n\n',
        'subject = "required"\nopens = "case"\ncategories = ["ID", "ST"]\n\n',
        "types.toml: type[referral.answered]",
        "opens case, but its moves open nothing",
    ),
    (
        "types.toml",
        'subject = "required"\ncategories = ["ID", "ST"]\n\n',
        'subject = "absent"\ncategories = ["ID", "ST"]\n\n',
        "types.toml: type[referral.answered]",
        "names no case (subject absent), but moves one",
    ),
    (
        "types.toml",
        'refused_senders = { jt = "SELF_REFERRAL" }',
        'refused_senders = { sd = "SELF_REFERRAL" }',
        "types.toml: type[referral.submitted].refused_senders",
        "sd is a sender",
    ),
    (
        "types.toml",
        'refused_senders = { jt = "SELF_REFERRAL" }',
        'refused_senders = { xx = "SELF_REFERRAL" }',
        "types.toml: type[referral.submitted].refused_senders",
        "'xx' is an unknown kind",
    ),
    (
        "types.toml",
        'senders = ["sd"]\nrefused',
        "senders = []\nrefused",
        "types.toml: type[referral.submitted]",
        "has no sender",
    ),
    (
        "types.toml",
        'found = "catchment"\n',
        'found = "coordinator"\n',
        "types.toml: type[referral.submitted].route[jobbtorg_planning].to.jt.found",
        "coordinator finds no unit of kind jt",
    ),
    (
        "types.toml",
        'bases = ["CONSENT", "OSL_10_2"]\n\n# The jobbtorg may',
        "bases = []\n\n# The jobbtorg may",
        "types.toml: type[referral.submitted].route[jobbtorg_planning].to.jt",
        "has no basis",
    ),
    (
        "types.toml",
        'bases = ["CONSENT", "OSL_10_2"]\n\n# The jobbtorg may',
        'bases = ["SOL_15_9"]\n\n# The jobbtorg may',
        "types.toml: type[referral.submitted].route[jobbtorg_planning].to.jt.bases",
        "SOL_15_9 can never be used: it is not made for these kinds of sender and recipient",
    ),
    (
        "bases.toml",
        'categories = ["ID", "ST", "PL", "AT", "AR", "OU"]',
        'categories = ["AT"]',
        "types.toml: type[referral.answered].route[jobbtorg_planning].to.sd.bases",
        "SOL_15_9 can never be used: it covers none of the categories of the type",
    ),
    (
        "types.toml",
        'sees = ["/content/closed_on"]',
        'sees = ["/content/ended_on"]',
        "types.toml: type[case.closed].route[af_coordination].to.af.sees",
        "the schema has no /content/ended_on",
    ),
    (
        "types.toml",
        'sees = ["/content/closed_on"]',
        'sees = ["closed_on"]',
        "types.toml: type[case.closed].route[af_coordination]",
        "'closed_on' is no pointer: it must begin with /",
    ),
    (
        "types.toml",
        'sees = ["/content/closed_on"]',
        'sees = ["/person"]',
        "types.toml: type[case.closed].route[af_coordination].to.af.sees",
        "'/person' does not lie in /content",
    ),
    (
        "types-finsam.toml",
        'when = { "/content/mode" = ["anonymous"] }\n',
        "",
        "types-finsam.toml: type[finsam.case-initiated].route[finsam_joint_planning]",
        "is never taken: an earlier route fits the same messages",
    ),
    (
        "types-finsam.toml",
        '"/content/mode" = ["anonymous"]',
        '"/content/manner" = ["anonymous"]',
        "types-finsam.toml: type[finsam.case-initiated].route[finsam_joint_planning].when",
        "the schema has no /content/manner",
    ),
    (
        "types-finsam.toml",
        'seats_from = "/content/wished_seats"',
        'seats_from = "/content/seats"',
        "types-finsam.toml: type[finsam.case-initiated].route[finsam_joint_planning].seats_from",
        "the schema has no /content/seats",
    ),
    (
        "types.toml",
        'moves = ["t9", "t10", "t10b"]',
        'moves = ["t9", "t10", "t10b"]\nseats_from = "/content/plan_id"',
        "types.toml: type[plan.decided].route[jobbtorg_planning].seats_from",
        "no recipient of the route is found by seat",
    ),
    (
        "types.toml",
        'categories = ["ID", "CO", "ST", "LM", "PL"]',
        'categories = ["ID", "CO", "ST", "LM"]',
        "types.toml: type[enrolment.confirmed].categories",
        "the schema has PL, the row does not",
    ),
    (
        "types.toml",
        'categories = ["ID", "CO", "ST", "LM", "PL"]',
        'categories = ["ID", "CO", "ST", "LM", "PL", "HE"]',
        "types.toml: type[enrolment.confirmed].categories",
        "the row has HE, the schema does not",
    ),
    (
        "types.toml",
        'name = "case.closed"',
        'name = "case.ended"',
        "lifecycle.toml: transition[t19].type",
        "'case.closed' is an unknown type",
    ),
    (
        "categories.toml",
        '\nname = "identity_free"',
        '\nname = "free_of_identity"',
        "types-finsam.toml: type[finsam.case-initiated]",
        "the schema has the facet 'identity_free', which categories.toml does not know",
    ),
    (
        "categories.toml",
        'ST = { when = "finsam", whole_for = ["consent_administration"] }',
        'ST = "finsam"',
        "types-consent.toml: type[consent.recorded].route[consent_administration].to.rg",
        "/content/consent_id (1.0) is required and above its ceiling",
    ),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(rulebook.FOLDER, tmp_path / "rules")


def change(folder: Path, file: str, this: str, that: str) -> None:
    path = folder / file
    text = path.read_text("utf-8")
    assert this in text
    path.write_text(text.replace(this, that, 1), "utf-8")


def test_the_delivered_rules_and_directory_have_no_fault() -> None:
    assert checks.check_rules(registry=SCHEMAS) == []


@pytest.mark.parametrize(("file", "this", "that", "where", "what"), MISTAKEN)
def test_names_file_row_and_fault(folder: Path, file: str, this: str, that: str, where: str, what: str) -> None:
    change(folder, file, this, that)
    faults = [str(found) for found in checks.check_rules(folder, registry=SCHEMAS)]
    assert f"{where}: {what}" in faults
    assert all("\n" not in line for line in faults)


def test_states_that_only_lead_to_each_other_are_never_reached(folder: Path) -> None:
    change(folder, "lifecycle.toml", 'from = ["appointment-offered", "no-show"]', 'from = ["active"]')
    faults = {str(fault) for fault in checks.check_rules(folder)}
    for state in ("enrolled", "plan-awaiting-approval", "active", "planning", "interrupted"):
        assert f"lifecycle.toml: case: the state {state} is never reached" in faults


def test_routes_for_different_values_do_not_hide_each_other(folder: Path) -> None:
    old = 'purpose = "finsam_joint_planning"\nmoves = ["f1", "f3"]'
    change(folder, "types-finsam.toml", old, old + '\nwhen = { "/content/mode" = ["named"] }')
    assert checks.check_rules(folder, registry=SCHEMAS) == []


def test_without_a_registry_the_rules_are_checked_by_themselves(folder: Path) -> None:
    change(folder, "types.toml", '"/content/closed_on"', '"/content/ended_on"')
    assert checks.check_rules(folder) == []


def test_a_schema_without_a_row_is_a_fault(folder: Path) -> None:
    text = (folder / "types-consent.toml").read_text("utf-8")
    start = text.index('[[type]]\nname = "consent.withdrawn"')
    (folder / "types-consent.toml").write_text(text[:start], "utf-8")
    faults = [str(fault) for fault in checks.check_rules(folder, registry=SCHEMAS)]
    assert faults == ["types.toml: type[consent.withdrawn]: the schema has no row"]


def test_a_row_without_a_schema_is_a_fault_named_with_its_own_file(folder: Path) -> None:
    (folder / "types-question.toml").write_text(
        """
[[type]]
name = "question.asked"
title_sv = "Fråga"
senders = ["sd"]
subject = "required"
categories = ["ID"]

[[type.route]]
purpose = "jobbtorg_planning"
within = ["active"]

[[type.route.to]]
kinds = ["jt"]
found = "responsible"
bases = ["CONSENT"]
""",
        "utf-8",
    )
    faults = [str(fault) for fault in checks.check_rules(folder, registry=SCHEMAS)]
    assert faults == ["types-question.toml: type[question.asked]: the row has no schema"]


def test_a_ceiling_that_leaves_a_recipient_nothing_is_a_fault(folder: Path) -> None:
    text = (folder / "types.toml").read_text("utf-8")
    old = 'kinds = ["af"]\nfound = "addressed"\nbases = ["CONSENT"]\nsees = ["/content/closed_on"]'
    assert old in text
    (folder / "types.toml").write_text(text.replace(old, old.replace('"af"', '"stat"')), "utf-8")
    faults = [str(fault) for fault in checks.check_rules(folder)]
    where = "types.toml: type[case.closed].route[af_coordination].to.stat"
    assert faults == [f"{where}: the ceiling leaves this kind nothing of the type"]


def test_faults_of_rules_and_directory_are_told_together(folder: Path, tmp_path: Path) -> None:
    units = shutil.copytree(directory.FOLDER, tmp_path / "directory")
    change(units, "aliases.toml", "sd-rinkeby-kista", "sd-atlantis")
    change(folder, "settings.toml", "minimum_age = 16\n", "")
    assert {fault.file for fault in checks.check_rules(folder, units)} == {"aliases.toml", "settings.toml"}
