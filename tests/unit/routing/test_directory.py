"""The delivered directory: units, names, catchments, teams and agreements by the day."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import directory

UNITS = directory.load()
BEFORE, AFTER = date(2022, 3, 1), date(2026, 3, 1)
DAYS = st.dates(date(2008, 1, 1), date(2040, 12, 31))


def name_of(name: str, on: date) -> str | None:
    unit = UNITS.find_by_name(name, on)
    return unit.unit_id if unit else None


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("kista", "sd-rinkeby-kista", "sd-jarva"),
        ("rinkeby", "sd-rinkeby-kista", "sd-jarva"),
        ("Katarina-Sofia", "sd-sodermalm", "sd-sodermalm"),
        ("vantor", "sd-enskede-arsta-vantor", "sd-enskede-arsta-vantor"),
        ("Vantör", "sd-enskede-arsta-vantor", "sd-enskede-arsta-vantor"),
        ("ENSKEDE ÅRSTA", "sd-enskede-arsta-vantor", "sd-enskede-arsta-vantor"),
        ("enskede-arsta", "sd-enskede-arsta-vantor", "sd-enskede-arsta-vantor"),
        ("Liljeholmen/Hägersten", "sd-hagersten-alvsjo", "sd-hagersten-alvsjo"),
    ],
)
def test_an_old_name_leads_to_the_unit_of_the_day(name: str, before: str, after: str) -> None:
    assert name_of(name, BEFORE) == before
    assert name_of(name, AFTER) == after


@pytest.mark.parametrize(
    ("on", "unit"),
    [
        (date(2019, 12, 31), "sd-hagersten-liljeholmen"),
        (date(2020, 6, 30), "sd-hagersten-liljeholmen"),
        (date(2020, 7, 1), "sd-hagersten-alvsjo"),
    ],
)
def test_the_last_day_of_a_unit_counts(on: date, unit: str) -> None:
    assert name_of("hagersten", on) == unit


def test_a_units_own_id_is_never_followed_to_its_successor() -> None:
    unit = UNITS.find_by_name("sd-rinkeby-kista", AFTER)
    assert unit is not None
    assert not unit.is_open(AFTER)
    assert unit.successors == ("sd-jarva",)


def test_a_letter_in_decomposed_form_is_the_same_letter() -> None:
    assert name_of("Vanto\u0308r", AFTER) == "sd-enskede-arsta-vantor"


def test_an_unknown_name_leads_nowhere() -> None:
    assert name_of("atlantis", AFTER) is None
    assert UNITS.find_unit("sd-atlantis") is None


def test_an_alias_leads_nowhere_before_its_unit_began() -> None:
    assert name_of("kista", date(2006, 12, 31)) is None


def test_there_are_eleven_stadsdelar_and_five_jobbtorg_today() -> None:
    kinds = [unit.kind for unit in UNITS.list_units(AFTER)]
    assert (kinds.count("sd"), kinds.count("jt"), kinds.count("team")) == (11, 5, 5)


def test_there_were_fourteen_stadsdelar_in_2008() -> None:
    assert [unit.kind for unit in UNITS.list_units(date(2008, 2, 1))].count("sd") == 14


@pytest.mark.parametrize(
    ("stadsdel", "on", "jobbtorg"),
    [
        ("sd-farsta", AFTER, "jt-sydost"),
        ("sd-enskede-arsta-vantor", AFTER, "jt-sydost"),
        ("sd-skarpnack", AFTER, "jt-sydost"),
        ("sd-skarholmen", AFTER, "jt-sydvast"),
        ("sd-hagersten-alvsjo", AFTER, "jt-sydvast"),
        ("sd-kungsholmen", AFTER, "jt-innerstaden"),
        ("sd-norra-innerstaden", AFTER, "jt-innerstaden"),
        ("sd-sodermalm", AFTER, "jt-innerstaden"),
        ("sd-hasselby-vallingby", AFTER, "jt-vasterort"),
        ("sd-bromma", AFTER, "jt-vasterort"),
        ("sd-jarva", AFTER, "jt-jarva"),
        ("sd-rinkeby-kista", BEFORE, "jt-jarva"),
        ("sd-ostermalm", BEFORE, "jt-innerstaden"),
        ("sd-alvsjo", date(2010, 1, 1), "jt-sydvast"),
        ("sd-jarva", BEFORE, None),
        ("sd-rinkeby-kista", AFTER, None),
        ("sd-rinkeby-kista", date(2023, 6, 30), "jt-jarva"),
        ("sd-rinkeby-kista", date(2023, 7, 1), None),
        ("jt-jarva", AFTER, None),
    ],
)
def test_a_stadsdel_belongs_to_the_jobbtorg_of_the_day(stadsdel: str, on: date, jobbtorg: str | None) -> None:
    assert UNITS.find_catchment(stadsdel, on) == jobbtorg


@given(on=DAYS)
def test_every_open_stadsdel_has_one_catchment_and_one_seat_in_the_same_corner(on: date) -> None:
    for unit in UNITS.list_units(on):
        if unit.kind != "sd":
            continue
        rows = [row for row in UNITS.entries.catchments if row.stadsdel == unit.unit_id]
        valid = [row for row in rows if (row.valid_from or date.min) <= on <= (row.valid_to or date.max)]
        assert len(valid) == 1
        jobbtorg = UNITS.find_catchment(unit.unit_id, on)
        team = UNITS.find_team_for(unit.unit_id, on)
        assert jobbtorg == valid[0].jobbtorg
        assert team is not None and team == UNITS.find_team_for(jobbtorg or "", on)
        assert list(UNITS.list_seats(team, "sd", on)).count(unit.unit_id) == 1


@given(on=DAYS)
def test_every_team_has_a_seat_for_each_party(on: date) -> None:
    for team in (unit for unit in UNITS.list_units(on) if unit.kind == "team"):
        for kind in ("jt", "af", "fk", "rg"):
            assert len(UNITS.list_seats(team.unit_id, kind, on)) == 1
        assert UNITS.list_seats(team.unit_id, "sd", on)


@given(on=DAYS)
def test_no_seat_is_held_by_a_closed_unit(on: date) -> None:
    for team in (unit for unit in UNITS.list_units(on) if unit.kind == "team"):
        for kind in ("sd", "jt", "af", "fk", "rg"):
            for unit_id in UNITS.list_seats(team.unit_id, kind, on):
                unit = UNITS.find_unit(unit_id)
                assert unit is not None and unit.is_open(on)


@given(on=DAYS)
def test_every_alias_leads_to_an_open_unit(on: date) -> None:
    for alias in UNITS.entries.aliases:
        unit = UNITS.find_by_name(alias.name, on)
        assert unit is not None and unit.is_open(on)


def test_seats_follow_the_stadsdelar() -> None:
    assert UNITS.list_seats("team-jarva", "sd", BEFORE) == ["sd-rinkeby-kista", "sd-spanga-tensta"]
    assert UNITS.list_seats("team-jarva", "sd", AFTER) == ["sd-jarva"]
    assert UNITS.list_seats("team-sydost", "sd", AFTER) == ["sd-enskede-arsta-vantor", "sd-farsta", "sd-skarpnack"]


def test_a_unit_in_every_team_is_in_no_one_team() -> None:
    assert UNITS.find_team_for("af-stockholm", AFTER) is None
    assert UNITS.find_team_for("sfi-stockholm", AFTER) is None


def test_each_stadsdel_is_its_own_authority_and_the_jobbtorg_share_one() -> None:
    stadsdelar = [unit for unit in UNITS.list_units() if unit.kind == "sd"]
    assert len({unit.authority for unit in stadsdelar}) == len(stadsdelar)
    assert {unit.authority for unit in UNITS.list_units() if unit.kind in ("jt", "team")} == {"amn"}


@pytest.mark.parametrize(
    ("name", "authority"),
    [
        ("sd-farsta", "sdn-farsta"),
        ("sdn-farsta", "sdn-farsta"),
        ("jt-sydost", "amn"),
        ("team-sydost", "amn"),
        ("amn", "amn"),
        ("fk-stockholm", "fk"),
        ("fk", "fk"),
        ("sfi-stockholm", "utbn"),
        ("kista", None),
    ],
)
def test_an_authority_is_found_by_its_own_id_or_a_units(name: str, authority: str | None) -> None:
    assert UNITS.find_authority(name) == authority


def test_an_authoritys_units_are_those_open_on_the_day() -> None:
    assert [unit.unit_id for unit in UNITS.list_authority_units("sdn-rinkeby-kista", BEFORE)] == ["sd-rinkeby-kista"]
    assert UNITS.list_authority_units("sdn-rinkeby-kista", AFTER) == []
    assert len([unit for unit in UNITS.list_authority_units("amn", AFTER) if unit.kind == "jt"]) == 5


def test_what_nobody_has_confirmed_says_so() -> None:
    unverified = {unit.unit_id for unit in UNITS.list_units() if not unit.verified}
    assert {"jt-sydost", "team-jarva", "af-stockholm", "sd-hagersten-alvsjo", "pv-provverkstaden"} <= unverified
    assert "sd-jarva" not in unverified


@pytest.mark.parametrize(
    ("sender", "recipient", "needs"),
    [("sd", "jt", False), ("jt", "sd", False), ("jt", "af", True), ("fk", "team", True), ("af", "fk", False)],
)
def test_the_state_and_the_region_need_an_agreement_with_the_city(sender: str, recipient: str, needs: bool) -> None:
    purpose = "finsam_joint_planning"
    assert UNITS.needs_agreement(sender, recipient, purpose) is needs
    assert UNITS.needs_agreement(recipient, sender, purpose) is needs
    assert UNITS.has_agreement(sender, recipient, purpose, AFTER)


def test_what_the_law_orders_needs_no_agreement() -> None:
    assert not UNITS.needs_agreement("fk", "sd", "statutory_information")


def test_the_agreement_on_finsam_opens_nothing_else() -> None:
    assert UNITS.has_agreement("rg", "sd", "finsam_joint_planning", AFTER)
    assert not UNITS.has_agreement("rg", "sd", "jobbtorg_planning", AFTER)


def test_an_agreement_that_has_ended_opens_nothing(tmp_path: Path) -> None:
    folder = shutil.copytree(directory.FOLDER, tmp_path / "directory")
    path = folder / "agreements.toml"
    text = path.read_text("utf-8").replace("verified = false\n", "valid_to = 2026-02-28\nverified = false\n")
    path.write_text(text, "utf-8")
    units = directory.load(folder)
    assert units.find_agreement("jt", "af", "af_coordination", date(2026, 2, 28)) == "overenskommelse-af-staden"
    assert units.has_agreement("af", "jt", "af_coordination", date(2026, 2, 28))
    assert units.find_agreement("jt", "af", "af_coordination", AFTER) is None
    assert not units.has_agreement("jt", "af", "af_coordination", AFTER)
    assert units.has_agreement("sd", "jt", "jobbtorg_planning", AFTER)


def test_the_digest_changes_with_the_facts_only(tmp_path: Path) -> None:
    folder = shutil.copytree(directory.FOLDER, tmp_path / "directory")
    path = folder / "aliases.toml"
    path.write_text(path.read_text("utf-8") + "\n# A comment.\n", "utf-8")
    assert directory.load(folder).digest == UNITS.digest
    path.write_text(path.read_text("utf-8") + '\n[[alias]]\nname = "Tensta"\nunit = "sd-jarva"\n', "utf-8")
    assert directory.load(folder).digest != UNITS.digest
