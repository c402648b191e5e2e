"""From a form to a message: the content by the schema, the handling by the rules, what a person chose in both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from hub.service import Hub
from hub.web.naming import Naming
from hub.web.team import offering
from hub.web.team.fields import ABSENT, CARRIED, Form, Given
from routing.case import Case
from routing.rulebook import RecipientRule, Route, TypeRule
from routing.situation import day_in_stockholm
from schemas import envelope as envelopes
from schemas.envelope import Envelope
from schemas.registry import MessageType

_PERSON: Final = ("personal_number", "given_name", "family_name")
_ALWAYS_FOUND: Final = frozenset({"edges", "originals", "asker", "sender"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a form stands: which type, for which unit, about which case."""

    hub: Hub
    naming: Naming
    unit_id: str
    kind: str
    message_type: MessageType
    rule: TypeRule
    case: Case | None
    team: str | None
    causation_id: str | None = None

    @property
    def routes(self) -> tuple[Route, ...]:
        """The ways that are open to this kind of unit."""
        return tuple(route for route in self.rule.routes if not route.senders or self.kind in route.senders)

    @property
    def recipients(self) -> Mapping[str, RecipientRule]:
        """Every kind that some way leads to. Where several do, what they allow is added up."""
        found: dict[str, RecipientRule] = {}
        for route in self.routes:
            for kind, rule in route.recipients.items():
                found.setdefault(kind, rule)
        return found

    @property
    def names_person(self) -> bool:
        return "person" in self.message_type.document["properties"]

    @property
    def needs_person(self) -> bool:
        return "person" in self.message_type.document.get("required", ())


@dataclass(frozen=True, slots=True)
class Addressee:
    """Somebody whom the message can go to. `value` is the address as the form carries it."""

    value: str
    name: str
    kind: str


def addressees(place: Place) -> tuple[Addressee, ...]:
    """Who can be named as recipient. Those whom the rules find by themselves are not asked for."""
    found: dict[str, Addressee] = {}
    for kind, rule in place.recipients.items():
        if rule.found in _ALWAYS_FOUND:
            continue
        for unit_id in _units_of(place, kind):
            if unit_id != place.unit_id:
                found.setdefault(
                    unit_id,
                    Addressee(f"{'team' if kind == 'team' else 'unit'}:{unit_id}", place.naming.unit(unit_id), kind),
                )
    return tuple(found.values())


def _units_of(place: Place, kind: str) -> Sequence[str]:
    """The units of a kind that are near: of the team, of the case, else all that are open."""
    hub, on = place.hub, day_in_stockholm(place.hub.clock.now())
    if kind == "team":
        return (place.team,) if place.team else ()
    parties = {unit_id for unit_id in (place.case.parties if place.case else ()) if _kind(hub, unit_id) == kind}
    seats = hub.directory.list_seats(place.team, kind, on) if place.team else ()
    if place.case is not None and parties:
        return sorted(parties)
    if seats:
        return seats
    return [unit.unit_id for unit in hub.directory.list_units(on) if unit.kind == kind]


def _kind(hub: Hub, unit_id: str) -> str:
    unit = hub.directory.find_unit(unit_id)
    return unit.kind if unit else ""


def bases(place: Place) -> dict[str, tuple[str, ...]]:
    """Kind of recipient -> bases that a sender can claim, in the rules' order."""
    claimed = {code for code, rule in place.hub.rulebook.bases.items() if rule.claimed and rule.enabled}
    found: dict[str, dict[str, None]] = {}
    for route in place.routes:
        for kind, rule in route.recipients.items():
            found.setdefault(kind, {}).update(dict.fromkeys(code for code in rule.bases if code in claimed))
    return {kind: tuple(codes) for kind, codes in found.items() if codes}


