"""The rulebook and the agreed policy say the same: no way, category or step in one that is not in the other."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from routing.rulebook import Rulebook, TypeRule
from tests.support import judging, tables

POLICY = {name: row for row in tables.rows("policy") for name in row["type"].split()}

# Sender, recipient, purpose.
Ways = dict[tuple[str, str, str], set[str]]


def ways_agreed(row: dict[str, Any]) -> Ways:
    found: Ways = defaultdict(set)
    for way in row["ways"]:
        for sender in way["from"].split():
            for recipient in way["to"].split():
                found[sender, recipient, way["for"]] |= set(way["on"].split())
    return fitting(judging.rules(), found)


def ways_ruled(rulebook: Rulebook, rule: TypeRule) -> Ways:
    found: Ways = defaultdict(set)
    for route in rule.routes:
        for sender in route.senders or rule.senders:
            for recipient in route.recipients.values():
                found[sender, recipient.kind, route.purpose] |= set(recipient.bases)
    return fitting(rulebook, found)


def fitting(rulebook: Rulebook, ways: Ways) -> Ways:
    """Only the bases that are in use and made for the two kinds; another one covers nothing."""
    bases = rulebook.bases
    return {
        (sender, recipient, purpose): {
            code for code in codes if bases[code].enabled and bases[code].fits(sender, recipient)
        }
        for (sender, recipient, purpose), codes in ways.items()
    }


def test_no_type_is_missing_on_either_side() -> None:
    assert sorted(name for row in tables.rows("policy") for name in row["type"].split()) == sorted(
        judging.rules().types
    )


@pytest.mark.parametrize("name", POLICY)
def test_the_same_kinds_send_a_type(name: str) -> None:
    assert judging.rules().types[name].senders == set(POLICY[name]["senders"].split())


@pytest.mark.parametrize("name", POLICY)
def test_the_same_ways_are_open_on_the_same_bases(name: str) -> None:
    rulebook = judging.rules()
    assert ways_ruled(rulebook, rulebook.types[name]) == ways_agreed(POLICY[name])


@pytest.mark.parametrize("name", POLICY)
def test_every_agreed_basis_is_one_that_the_pair_can_use(name: str) -> None:
    bases = judging.rules().bases
    for way in POLICY[name]["ways"]:
        pairs = [(sender, recipient) for sender in way["from"].split() for recipient in way["to"].split()]
        for code in way["on"].split():
            assert any(bases[code].fits(*pair) for pair in pairs), (code, way)


@pytest.mark.parametrize("name", POLICY)
def test_the_same_categories_may_occur(name: str) -> None:
    assert judging.rules().types[name].categories == set(POLICY[name]["categories"].split())


@pytest.mark.parametrize("name", POLICY)
def test_a_type_makes_the_same_steps(name: str) -> None:
    steps = {step for route in judging.rules().types[name].routes for step in route.moves}
    assert steps == set(POLICY[name].get("steps", "").split())


def test_every_step_of_the_lifecycle_is_some_types() -> None:
    agreed = {step for row in POLICY.values() for step in row.get("steps", "").split()}
    assert agreed == set(judging.rules().lifecycle.transitions)
