"""A directory with one fault in it is refused, and the fault is named with its file and row."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from routing import directory
from routing.rule_files import RulesBroken

FARSTA = 'id = "sd-farsta"\nkind = "sd"'
CATCHMENT = '[[catchment]]\nstadsdel = "sd-farsta"\njobbtorg = "jt-sydost"\nvalid_from = 2008-01-01\n'
SEAT = '[[seat]]\nteam = "team-sydost"\nkind = "sd"\nunit = "sd-farsta"\nvalid_from = 2008-01-01\n'
JARVA = 'successors = ["sd-jarva"]'

BROKEN = [
    # (file, this, becomes that, the fault)
    ("units.toml", FARSTA, 'id = "sd-farsta"\nkind = "xx"', "unit[sd-farsta].kind: 'xx' is an unknown kind"),
    ("units.toml", FARSTA, f'{FARSTA}\nstreet = "x"', "unit[sd-farsta].street: is an unknown key"),
    ("units.toml", "2023-07-01", '"2023-07-01"', "unit[sd-jarva].valid_from: must be a date"),
    ("units.toml", "2023-07-01", "2023-07-01T00:00:00", "unit[sd-jarva].valid_from: must be a date"),
    ("units.toml", JARVA, 'successors = ["sd-x"]', "unit[sd-rinkeby-kista].successors: 'sd-x' is an unknown unit"),
    (
        "units.toml",
        JARVA,
        'successors = ["sd-rinkeby-kista"]',
        "unit[sd-rinkeby-kista]: succeeds itself",
    ),
    (
        "units.toml",
        FARSTA,
        f'{FARSTA}\nsuccessors = ["sd-jarva"]',
        "unit[sd-farsta]: has successors but no last day",
    ),
    (
        "units.toml",
        "[[unit]]\nid",
        '[[unit]]\nid = "sd-farsta"\nkind = "sd"\nauthority = "x"\nname = "x"\nsource = "x"\n\n[[unit]]\nid',
        "unit[sd-farsta]: the unit stands there twice, so that its validity overlaps",
    ),
    (
        "units.toml",
        'alternate = "sd-enskede-arsta-vantor"',
        'alternate = "jt-jarva"',
        "unit[sd-farsta]: its alternate jt-jarva is of another kind",
    ),
    (
        "units.toml",
        "valid_from = 2007-01-01\nvalid_to = 2023-06-30",
        "valid_from = 2023-07-01\nvalid_to = 2023-06-30",
        "unit[sd-norrmalm]: ends before it begins",
    ),
    (
        "catchments.toml",
        CATCHMENT,
        CATCHMENT.replace("sd-farsta", "sd-atlantis"),
        "catchment[sd-atlantis].stadsdel: 'sd-atlantis' is an unknown unit",
    ),
    (
        "catchments.toml",
        CATCHMENT,
        CATCHMENT + "\n" + CATCHMENT.replace("jt-sydost", "jt-jarva").replace("2008", "2020"),
        "catchment[sd-farsta]: has two catchments on one day (since 2020-01-01)",
    ),
    (
        "catchments.toml",
        CATCHMENT,
        CATCHMENT.replace("jt-sydost", "af-stockholm"),
        "catchment[sd-farsta]: af-stockholm is of kind af, not jt",
    ),
    (
        "catchments.toml",
        CATCHMENT,
        CATCHMENT.replace("2008-01-01", "2007-12-31"),
        "catchment[sd-farsta]: is valid on days on which jt-sydost is not open",
    ),
    (
        "catchments.toml",
        "valid_to = 2023-06-30",
        "valid_to = 2023-07-01",
        "catchment[sd-norrmalm]: is valid on days on which sd-norrmalm is not open",
    ),
    (
        "teams.toml",
        SEAT,
        SEAT.replace("sd-farsta", "sd-atlantis"),
        "seat[2].unit: 'sd-atlantis' is an unknown unit",
    ),
    ("teams.toml", SEAT, SEAT + SEAT, "seat[team-sydost/sd-farsta]: has the same seat twice on one day"),
    (
        "teams.toml",
        SEAT,
        SEAT + SEAT.replace("team-sydost", "team-jarva"),
        "seat[team-jarva/sd-farsta]: has two teams on one day (since 2008-01-01)",
    ),
    (
        "teams.toml",
        SEAT,
        SEAT.replace('"team-sydost"', '"jt-sydost"'),
        "seat[jt-sydost/sd-farsta]: jt-sydost is of kind jt, not team",
    ),
    (
        "teams.toml",
        SEAT,
        SEAT.replace("2008-01-01", "2006-01-01"),
        "seat[team-sydost/sd-farsta]: is valid on days on which sd-farsta is not open",
    ),
    (
        "aliases.toml",
        'unit = "sd-rinkeby-kista"',
        'unit = "sd-atlantis"',
        "alias[Kista].unit: 'sd-atlantis' is an unknown unit",
    ),
    (
        "aliases.toml",
        'name = "Rinkeby"',
        'name = "KISTA"',
        "alias[KISTA]: has two units on one day (since always)",
    ),
    (
        "agreements.toml",
        'kinds = ["af"]',
        'kinds = ["ag"]',
        "agreement[overenskommelse-af-staden].kinds: 'ag' is an unknown kind",
    ),
    ("agreements.toml", "\n[[required]]", "\n[[demanded]]", "demanded: is an unknown table"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(directory.FOLDER, tmp_path / "directory")


def load_faults(folder: Path) -> list[str]:
    with pytest.raises(RulesBroken) as broken:
        directory.load(folder)
    return [str(fault) for fault in broken.value.faults]


def change(folder: Path, file: str, this: str, that: str) -> None:
    path = folder / file
    text = path.read_text("utf-8")
    assert this in text
    path.write_text(text.replace(this, that, 1), "utf-8")


@pytest.mark.parametrize(("file", "this", "that", "fault"), BROKEN)
def test_names_file_row_and_fault(folder: Path, file: str, this: str, that: str, fault: str) -> None:
    change(folder, file, this, that)
    faults = load_faults(folder)
    assert [line for line in faults if line.startswith(f"{file}: {fault}")], faults


def test_an_open_stadsdel_without_a_catchment_is_a_fault(folder: Path) -> None:
    change(folder, "catchments.toml", CATCHMENT, "")
    assert "units.toml: unit[sd-farsta]: is open but in no catchment on 2008-01-01" in load_faults(folder)


def test_a_gap_of_one_day_between_catchments_is_a_fault(folder: Path) -> None:
    first = CATCHMENT + "valid_to = 2019-12-31\n"
    change(folder, "catchments.toml", CATCHMENT, first + CATCHMENT.replace("2008-01-01", "2020-01-02"))
    assert load_faults(folder) == ["units.toml: unit[sd-farsta]: is open but in no catchment on 2020-01-01"]


def test_a_stadsdel_may_change_jobbtorg_from_one_day_to_the_next(folder: Path) -> None:
    first = CATCHMENT + "valid_to = 2019-12-31\n"
    second = CATCHMENT.replace("2008-01-01", "2020-01-01").replace("jt-sydost", "jt-jarva")
    change(folder, "catchments.toml", CATCHMENT, first + second)
    units = directory.load(folder)
    assert units.find_catchment("sd-farsta", date(2019, 12, 31)) == "jt-sydost"
    assert units.find_catchment("sd-farsta", date(2020, 1, 1)) == "jt-jarva"


def test_a_jobbtorg_that_serves_nobody_is_a_fault(folder: Path) -> None:
    path = folder / "catchments.toml"
    path.write_text(path.read_text("utf-8").replace('"jt-vasterort"', '"jt-jarva"'), "utf-8")
    assert "units.toml: unit[jt-vasterort]: is open but has no catchment on 2008-01-01" in load_faults(folder)


def test_a_circle_of_successors_is_a_fault(folder: Path) -> None:
    old = 'id = "sd-jarva"\nkind = "sd"\nauthority = "sdn-jarva"\nname = "Järva"\nvalid_from = 2023-07-01\n'
    change(folder, "units.toml", old, old + 'valid_to = 2030-12-31\nsuccessors = ["sd-rinkeby-kista"]\n')
    faults = load_faults(folder)
    assert "units.toml: unit[sd-jarva]: succeeds itself" in faults
    assert "units.toml: unit[sd-rinkeby-kista]: succeeds itself" in faults


@pytest.mark.parametrize("file", ["units", "catchments", "teams", "aliases", "agreements"])
def test_a_missing_file_is_named(folder: Path, file: str) -> None:
    (folder / f"{file}.toml").unlink()
    assert f"{file}.toml: file: the file is missing" in load_faults(folder)
