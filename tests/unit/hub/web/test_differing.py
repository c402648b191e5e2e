"""What the second administrator is shown of a change: each row, and what in it is another."""

from __future__ import annotations

from hub.web.control import differing
from hub.web.control.differing import Line

OLD = "- unit unit_id=jt-sydost name=Jobbtorg Sydost kind=jt"
NEW = "+ unit unit_id=jt-sydost name=Jobbtorg Sydöst kind=jt"
THEIRS = "+ unit unit_id=jt-nord name=Jobbtorg Sydöst kind=jt"


def others(line: Line) -> list[str]:
    return [part for part, is_other in line.parts if is_other]


def test_what_is_another_in_a_row_that_takes_the_place_of_one_stands_out() -> None:
    old, theirs, new = differing.read([OLD, THEIRS, NEW])
    assert (old.kind, others(old)) == ("taken", ["name=Jobbtorg Sydost"])
    assert (new.kind, others(new)) == ("added", ["name=Jobbtorg Sydöst"])
    assert others(theirs) == []
    assert " ".join(part for part, _ in new.parts) == NEW[2:]


def test_what_is_only_said_by_one_of_both_stands_out() -> None:
    old, new = differing.read([OLD, f"{OLD.replace('- ', '+ ')} closes=2027-01-01"])
    assert (others(old), others(new)) == ([], ["closes=2027-01-01"])


def test_rows_that_could_be_any_of_several_are_shown_as_they_are() -> None:
    for lines in ([OLD, OLD, NEW], [OLD, OLD], [NEW], []):
        assert [others(line) for line in differing.read(lines)] == [[] for _ in lines]


def test_a_fault_is_shown_as_it_is() -> None:
    told = "units.toml: unit 3: name=x is missing"
    assert differing.read([told]) == [Line("", ((told, False),))]
