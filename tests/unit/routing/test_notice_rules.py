"""Messages that say nothing about a person: numbers, and what the hub itself tells."""

from __future__ import annotations

import pytest

from routing import decision as decisions
from tests.support import events, judging, persons
from tests.support.judging import judge, outcome, ruling


@pytest.mark.parametrize("sender", ["jt-sydost", "sd-farsta", "team-sydost"])
def test_numbers_go_to_the_analysts_and_to_the_samordningsforbund(sender: str) -> None:
    units = ("amf-analys", "samordningsforbundet-stockholm")
    basis = [("stat", "AGGREGATE", None), ("forbund", "AGGREGATE", None)]
    to = [{"unit": unit} for unit in units]
    decision = judge("statistics.reported", sender, person=None, to=to, basis=basis)
    assert decision.accepted
    assert {ruling(decision, unit).verdict for unit in units} == {decisions.Verdict.DELIVER}


def test_numbers_name_no_case() -> None:
    basis = [("stat", "AGGREGATE", None)]
    decision = judge(
        "statistics.reported", "jt-sydost", case=judging.case(), person=None, to=[{"unit": "amf-analys"}], basis=basis
    )
    assert outcome(decision) == "SCHEMA_INVALID"


NOTICES = sorted(name for name in judging.rules().types if name.startswith("hub."))


@pytest.mark.parametrize("type_name", NOTICES)
def test_the_hub_tells_everybody_who_has_a_door(type_name: str) -> None:
    doors = {unit.kind: unit.unit_id for unit in judging.directory().list_units(judging.TODAY)}
    doors = {kind: unit for kind, unit in doors.items() if kind not in ("hub", "em")}
    for unit in doors.values():
        decision = judge(type_name, "hub", person=None, to=[{"unit": unit}], basis=[])
        assert outcome(decision) == "accepted", unit
        assert ruling(decision, unit).carried == frozenset()


@pytest.mark.parametrize("type_name", NOTICES)
@pytest.mark.parametrize("sender", ["sd-farsta", "af-stockholm", "team-sydost", "samordningsforbundet-stockholm"])
def test_nobody_speaks_for_the_hub(type_name: str, sender: str) -> None:
    decision = judge(type_name, sender, person=None, to=[{"unit": "jt-sydost"}], basis=[])
    assert outcome(decision) == "SENDER_NOT_ALLOWED"


@pytest.mark.parametrize("unit", ["hub", "arbetsgivare"])
@pytest.mark.parametrize("type_name", ["hub.receipt", "statistics.reported", "information.requested"])
def test_nothing_is_delivered_where_there_is_no_door(type_name: str, unit: str) -> None:
    sender = "hub" if type_name.startswith("hub.") else "jt-sydost"
    person = persons.ASTA if type_name == "information.requested" else None
    decision = judge(type_name, sender, person=person, to=[{"unit": unit}], basis=[])
    assert outcome(decision) == "RECIPIENT_NOT_ALLOWED"


def test_the_types_of_the_hub_carry_no_information_about_a_person() -> None:
    for name in NOTICES:
        assert judging.rules().types[name].categories == frozenset()
        assert "person" not in events.catalogue().get_type(name).document["properties"]


@pytest.mark.parametrize("to", [None, [{"unit": "jt-sydost"}]], ids=["by the consent", "by address"])
@pytest.mark.parametrize("recipient", ["amn", "jt-sydost"])
def test_a_consent_is_told_to_whom_it_names_by_authority_or_by_unit(
    recipient: str, to: list[dict[str, str]] | None
) -> None:
    edges = [events.edge("sdn-farsta", recipient, ["ID"])]
    kept = judging.case("active")
    decision = judge(
        "consent.recorded", "sd-farsta", to=to or [], open_cases=[kept], basis=[], content={"edges": edges}
    )
    assert decision.accepted
    told = ruling(decision, "jt-sydost")
    assert told.copy is not None
    assert told.copy["content"]["edges"] == edges
