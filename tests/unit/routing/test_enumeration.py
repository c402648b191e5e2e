"""Every combination of type, sender, recipient, purpose, basis and consent: nothing is told outside the table.

What refuses without having looked at the basis or the consent is asked once for all of them: a sender and a purpose
once, a recipient once for each basis, with no consent and with all of it. A basis that is not consent is asked about
each category alone where it opens anything at all; a consent can add to it and never opens the way by itself.
"""

from __future__ import annotations

import functools
import gc
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from routing import decision as decisions
from routing import matrix, vocabulary
from routing.consent import Consent
from routing.decision import Decision, Ruling
from routing.message import Message
from routing.situation import Situation
from tests.support import events, fitting, judging

CODES = tuple(judging.rules().bases)
UNCLAIMED = frozenset(code for code, basis in judging.rules().bases.items() if not basis.claimed)
SINGLE = tuple(frozenset({code}) for code in judging.rules().categories if code != vocabulary.MESSAGE_DATA)
NOTHING: frozenset[str] = frozenset()
MESSAGE = frozenset({vocabulary.MESSAGE_DATA})
ALL = NOTHING.union(*SINGLE)
COVERS = (NOTHING, *SINGLE, ALL)
# Refused before anybody has looked at a basis or a consent.
LATE = ("recipient", "responsible", "state")

Place = tuple[str, str, str, str]
"""Type, kind of sender, kind of recipient, purpose."""
Fields = Mapping[str, frozenset[str]]


@functools.cache
def table() -> Mapping[Place, Mapping[str, Fields]]:
    """What may arrive: basis -> field -> the categories that it may have there, over all routes for the purpose."""
    found: dict[Place, dict[str, dict[str, frozenset[str]]]] = defaultdict(lambda: defaultdict(dict))
    for arrival in matrix.list_arrivals(judging.rules(), events.catalogue()):
        way = arrival.way
        here = found[way.type, way.sender, way.recipient, way.purpose][way.basis]
        for pointer, categories in arrival.fields.items():
            here[pointer] = here.get(pointer, NOTHING) | categories
    return found


@dataclass
class Tally:
    combinations: int = 0
    decided: int = 0
    disclosures: int = 0
    outside: list[str] = field(default_factory=list)
    reached: set[tuple[Place, str]] = field(default_factory=set)


@functools.cache
def consents(purpose: str, sender: str, cover: frozenset[str]) -> tuple[Consent, ...]:
    """What the sender may tell everybody."""
    directory = judging.directory()
    holder = directory.find_authority(sender) or sender
    named = {directory.find_authority(unit) or unit for unit in fitting.EVERYBODY} | {"arbetsgivare"}
    edges = [judging.edge(holder, name, cover) for name in sorted(named - {holder})]
    return (judging.consent(*edges, purpose=purpose),) if cover else ()


def fields_of(value: Any, known: frozenset[str], pointer: str = "") -> Iterator[str]:
    """The fields that a copy has, as the table writes them."""
    if pointer in known or not isinstance(value, dict | list):
        yield pointer
    elif isinstance(value, dict):
        for name, child in value.items():
            yield from fields_of(child, known, f"{pointer}/{name}")
    else:
        for child in value:
            yield from fields_of(child, known, f"{pointer}/*")


@functools.cache
def leaves(type_name: str) -> frozenset[str]:
    return frozenset(leaf.pointer for leaf in events.catalogue().get_type(type_name).leaves)


@functools.cache
def allowed(place: Place, codes: frozenset[str], cover: frozenset[str]) -> Fields:
    """What may arrive on these bases, and on the consent, which may add to each of them."""
    found: dict[str, frozenset[str]] = {}
    for basis, fields in table().get(place, {}).items():
        if basis == "CONSENT" and cover:
            limited = {pointer: categories & (cover | MESSAGE) for pointer, categories in fields.items()}
        elif basis != "CONSENT" and basis in codes:
            limited = dict(fields)
        else:
            continue
        for pointer, categories in limited.items():
            found[pointer] = found.get(pointer, NOTHING) | categories
    return {pointer: categories for pointer, categories in found.items() if categories}


def may_hold(code: str, asked: Message, unit: str) -> bool:
    """Whether what needs no claim may hold here: between units of one authority, or about nobody who is named."""
    if code == "OWN_UNIT":
        return same_authority(asked.sender, unit)
    return code != "ANONYMOUS" or asked.person_key is None


@functools.cache
def same_authority(one: str, other: str) -> bool:
    return judging.directory().find_authority(one) == judging.directory().find_authority(other)


def faults(asked: Message, place: Place, ruling: Ruling, code: str, cover: frozenset[str]) -> Iterator[str]:
    """What a disclosure tells beyond the table, beyond the bases that can carry it and the consent."""
    usable = {code} | {each for each in UNCLAIMED if may_hold(each, asked, ruling.unit)}
    fields = allowed(place, frozenset(usable & table().get(place, {}).keys()), cover)
    copy = {name: part for name, part in (ruling.copy or {}).items() if name != "handling"}
    for pointer in fields_of(copy, leaves(asked.type)):
        if pointer not in fields:
            yield f"{place} {code} {sorted(cover)}: {pointer}"
    told = MESSAGE.union(*fields.values())
    for category in asked.message_type.categories_in(copy) - told:
        yield f"{place} {code} {sorted(cover)}: {category}"


