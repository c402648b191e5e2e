"""From the addresses of a message to units: who is meant, on this day, under this route of the rulebook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import assert_never

from routing import directory as directories
from routing import rulebook as rulebooks
from routing.message import Address, Message
from routing.refusals import RefusalCode
from routing.situation import Situation

ROLE_KINDS = {"responsible_stadsdel": "sd", "responsible_jobbtorg": "jt"}

# What the sender wrote for a unit that does not exist is not repeated: it could be anything, a personal number too.
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A unit that the message may reach, and in which quality: `kind` names the ceiling and the rule it falls under."""

    unit: directories.Unit
    kind: str
    rule: rulebooks.RecipientRule


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An address that leads nowhere. `name` is what the sender wrote, or the kind of seat it asked for."""

    name: str
    kind: str
    code: RefusalCode
    about: str | None = None


def resolve(
    message: Message, route: rulebooks.Route, situation: Situation, directory: directories.Directory
) -> list[Recipient | Unresolved]:
    """Every recipient once, in the sender's order, seats asked for in the content last."""
    resolver = _Resolver(message, route, situation, directory)
    found: dict[str, Recipient | Unresolved] = {}
    for address in resolver.addresses():
        for target in resolver.targets(address):
            name = target.unit.unit_id if isinstance(target, Recipient) else target.name
            found.setdefault(name, target)
    return list(found.values())


