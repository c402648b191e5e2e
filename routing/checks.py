"""Rules that can be read but cannot be meant: what `load` lets pass and an administrator should not.

Every fault names the file, the row and the fault in one line. The checks walk over the rules as data; they
decide nothing about a message. With a registry they also compare the rules with the schemas.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from routing import ceilings, schema_checks
from routing import directory as directories
from routing import rulebook as rulebooks
from routing.rule_files import Place, RuleFault, RulesBroken
from routing.rulebook import RecipientRule, Route, Rulebook, Transition, TypeRule
from schemas import registry as registries

# The statuses of the public interface for a refusal by rule.
STATUSES = frozenset({403, 409, 410, 413, 422})
# What each way of finding a recipient can find.
FINDS = {"catchment": {"jt"}, "responsible": {"sd", "jt"}, "coordinator": {"team"}, "orderer": {"jt"}}
# No consent covers another person (OSL 2009:400 10:1), and nothing about crime goes through the hub.
CLOSED_CATEGORIES = ("CJ", "TP")


def check_rules(
    rules: Path | None = None,
    directory: Path | None = None,
    registry: registries.Registry | None = None,
) -> list[RuleFault]:
    """Every fault of rulebook and directory (None: those that are delivered); [] when both can be used."""
    faults: list[RuleFault] = []
    book = known = None
    try:
        book = rulebooks.load(rules)
        faults += check_rulebook(book, registry)
    except RulesBroken as broken:
        faults += broken.faults
    try:
        known = directories.load(directory)
    except RulesBroken as broken:
        faults += broken.faults
    if book is not None and known is not None:
        faults += check_agreements(known, book, registry)
    return faults


def check_agreements(
    directory: directories.Directory, rulebook: Rulebook, registry: registries.Registry | None = None
) -> Iterator[RuleFault]:
    """What agreements say of deadlines and lists of fields that the rules do not have, or do not leave to them."""
    for agreement in directory.entries.agreements:
        place = Place("agreements.toml", f"agreement[{agreement.agreement_id}]")
        for name, due in agreement.deadlines.items():
            rule, where = rulebook.deadlines.rows.get(name), place.inside(f"deadlines.{name}")
            if rule is None:
                yield where.fault("no deadline has this id, or it is switched off")
            elif rule.fixed:
                yield where.fault("is fixed by a statute or a decision of the city")
            elif rule.due.is_weekly != due.is_weekly:
                yield where.fault("a weekly deadline stays weekly, and no other becomes it")
        for name, lists in agreement.field_lists.items():
            where = place.inside(f"field_lists.{name}")
            known = rulebook.find_type(name)
            if known is None or not known.field_lists:
                yield where.fault("the type has no list of fields")
            elif registry is not None:
                yield from schema_checks.check_field_lists(name, lists, registry, where)


def check_rulebook(rulebook: Rulebook, registry: registries.Registry | None = None) -> list[RuleFault]:
    """The faults of a rulebook that has been loaded."""
    faults = [*_check_ceilings(rulebook), *_check_settings(rulebook), *_check_refusals(rulebook)]
    faults += _check_lifecycle(rulebook)
    for rule in rulebook.types.values():
        place = Place(rulebook.files[rule.name], f"type[{rule.name}]")
        faults += _check_type(rule, rulebook, place)
        if registry is not None:
            faults += schema_checks.check_type(rule, rulebook, registry, place)
    if registry is not None:
        faults += schema_checks.check_coverage(rulebook, registry)
    return faults


def _check_ceilings(rulebook: Rulebook) -> Iterator[RuleFault]:
    for kind, column in rulebook.ceilings.cells.items():
        for code in CLOSED_CATEGORIES:
            if code in column and column[code] != ceilings.Ceiling("no"):
                yield Place("categories.toml", f"ceiling.{kind}.{code}").fault("must be no for every kind")


def _check_settings(rulebook: Rulebook) -> Iterator[RuleFault]:
    settings, place = rulebook.settings, Place("settings.toml", "settings")
    for name in (
        "minimum_age",
        "consent_longest_months",
        "plan_longest_months",
        "plan_least_weekly_hours",
        "ground_least_characters",
        "statistics_least_count",
        "osl_10_2_most",
        "osl_10_2_window_hours",
        "protection_most",
        "protection_window_hours",
    ):
        if getattr(settings, name) < 1:
            yield place.inside(name).fault("must be at least 1")
    if not settings.osl_10_2_roles and "OSL_10_2" in rulebook.bases:
        yield place.inside("osl_10_2_roles").fault("names no role, so that every role could claim OSL 10:2")


def _check_refusals(rulebook: Rulebook) -> Iterator[RuleFault]:
    for text in rulebook.refusals.values():
        if text.status not in STATUSES:
            place = Place("refusals.toml", f"refusal[{text.code}].status")
            yield place.fault(f"must be one of {', '.join(map(str, sorted(STATUSES)))}")


def _check_lifecycle(rulebook: Rulebook) -> Iterator[RuleFault]:
    life = rulebook.lifecycle
    yield from _check_machine(rulebook, "case", life.states, life.final_states)
    yield from _check_machine(rulebook, "finsam", life.finsam_states, life.finsam_final_states)
    used = {move for rule in rulebook.types.values() for route in rule.routes for move in route.moves}
    for transition in life.transitions.values():
        if transition.id not in used:
            yield _transition(transition).fault("no route in types.toml makes this move")
    yield from _check_forks(rulebook)


def _check_machine(
    rulebook: Rulebook, machine: str, states: frozenset[str], final: frozenset[str]
) -> Iterator[RuleFault]:
    place = Place("lifecycle.toml", machine)
    steps = [step for step in rulebook.lifecycle.transitions.values() if step.machine == machine]
    reached = {step.target for step in steps if not step.source and step.target}
    while more := {step.target for step in steps if step.source & reached and step.target} - reached:
        reached |= more
    left = frozenset().union(*(step.source for step in steps if step.target is not None))
    for state in sorted(states - reached):
        yield place.fault(f"the state {state} is never reached")
    for state in sorted(states - left - final):
        yield place.fault(f"the state {state} has no way out and is not final")
    for state in sorted(final & left):
        yield place.fault(f"the state {state} is final and has a way out")
    for state in sorted(final - states):
        yield place.fault(f"the final state {state} is no state of the machine")


def _check_forks(rulebook: Rulebook) -> Iterator[RuleFault]:
    """Two moves that one message could make from one state: the order would decide, unseen."""
    by_type: dict[tuple[str, str], list[Transition]] = defaultdict(list)
    for step in rulebook.lifecycle.transitions.values():
        for earlier in by_type[step.machine, step.type]:
            if _may_meet(earlier, step):
                yield _transition(step).fault(f"fits the same message as {earlier.id}")
        by_type[step.machine, step.type].append(step)


def _may_meet(one: Transition, other: Transition) -> bool:
    if not (one.source & other.source or one.source == other.source):
        return False
    for asked, other_asked in ((one.in_force, other.in_force), (one.waits, other.waits)):
        if None not in (asked, other_asked) and asked != other_asked:
            return False
    return not any(
        set(values).isdisjoint(other.when[pointer]) for pointer, values in one.when.items() if pointer in other.when
    )


def _transition(transition: Transition) -> Place:
    return Place("lifecycle.toml", f"transition[{transition.id}]")


def _check_type(rule: TypeRule, rulebook: Rulebook, place: Place) -> Iterator[RuleFault]:
    if not rule.senders:
        yield place.fault("has no sender")
    if not rule.routes:
        yield place.fault("has no route")
    for kind in rule.refused_senders:
        if kind not in rulebook.ceilings.cells:
            yield place.inside("refused_senders").fault(f"{kind!r} is an unknown kind")
        if kind in rule.senders:
            yield place.inside("refused_senders").fault(f"{kind} is a sender")
    yield from _check_opening(rule, rulebook, place)
    purposes: dict[str, list[Route]] = defaultdict(list)
    for route in rule.routes:
        where = place.inside(f"route[{route.purpose}]")
        if any(_hides(earlier, route) for earlier in purposes[route.purpose]):
            yield where.fault("is never taken: an earlier route fits the same messages")
        purposes[route.purpose].append(route)
        yield from _check_route(rule, route, rulebook, where)


def _hides(earlier: Route, later: Route) -> bool:
    """True when every message that fits the later route fits the earlier one."""
    if earlier.senders and not (later.senders and later.senders <= earlier.senders):
        return False
    return all(
        pointer in later.when and set(later.when[pointer]) <= set(values) for pointer, values in earlier.when.items()
    )


def _check_opening(rule: TypeRule, rulebook: Rulebook, place: Place) -> Iterator[RuleFault]:
    steps = [rulebook.lifecycle.transitions[move] for route in rule.routes for move in route.moves]
    openings = {step.machine for step in steps if not step.source}
    if openings != ({rule.opens} if rule.opens else set()):
        told = rule.opens or "nothing"
        made = ", ".join(sorted(openings)) or "nothing"
        yield place.fault(f"opens {told}, but its moves open {made}")
    if rule.subject == "absent" and any(step.source for step in steps):
        yield place.fault("names no case (subject absent), but moves one")


def _check_route(rule: TypeRule, route: Route, rulebook: Rulebook, place: Place) -> Iterator[RuleFault]:
    if route.moves and (route.within or route.within_finsam):
        yield place.fault("has both moves and within; the moves say from where")
    for move in route.moves:
        mover = rulebook.lifecycle.transitions[move].type
        if mover != rule.name:
            yield place.inside("moves").fault(f"{move} is a move of {mover}")
    if not route.recipients:
        yield place.fault("has no recipient")
    for pointer in _pointers(route):
        if not pointer.startswith("/"):
            yield place.fault(f"{pointer!r} is no pointer: it must begin with /")
    if route.seats_from is not None and not any(to.found == "seat" for to in route.recipients.values()):
        yield place.inside("seats_from").fault("no recipient of the route is found by seat")
    for recipient in route.recipients.values():
        yield from _check_recipient(rule, route, recipient, rulebook, place.inside(f"to.{recipient.kind}"))


def _pointers(route: Route) -> Iterator[str]:
    yield from route.when
    if route.seats_from is not None:
        yield route.seats_from
    for recipient in route.recipients.values():
        yield from recipient.sees or ()


def _check_recipient(
    rule: TypeRule, route: Route, recipient: RecipientRule, rulebook: Rulebook, place: Place
) -> Iterator[RuleFault]:
    finds = FINDS.get(recipient.found)
    if finds is not None and recipient.kind not in finds:
        yield place.inside("found").fault(f"{recipient.found} finds no unit of kind {recipient.kind}")
    if not recipient.bases:
        yield place.fault("has no basis")
    for code in recipient.bases:
        reason = _why_never(rulebook.bases[code], rule, recipient)
        if reason is not None:
            yield place.inside("bases").fault(f"{code} can never be used: {reason}")
    for pointer in recipient.sees or ():
        if not pointer.startswith("/content/"):
            yield place.inside("sees").fault(f"{pointer!r} does not lie in /content")
    allowed = rulebook.allowed(recipient.kind, route.purpose, own=recipient.own is not None)
    if rule.categories and not rule.categories & set(allowed):
        yield place.fault("the ceiling leaves this kind nothing of the type")


def _why_never(basis: rulebooks.BasisRule, rule: TypeRule, recipient: RecipientRule) -> str | None:
    if not any(basis.fits(sender, recipient.kind) for sender in rule.senders):
        return "it is not made for these kinds of sender and recipient"
    if rule.categories and basis.categories != frozenset() and not any(map(basis.can_cover, rule.categories)):
        return "it covers none of the categories of the type"
    return None