def compose(place: Place, form: Form, given: Given) -> dict[str, Any]:
    """The `data` of the message, as far as it has been filled in: what is wrong with it the schema says."""
    schema = place.message_type.document["properties"]["content"]
    content = form.read(schema, "content")
    data: dict[str, Any] = {"content": {} if content is ABSENT else content}
    person = {name: _one(given, f"person.{name}") for name in _PERSON}
    if place.names_person and any(person.values()):
        data["person"] = {name: value for name, value in person.items() if value}
    data["handling"] = _handling(place, given, data)
    return data


def _handling(place: Place, given: Given, data: Mapping[str, Any]) -> dict[str, Any]:
    at, role = _one(given, "at"), _one(given, "role")
    unit = place.hub.directory.find_unit(place.unit_id)
    functions = unit.functions if unit else ()
    handling: dict[str, Any] = {
        "to": [_address(value) for value in given.get("to", ()) if value],
        "function": _one(given, "function") or (functions[0] if functions else role),
        "officer_role": role,
        "purpose": _purpose(place, given),
        "occurred_at": at,
        "basis": [
            claim
            for kind, codes in bases(place).items()
            for code in (_one(given, f"basis.{kind}") or codes[0],)
            if code != "-" and (claim := _claim(kind, code, role, at, _one(given, "ground")))
        ],
        "categories": sorted(place.message_type.categories_in({"handling": {}, **data}))
        if is_whole(place, data)
        else [],
        "protected_identity": _one(given, "protected_identity") or "none",
    }
    return handling


def is_whole(place: Place, data: Mapping[str, Any]) -> bool:
    """Whether the content fits its schema, so that it can be walked through."""
    example = {**place.message_type.document["examples"][0]["handling"]}
    faults = place.message_type.faults({**data, "handling": example})
    return not any(fault.pointer.startswith(("/content", "/person")) for fault in faults)


def _claim(kind: str, code: str, role: str, at: str, ground: str) -> dict[str, str]:
    claim = {"recipient_kind": kind, "code": code, "assessed_by_role": role, "assessed_at": at}
    return claim | ({"ground": ground} if ground else {})


def _purpose(place: Place, given: Given) -> str:
    purposes = list(dict.fromkeys(route.purpose for route in place.routes))
    chosen = _one(given, "purpose")
    return chosen if chosen in purposes else purposes[0]


def _address(value: str) -> dict[str, str]:
    kind, _, name = value.partition(":")
    return {"team" if kind == "team" else "unit": name}


def _one(given: Given, name: str) -> str:
    return next((value.strip() for value in given.get(name, ()) if value.strip()), "")


def envelope(place: Place, data: Mapping[str, Any], *, message_id: str, at: datetime) -> Envelope:
    """The event, with the id that the form has had from its beginning: sent twice, it counts once."""
    version = place.message_type.version
    return Envelope(
        id=message_id,
        source=f"/units/{place.unit_id}",
        type=f"{envelopes.TYPE_PREFIX}{place.message_type.name}",
        dataschema=f"/schemas/{place.message_type.name}/{version}",
        time=at,
        data=dict(data),
        subject=place.case.case_id if place.case and place.rule.subject != "absent" else None,
        causationid=place.causation_id,
    )


def field_of(pointer: str) -> str:
    """Where a fault of the event stands in the form: `/data/content/items/0/what` is `content.items.0.what`."""
    name = pointer.removeprefix("/data").strip("/").replace("/", ".")
    if name == "person":
        return "person.personal_number"
    if name.startswith("handling.to"):
        return "to"
    if name.startswith("handling.officer_role"):
        return "role"
    if name.startswith("handling.basis"):
        return "basis"
    if name.rpartition(".")[2] in CARRIED:
        return name.rpartition(".")[0]
    return name


def team_for(hub: Hub, unit_id: str, case: Case | None, chosen: str) -> str | None:
    """The team that a new case is for: the one chosen, if the unit sits in it."""
    if case is not None:
        return offering.team_of(hub, unit_id, case)
    return chosen if chosen in offering.teams_of(hub, unit_id) else offering.team_of(hub, unit_id, None)
