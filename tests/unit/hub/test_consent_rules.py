"""Each rule of consent is a row of a table: what the paper says, when, who asks, and what it gives."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hub.registry_of_consents import ConsentBook
from routing import decision as decisions
from routing.consent import Consent, ConsentStatus
from routing.message import Message
from tests.support import events, judging, persons

TABLE = Path(__file__).parents[2] / "tables" / "consent_rules.toml"
RULES = tomllib.loads(TABLE.read_text(encoding="utf-8"))["rule"]
ASKS = {"holder": "sdn-farsta", "recipient": "amn"}
PARTS = ("ID", "ED", "HE")


def written(version: int, paper: dict[str, Any], given_by: dict[str, Any]) -> dict[str, Any]:
    """The content of a version, from a row's words."""
    named = [events.edge(holder, recipient, parts.split()) for holder, recipient, parts in paper.get("edges", ())]
    informed = dict.fromkeys(
        ("purpose", "who", "what", "how_long", "voluntary", "withdrawal", "consequences_of_no"), True
    )
    defaults = {"consent_id": judging.CONSENT_ID, "version": version, "valid_to": "2026-06-30", "given_by": given_by}
    told = {"information_given": informed | paper.get("information_given", {})}
    return defaults | paper | told | {"edges": named or events.both_ways("sdn-farsta", "amn", PARTS)}


def record(known: Consent | None, content: dict[str, Any], rule: dict[str, Any], sender: str) -> Consent | str:
    """What the registry then has, or the code of the refusal."""
    body = events.data("consent.recorded", at=judging.NOON, basis=(), content=content)
    del body["content"]["recorded_by"]
    message_type = events.catalogue().get_type("consent.recorded")
    if message_type.faults(body):
        return "SCHEMA_INVALID"
    born_on, key = rule.get("born_on", persons.ASTA.born_on), judging.key_of(persons.ASTA)
    message = Message("m", message_type, sender, body, judging.NOON, person_key=key, born_on=born_on)
    situation = judging.situation(consents=[known] if known else [])
    decision = decisions.decide(message, situation, judging.directory(), judging.rules())
    if decision.refusal is not None:
        return decision.refusal.code.value
    book = ConsentBook(judging.directory())
    kept = book.believed(message, known, judging.rules().settings)
    return book.from_content(kept, str(key), sender)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["name"])
def test_rule_of_consent(rule: dict[str, Any]) -> None:
    given_by, known = rule.get("given_by", {"kind": "self"}), None
    if "before" in rule:
        first = record(None, written(1, rule["before"], given_by), rule, "sd-farsta")
        assert isinstance(first, Consent), first
        known = first
    paper = rule.get("paper", {})
    found = record(known, written(2 if known else 1, paper, given_by), rule, "sd-farsta")
    if "recorded" in rule:
        assert (found if isinstance(found, str) else "accepted") == rule["recorded"]
        return
    assert isinstance(found, Consent), found
    cover = judging.covered(found, **ASKS | rule.get("asks", {}))
    assert (cover.missing or "covered") == rule["gives"]


def test_the_person_takes_over_at_eighteen_by_a_new_version() -> None:
    known = judging.consent(lapses_on=judging.TODAY, signed_on=judging.TODAY)
    assert known.status_at(judging.NOON) is ConsentStatus.SUSPENDED
    found = record(known, written(2, {}, {"kind": "self"}), {}, "sd-farsta")
    assert isinstance(found, Consent)
    assert found.status_at(judging.NOON) is ConsentStatus.ACTIVE


FROM_AF = {"edges": [["af", "amn", "ID"]]}
OF_AF = judging.consent(
    judging.edge("af", "amn", ["ID"], confirmed=False), valid_from=judging.TODAY, signed_on=judging.TODAY
)


@pytest.mark.parametrize(
    ("sender", "paper", "expected"),
    [
        ("af-stockholm", FROM_AF, "accepted"),
        ("fk-stockholm", FROM_AF, "STALE_VERSION"),  # another's edge
        ("jt-sydost", FROM_AF, "STALE_VERSION"),  # a recipient, and no such holder
        ("af-stockholm", {"edges": [["af", "amn", "ID HE"]]}, "STALE_VERSION"),  # more than was signed
        ("af-stockholm", {**FROM_AF, "valid_to": "2026-07-01"}, "STALE_VERSION"),  # for another time
        ("af-stockholm", {**FROM_AF, "purpose": "af_coordination"}, "STALE_VERSION"),
        ("af-stockholm", {**FROM_AF, "decision_capable": "unclear"}, "STALE_VERSION"),
    ],
)
def test_only_the_holder_confirms_and_changes_nothing_else(sender: str, paper: dict[str, Any], expected: str) -> None:
    known = replace(OF_AF, valid_to=date(2026, 6, 30))
    found = record(known, written(2, paper, {"kind": "self"}), {}, sender)
    assert (found if isinstance(found, str) else "accepted") == expected


def test_a_confirmation_lives_on_in_versions_that_give_no_more_of_it() -> None:
    known = replace(OF_AF, edges=(judging.edge("af", "amn", ["ID", "ED"]),), valid_to=date(2026, 6, 30))
    for parts, valid_to, kept in (
        ("ID", "2026-06-30", True),
        ("ID HE", "2026-06-30", False),
        ("ID", "2026-07-01", False),
    ):
        paper = {"edges": [["af", "amn", parts]], "valid_to": valid_to}
        found = record(known, written(2, paper, {"kind": "self"}), {}, "sd-farsta")
        assert isinstance(found, Consent)
        assert found.edges[0].confirmed is kept
