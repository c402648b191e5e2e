"""From the addresses of a message to units: who is meant, on this day, under this route of the rulebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from routing import directory as directories
from routing import rulebook as rulebooks
from routing import vocabulary
from routing.message import Address, Message
from routing.refusals import RefusalCode
from routing.situation import Situation
from schemas.frozen import dataclass

ROLE_KINDS = {"responsible_stadsdel": "sd", "responsible_jobbtorg": "jt"}

# What the sender wrote for a unit that does not exist is not repeated: it could be anything, a personal number too.
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A unit that the message may reach, and in which quality: `kind` names the ceiling and the rule it falls under."""

    unit: directories.Unit
    kind: str
    rule: rulebooks.RecipientRule
    unseen: bool = False
    """Found in the person's cases, of which the sender may not learn."""

    @property
    def authority(self) -> str:
        """Who gets to know: the unit's authority, or the one for whom the sender only prints the copy."""
        return self.rule.authority or self.unit.authority


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
    for recipient in resolver.handling():
        found.setdefault(recipient.unit.unit_id, recipient)
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
        case = situation.case
        self.disqualified = message.disqualified | (case.memory.disqualified if case else frozenset())

    def addresses(self) -> Iterator[Address]:
        given = self.message.addresses
        yield from given
        yield from (Address(unit=name) for name in self._originals())
        yield from self._printed()
        if self.route.seats_from is not None:
            team = self._team()
            for seat in _list_at(self.message, self.route.seats_from):
                if team is not None:
                    yield Address(team=team, seat=seat)
        if not given:
            for rule in self.route.recipients.values():
                if rule.found == "edges":
                    yield from (Address(unit=name) for name in self._edge_units(rule.kind))

    def handling(self) -> Iterator[Recipient]:
        """The jobbtorg that has the person's case, where a consent concerns its authority: it must hear of it, whoever
        recorded the consent, and a recorder from another authority must not hear of the case."""
        rule = self.route.recipients.get("jt")
        if rule is None or rule.found != "edges":
            return
        concerned = self._edge_authorities()
        for case in self.situation.open_cases:
            unit = self.directory.find_unit(case.responsible_jobbtorg or "")
            if unit is None or unit.authority not in concerned or not unit.is_open(self.on):
                continue
            if unit.unit_id != self.message.sender and unit.unit_id not in self.disqualified:
                yield Recipient(unit, "jt", rule, unseen=True)

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
        if unit.unit_id in self.disqualified:
            stand_in = self._stand_in(unit)
            if stand_in is None:
                return Unresolved(unit.unit_id, unit.kind, RefusalCode.CONFLICT_OF_INTEREST)
            unit = stand_in
        if not unit.is_open(self.on):
            successor = unit.successors[0] if unit.successors else None
            return Unresolved(unit.unit_id, unit.kind, RefusalCode.UNIT_CLOSED, successor)
        if unit.unit_id == self.message.sender:
            return self._print(unit)
        rule = self.route.recipients.get(unit.kind)
        if rule is None:
            return Unresolved(unit.unit_id, unit.kind, RefusalCode.RECIPIENT_NOT_ALLOWED)
        wrong = self._misplaced(unit, rule)
        if wrong is not None:
            return Unresolved(unit.unit_id, unit.kind, wrong)
        return Recipient(unit, unit.kind, rule)

    def _print(self, unit: directories.Unit) -> Recipient | Unresolved:
        """The sender as its own recipient: only for a copy that it hands on."""
        for kind, rule in self.route.recipients.items():
            if rule.found == "sender":
                return Recipient(unit, kind, rule)
        own = self.route.recipients.get(unit.kind)
        code = self._wrong(own.found) if own is not None else RefusalCode.RECIPIENT_NOT_ALLOWED
        return Unresolved(unit.unit_id, unit.kind, code)

    def _misplaced(self, unit: directories.Unit, rule: rulebooks.RecipientRule) -> RefusalCode | None:
        """Why this unit, although of a right kind, is not the one that the route leads to."""
        match rule.found:
            case "catchment":
                expected = self._catchment()
                return None if unit.unit_id == expected else RefusalCode.WRONG_CATCHMENT
            case "responsible":
                right = unit.unit_id == self._responsible(unit.kind)
            case "seat":
                team = self._team()
                right = team is not None and unit.unit_id in self.directory.list_seats(team, unit.kind, self.on)
            case "edges":
                right = unit.authority in self._edge_authorities()
            case "addressed":
                right = True
            case "coordinator":
                case = self.situation.case
                right = case is None or case.team in (None, unit.unit_id)
            case _:
                right = unit.unit_id in self._known_otherwise(rule.found)
        return None if right else self._wrong(rule.found)

    def _role(self, role: str) -> Recipient | Unresolved:
        kind = ROLE_KINDS[role]
        name = self._responsible(kind)
        if name is None and kind == "jt":
            name = self._catchment()
        if name is None:
            return Unresolved(role, kind, RefusalCode.RECIPIENT_NOT_ALLOWED)
        return self._unit(name)

    def _responsible(self, kind: str) -> str | None:
        case = self.situation.case
        if case is None:
            return None
        return {"sd": case.responsible_stadsdel, "jt": case.responsible_jobbtorg}.get(kind)

    def _wrong(self, found: vocabulary.Found) -> RefusalCode:
        """What a transfer or a correction that leads nowhere comes against is the case as it is."""
        follows = found in ("successor", "predecessor", "originals")
        return RefusalCode.STATE_CONFLICT if follows else RefusalCode.RECIPIENT_NOT_ALLOWED

    def _catchment(self) -> str | None:
        """The jobbtorg of the sender's catchment, or who stands in for it."""
        name = self.directory.find_catchment(self.message.sender, self.on)
        if name not in self.disqualified:
            return name
        unit = self.directory.find_unit(name or "")
        stand_in = self._stand_in(unit) if unit is not None else None
        return name if stand_in is None else stand_in.unit_id

    def _stand_in(self, unit: directories.Unit) -> directories.Unit | None:
        """Who takes over from a disqualified unit (jäv, förvaltningslagen 2017:900 16-17 §§)."""
        other = self.directory.find_unit(unit.alternate) if unit.alternate is not None else None
        fit = other is not None and other.is_open(self.on) and other.unit_id not in self.disqualified
        return other if fit else None

    def _known_otherwise(self, found: vocabulary.Found) -> frozenset[str]:
        """The units that an earlier message, an order or a pending transfer makes recipients of this one."""
        case = self.situation.case
        transfer = case.memory.transfer if case else None
        match found:
            case "originals":
                return self._originals()
            case "asker":
                asked = self.situation.earlier.get(self.message.answers or "")
                was_asked = asked is not None and self.message.sender in asked.recipients
                return frozenset({asked.sender}) if asked is not None and was_asked else frozenset()
            case "orderer":
                order = case.memory.orders.get(str(self.message.content.get("order_id"))) if case else None
                mine = order is not None and order.provider == self.message.sender
                return frozenset({order.jobbtorg}) if order is not None and mine else frozenset()
            case "successor":
                return frozenset({str(self.message.content.get("to_unit"))})
            case "predecessor":
                return frozenset({transfer.from_unit}) if transfer is not None else frozenset()
            case "sender":
                return frozenset({self.message.sender})
            case _:
                return frozenset()

    def _originals(self) -> frozenset[str]:
        """Everybody who got the message that this one corrects: a correction reaches them all."""
        if not any(rule.found == "originals" for rule in self.route.recipients.values()):
            return frozenset()
        corrected = self.situation.earlier.get(str(self.message.content.get("corrects_message")))
        if corrected is None or corrected.sender != self.message.sender:
            return frozenset()
        return frozenset(corrected.recipients) | self._taken_over(corrected.recipients)

    def _taken_over(self, recipients: Mapping[str, str]) -> frozenset[str]:
        """Who is responsible by now, where the one who got the original was then."""
        case = self.situation.case
        now = {"sd": case.responsible_stadsdel, "jt": case.responsible_jobbtorg} if case else {}
        found = {now[kind] for kind in recipients.values() if kind in now}
        return frozenset(name for name in found if name is not None and name != self.message.sender)

    def _printed(self) -> Iterator[Address]:
        """The copy that the sender gets itself, to hand on to somebody who has no door here."""
        if any(rule.found == "sender" for rule in self.route.recipients.values()):
            yield Address(unit=self.message.sender)

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