class _Resolver:
    def __init__(
        self,
        message: Message,
        route: rulebooks.Route,
        situation: Situation,
        directory: directories.Directory,
    ) -> None:
        self.message = message
        self.route = route
        self.situation = situation
        self.directory = directory
        self.on: date = situation.today

    def addresses(self) -> Iterator[Address]:
        given = self.message.addresses
        yield from given
        if self.route.seats_from is not None:
            team = self._team()
            for seat in _list_at(self.message, self.route.seats_from):
                if team is not None:
                    yield Address(team=team, seat=seat)
        if not given:
            for rule in self.route.recipients.values():
                if rule.found == "edges":
                    yield from (Address(unit=name) for name in self._edge_units(rule.kind))

    def targets(self, address: Address) -> Iterator[Recipient | Unresolved]:
        if address.team is not None and address.seat is not None:
            yield from self._seat(address.team, address.seat)
        elif address.team is not None:
            yield self._unit(address.team)
        elif address.role is not None:
            yield self._role(address.role)
        elif address.unit is not None:
            yield self._unit(address.unit)

    def _unit(self, name: str) -> Recipient | Unresolved:
        unit = self.directory.find_by_name(name, self.on)
        if unit is None:
            return Unresolved(_UNKNOWN, "", RefusalCode.UNKNOWN_UNIT)
        if not unit.is_open(self.on):
            successor = unit.successors[0] if unit.successors else None
            return Unresolved(unit.unit_id, unit.kind, RefusalCode.UNIT_CLOSED, successor)
        rule = self.route.recipients.get(unit.kind)
        if rule is None or unit.unit_id == self.message.sender:
            return Unresolved(unit.unit_id, unit.kind, RefusalCode.RECIPIENT_NOT_ALLOWED)
        wrong = self._misplaced(unit, rule)
        if wrong is not None:
            return Unresolved(unit.unit_id, unit.kind, wrong)
        return Recipient(unit, unit.kind, rule)

    def _misplaced(self, unit: directories.Unit, rule: rulebooks.RecipientRule) -> RefusalCode | None:
        """Why this unit, although of a right kind, is not the one that the route leads to."""
        match rule.found:
            case "catchment":
                expected = self.directory.find_catchment(self.message.sender, self.on)
                return None if unit.unit_id == expected else RefusalCode.WRONG_CATCHMENT
            case "responsible":
                right = unit.unit_id == self._responsible(unit.kind)
            case "seat":
                team = self._team()
                right = team is not None and unit.unit_id in self.directory.list_seats(team, unit.kind, self.on)
            case "edges":
                right = unit.authority in self._edge_authorities()
            case "addressed" | "coordinator":
                right = True
            case _:
                assert_never(rule.found)
        return None if right else RefusalCode.RECIPIENT_NOT_ALLOWED

    def _role(self, role: str) -> Recipient | Unresolved:
        kind = ROLE_KINDS[role]
        name = self._responsible(kind)
        if name is None and kind == "jt":
            name = self.directory.find_catchment(self.message.sender, self.on)
        if name is None:
            return Unresolved(role, kind, RefusalCode.RECIPIENT_NOT_ALLOWED)
        return self._unit(name)

    def _responsible(self, kind: str) -> str | None:
        case = self.situation.case
        if case is None:
            return None
        return {"sd": case.responsible_stadsdel, "jt": case.responsible_jobbtorg}.get(kind)

    def _team(self) -> str | None:
        """The team that this message is about: its sender, the one addressed, or the case's own."""
        sender = self.directory.find_unit(self.message.sender)
        if sender is not None and sender.kind == "team":
            return sender.unit_id
        for address in self.message.addresses:
            if address.team is not None:
                return address.team
        return self.situation.case.team if self.situation.case else None

    def _seat(self, team: str, kind: str) -> Iterator[Recipient | Unresolved]:
        units = [
            unit_id for unit_id in self.directory.list_seats(team, kind, self.on) if unit_id != self.message.sender
        ]
        rule = self.route.recipients.get(kind)
        if self.directory.find_unit(team) is None:
            yield Unresolved(_UNKNOWN, "", RefusalCode.UNKNOWN_UNIT)
        elif rule is None or rule.found != "seat":
            yield Unresolved(f"{team}/{kind}", kind, RefusalCode.RECIPIENT_NOT_ALLOWED)
        elif self._sits(team, kind) and not (kind == "sd" and len(units) > 1):
            return  # the sender holds this seat itself
        else:
            chosen = units if len(units) == 1 else self._choose_seat(units)
            if len(chosen) == 1:
                yield self._unit(chosen[0])
            else:
                yield Unresolved(f"{team}/{kind}", kind, RefusalCode.UNKNOWN_UNIT, "unit")

    def _sits(self, team: str, kind: str) -> bool:
        return self.message.sender in self.directory.list_seats(team, kind, self.on)

    def _choose_seat(self, units: list[str]) -> list[str]:
        """One of several seats of a kind: the case's stadsdel, else the one addressed, else the one consent names."""
        responsible = self._responsible("sd")
        if responsible in units:
            return [responsible]
        addressed = {address.unit for address in self.message.addresses}
        named = [unit_id for unit_id in units if unit_id in addressed]
        return named or [unit_id for unit_id in units if self._consent_names(unit_id)]

    def _consent_names(self, unit_id: str) -> bool:
        authority = self.directory.find_authority(unit_id)
        return authority is not None and any(
            consent.names(authority) and consent.purpose == self.message.purpose
            for consent in self.situation.consents.values()
        )

    def _edge_authorities(self) -> set[str]:
        """The authorities that the consent of this message concerns: from its own edges, or from the registry."""
        content = self.message.content
        names = {
            edge[side] for edge in content.get("edges", ()) for side in ("holder_authority", "recipient_authority")
        }
        known = self.situation.consents.get(content.get("consent_id", ""))
        if known is not None:
            names |= {side for edge in known.edges for side in (edge.holder, edge.recipient)}
        return {found for name in names if (found := self.directory.find_authority(name)) is not None}

    def _edge_units(self, kind: str) -> Iterator[str]:
        """The one unit of each concerned authority that is meant; an authority with several is asked by address."""
        sender = self.directory.find_unit(self.message.sender)
        for authority in sorted(self._edge_authorities()):
            if sender is not None and authority == sender.authority:
                continue
            units = [unit for unit in self.directory.list_authority_units(authority, self.on) if unit.kind == kind]
            if len(units) == 1:
                yield units[0].unit_id
            elif units and kind == "jt":
                catchment = self.directory.find_catchment(self.message.sender, self.on)
                name = self._responsible("jt") or catchment
                if name is not None:
                    yield name


def _list_at(message: Message, pointer: str) -> list[str]:
    value: object = message.data
    for part in pointer.lstrip("/").split("/"):
        value = value.get(part) if isinstance(value, dict) else None
    return [str(entry) for entry in value] if isinstance(value, list) else []
