"""Everything that the rules let through, as a table: who may tell whom what, for which purpose, on which basis.

The table is the whole space: type and version, route, kind of sender, kind of recipient, basis, and for a consent each
category alone. What is not in it is never disclosed. It needs no message, so two rulebooks can be compared whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from routing import disclosure
from routing.rulebook import BasisRule, RecipientRule, Route, Rulebook, TypeRule
from routing.vocabulary import MESSAGE_DATA
from schemas import registry, views


@dataclass(frozen=True, slots=True, order=True)
class Way:
    """One way of a message. `route` tells routes of one purpose apart: what the message must say to take it."""

    type: str
    version: str
    sender: str
    recipient: str
    purpose: str
    route: str
    basis: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """What arrives at most on a way: field -> the categories it may have there."""

    way: Way
    fields: Mapping[str, frozenset[str]]

    @property
    def categories(self) -> frozenset[str]:
        return frozenset().union(*self.fields.values()) if self.fields else frozenset()


def list_arrivals(rulebook: Rulebook, schemas: registry.Registry, only: str | None = None) -> Iterator[Arrival]:
    """Every way with what arrives on it; `only` one type."""
    for message_type in schemas.list_types():
        rule = rulebook.find_type(message_type.name)
        if rule is None or only not in (None, rule.name):
            continue
        for route in rule.routes:
            for recipient in route.recipients.values():
                yield from _arrivals(rulebook, message_type, rule, route, recipient)


def _arrivals(
    rulebook: Rulebook,
    message_type: registry.MessageType,
    rule: TypeRule,
    route: Route,
    recipient: RecipientRule,
) -> Iterator[Arrival]:
    view = disclosure.view_for(rulebook, message_type, recipient, route.purpose)
    shown = [each for each in views.list_leaves(view.root) if not each.pointer.startswith("/handling/")]
    for sender in sorted(rule.senders & route.senders if route.senders else rule.senders):
        for code in recipient.bases:
            basis = rulebook.bases[code]
            if basis.enabled and basis.fits(sender, recipient.kind):
                way = Way(rule.name, message_type.version, sender, recipient.kind, route.purpose, _label(route), code)
                yield Arrival(way, _covered(shown, basis))


def _covered(shown: list[views.Shown], basis: BasisRule) -> Mapping[str, frozenset[str]]:
    found = {
        each.pointer: frozenset(
            category for category in each.categories if category == MESSAGE_DATA or basis.can_cover(category)
        )
        for each in shown
    }
    return {pointer: categories for pointer, categories in found.items() if categories}


def _label(route: Route) -> str:
    return "; ".join(f"{pointer} = {', '.join(map(str, values))}" for pointer, values in sorted(route.when.items()))


@dataclass(frozen=True, slots=True)
class Difference:
    """One way that another rulebook opens, closes, or widens and narrows by fields."""

    way: Way
    change: str
    more: tuple[str, ...] = ()
    fewer: tuple[str, ...] = ()


def compare(old: Rulebook, new: Rulebook, schemas: registry.Registry) -> Iterator[Difference]:
    """Every way on which the two rulebooks would let another thing through, in the order of the table."""
    before = {arrival.way: arrival.fields for arrival in list_arrivals(old, schemas)}
    after = {arrival.way: arrival.fields for arrival in list_arrivals(new, schemas)}
    for way in sorted(before.keys() | after.keys()):
        if way not in after:
            yield Difference(way, "closed", fewer=tuple(sorted(before[way])))
        elif way not in before:
            yield Difference(way, "opened", more=tuple(sorted(after[way])))
        elif before[way] != after[way]:
            more, fewer = _beyond(after[way], before[way]), _beyond(before[way], after[way])
            yield Difference(way, "changed", more, fewer)


def _beyond(these: Mapping[str, frozenset[str]], those: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    return tuple(sorted(pointer for pointer, found in these.items() if found - those.get(pointer, frozenset())))


def compare_steps(old: Rulebook, new: Rulebook) -> Iterator[str]:
    """What else decides: transitions, checks, senders and settings that differ, one line for each."""
    for name in sorted(old.lifecycle.transitions.keys() | new.lifecycle.transitions.keys()):
        if old.lifecycle.transitions.get(name) != new.lifecycle.transitions.get(name):
            yield f"transition {name}"
    for name in sorted(old.types.keys() & new.types.keys()):
        before, after = old.types[name], new.types[name]
        for part in ("checks", "warns", "subject", "opens", "registers", "uniform", "refused_senders"):
            if getattr(before, part) != getattr(after, part):
                yield f"type {name}: {part}"
        for one, other in zip(before.routes, after.routes, strict=False):
            if (one.moves, one.within, one.within_finsam) != (other.moves, other.within, other.within_finsam):
                yield f"type {name}: states for {one.purpose}"
    for part in old.settings.__slots__:
        if getattr(old.settings, part) != getattr(new.settings, part):
            yield f"setting {part}: {getattr(old.settings, part)} -> {getattr(new.settings, part)}"