def decide(asked: Message, known: Situation, given: tuple[Consent, ...]) -> Decision:
    held = replace(known, consents={consent.consent_id: consent for consent in given})
    return decisions.decide(asked, held, judging.directory(), judging.rules())


def step_of(decision: Decision) -> str:
    """Which step refused; empty where a recipient's own ruling did, or nothing."""
    return decision.refusal.rule.rpartition("/")[2] if decision.refusal else ""


def enumerate_type(name: str, tally: Tally) -> None:
    everybody = sorted(vocabulary.KINDS)
    for content in fitting.variants(name):
        for sender_kind in everybody:
            ways = [(kind, *units) for kind in everybody for units in fitting.pairs(sender_kind, kind)]
            tally.combinations += len(ways) * len(vocabulary.PURPOSES) * len(CODES) * len(COVERS)
            if is_refused_as_sender(name, sender_kind, content, tally):
                continue
            for kind, sender, recipient in ways:
                asked = fitting.message(name, sender, recipient, kind, content)
                for purpose in sorted(vocabulary.PURPOSES):
                    enumerate_bases(asked, (name, sender_kind, kind, purpose), recipient, tally)


def is_refused_as_sender(name: str, kind: str, content: fitting.Content, tally: Tally) -> bool:
    sender, recipient = fitting.pairs(kind, "sd")[0]
    asked = fitting.message(name, sender, recipient, "sd", content)
    case = fitting.case(asked, recipient, "active", None) if asked.subject is not None else None
    tally.decided += 1
    return step_of(decide(asked, fitting.situation(asked, recipient, "sd", case), ())) == "sender"


def enumerate_bases(asked: Message, place: Place, recipient: str, tally: Tally) -> None:
    _, sender_kind, kind, purpose = place
    plain = fitting.asking(asked, purpose=purpose)
    route = judging.rules().types[asked.type].find_route(sender_kind, plain.data)
    case = None
    if route is not None and asked.subject is not None:
        case = fitting.case(plain, recipient, *fitting.states(plain, route))
    elif asked.subject is not None:
        case = fitting.case(plain, recipient, "active", None)
    known = fitting.situation(plain, recipient, kind, case)
    tally.decided += 1
    if step_of(decide(plain, known, ())) == "purpose":
        return
    for code in CODES:
        claimed = fitting.asking(plain, purpose=purpose, claims=[(each, code) for each in sorted({kind, "sd"})])
        outer = [judge(claimed, place, known, code, cover, tally) for cover in (NOTHING, ALL)]
        told = any(decision.accepted for decision in outer)
        if told or (code == "CONSENT" and not all(step_of(decision) in LATE for decision in outer)):
            for cover in SINGLE:
                judge(claimed, place, known, code, cover, tally)


def judge(asked: Message, place: Place, known: Situation, code: str, cover: frozenset[str], tally: Tally) -> Decision:
    name, sender_kind, _, purpose = place
    given = consents(purpose, asked.sender, cover)
    if name == "consent.withdrawn":
        given += (withdrawn(asked),)
    decision = decide(asked, known, given)
    tally.decided += 1
    for ruling in decision.rulings if decision.accepted else ():
        if ruling.discloses:
            there = (name, sender_kind, ruling.kind, purpose)
            tally.disclosures += 1
            tally.outside += faults(asked, there, ruling, code, cover)
            assert ruling.basis is not None
            tally.reached.add((there, ruling.basis.code))
    return decision


@functools.cache
def withdrawn_between(one: str, other: str) -> Consent:
    names = [judging.directory().find_authority(unit) or unit for unit in (one, other)]
    return judging.consent(*judging.both_ways(*names), purpose="placement", recorded_by=one)


def withdrawn(asked: Message) -> Consent:
    return withdrawn_between(asked.sender, asked.handling["to"][0]["unit"])


@functools.cache
def whole_tally() -> Tally:
    tally = Tally()
    gc.disable()  # millions of small things, none in a circle
    for name in judging.rules().types:
        enumerate_type(name, tally)
    gc.enable()
    return tally


@pytest.mark.slow
def test_nothing_is_disclosed_outside_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    tally = whole_tally()
    with capsys.disabled():
        sys.stdout.write(
            f"\nenumeration: {tally.combinations:,} combinations, {tally.decided:,} decisions,"
            f" {tally.disclosures:,} disclosures, {len(tally.outside)} outside the table\n"
        )
    assert tally.outside[:20] == []
    assert tally.disclosures > 10_000


@pytest.mark.slow
def test_every_way_between_two_kinds_is_walked() -> None:
    # Else the enumeration would find nothing outside the table because it found nothing at all.
    walked = {place for place, _ in whole_tally().reached}
    for name, sender, recipient, purpose in sorted(table().keys() - walked):
        same_unit = sender == recipient
        no_agreement = "rg" in (sender, recipient) and purpose != vocabulary.FINSAM_PURPOSE
        assert same_unit or no_agreement, (name, sender, recipient, purpose)
