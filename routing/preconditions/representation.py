"""Who may consent for the person: the person, a guardian of a young one, or somebody with a mandate.

Mandates are free to shape and this is not the place to try them: what a program cannot settle is recorded and
suspended, and people take over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from routing import calendar
from routing.preconditions.asking import Asked
from routing.refusals import Refusal, RefusalCode

ADULT = 18
GUARDIANS = frozenset({"guardian", "self_and_guardian"})
# They decide where the person cannot.
IN_PLACE_OF_THE_PERSON = frozenset({"guardian", "god_man", "framtidsfullmakt"})
# Below this age the young person's own word is not enough for what is told about health and substances.
SENSITIVE, SENSITIVE_FROM = frozenset({"HE", "SU"}), 17
MATURITY_CHARACTERS = 20
GIVEN_BY = "/data/content/given_by"


def giver_has_mandate(asked: Asked) -> Refusal | None:
    wrong = list(_wrong_mandate(asked.content))
    return asked.refuse("giver_has_mandate", RefusalCode.SCHEMA_INVALID, *wrong) if wrong else None


def _wrong_mandate(content: Mapping[str, Any]) -> Iterator[str]:
    """Förvaltningslagen 2017:900 14-15 §§; lagen 2017:310 om framtidsfullmakter: it counts once it is in force."""
    given_by = content["given_by"]
    match given_by["kind"]:
        case "ombud":
            needed = ("name", "mandate_scope", "mandate_valid_to")
            yield from (f"{GIVEN_BY}/{name}" for name in needed if name not in given_by)
            if given_by.get("mandate_covers_secrecy") is not True:
                yield f"{GIVEN_BY}/mandate_covers_secrecy"
        case "god_man" if content["decision_capable"] == "yes":
            yield f"{GIVEN_BY}/kind"  # the person's own will decides
        case "framtidsfullmakt" if given_by.get("mandate_in_force_from", "9999-12-31") > content["signed_on"]:
            yield f"{GIVEN_BY}/mandate_in_force_from"
    if content["valid_to"] > given_by.get("mandate_valid_to", "9999-12-31"):
        yield "/data/content/valid_to"


def giver_is_of_age(asked: Asked) -> Refusal | None:
    born_on = asked.message.born_on
    if born_on is None:
        return None
    signed_on = date.fromisoformat(asked.content["signed_on"])
    age, youngest = calendar.years(born_on, signed_on), asked.rulebook.settings.minimum_age
    wrong = list(_wrong_for_age(asked.content, age, youngest))
    return asked.refuse("giver_is_of_age", RefusalCode.AGE_RULE, *wrong) if wrong else None


def _wrong_for_age(content: Mapping[str, Any], age: int, youngest: int) -> Iterator[str]:
    kind = content["given_by"]["kind"]
    if age < youngest:
        yield "/data/person"
    elif age >= ADULT:
        if kind in GUARDIANS:
            yield f"{GIVEN_BY}/kind"
    elif kind == "self":
        yield from _wrong_for_self(content, age)
    elif kind in GUARDIANS:
        yield from _wrong_for_guardians(content)
    elif kind in ("ombud", "framtidsfullmakt"):
        yield f"{GIVEN_BY}/kind"  # only an adult gives such a mandate


def _wrong_for_self(content: Mapping[str, Any], age: int) -> Iterator[str]:
    if len(content["given_by"].get("maturity_ground", "").strip()) < MATURITY_CHARACTERS:
        yield f"{GIVEN_BY}/maturity_ground"
    if age < SENSITIVE_FROM:
        for index, edge in enumerate(content["edges"]):
            if SENSITIVE & set(edge["categories"]):
                yield f"/data/content/edges/{index}/categories"


def _wrong_for_guardians(content: Mapping[str, Any]) -> Iterator[str]:
    given_by = content["given_by"]
    # A young person who can decide is not passed over (OSL 2009:400 12:3), and one at risk is not spoken for.
    if given_by.get("guardian_risk") or (given_by["kind"] == "guardian" and content["decision_capable"] == "yes"):
        yield f"{GIVEN_BY}/kind"
    if "custody" not in given_by:
        yield f"{GIVEN_BY}/custody"
    elif given_by.get("guardians_signed", 0) < (2 if given_by["custody"] == "joint" else 1):
        yield f"{GIVEN_BY}/guardians_signed"


def is_doubtful(content: Mapping[str, Any]) -> bool:
    """True when people must settle whether the consent counts; until then it covers nothing."""
    given_by, capable = content["given_by"], content["decision_capable"]
    return (
        given_by["kind"] == "forvaltare"  # decides within an order that the hub has not read
        or bool(given_by.get("guardian_risk"))
        or capable == "unclear"
        or (capable == "no" and given_by["kind"] not in IN_PLACE_OF_THE_PERSON)
    )


def lapses_on(content: Mapping[str, Any], born_on: date | None) -> date | None:
    """The birthday on which somebody else's part in a young person's consent ends."""
    if born_on is None or content["given_by"]["kind"] == "self":
        return None
    grown = calendar.birthday(born_on, ADULT)
    return grown if date.fromisoformat(content["signed_on"]) < grown else None
