"""What a unit may send from where it stands: by the rules, never by a list of our own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hub.service import Hub
from hub.store.records import DeliveryView
from routing.case import Case
from routing.rulebook import Route, TypeRule
from routing.situation import day_in_stockholm

# What the desk leads to by itself; everything else that a unit may send stands under "more".
FIRST: Final = (
    "finsam.case-screened",
    "finsam.meeting-called",
    "finsam.joint-plan-recorded",
    "finsam.followup-recorded",
    "finsam.case-closed",
    "finsam.case-initiated",
    "information.requested",
    "consent.recorded",
    "consent.withdrawn",
)
# What can only be an answer to a message that has been read.
_ANSWERS: Final = {"information.answered": "information.requested"}
# Files of a system, not forms for a person.
_NOT_AT_THE_DESK: Final = frozenset({"statistics.reported", "attendance.reported", "attendance.corrected"})


@dataclass(frozen=True, slots=True)
class Action:
    """A message that can be begun here."""

    type: str
    is_first: bool
    address: str


def actions_for(
    hub: Hub, unit_id: str, case_id: str | None, *, answers: DeliveryView | None = None
) -> tuple[Action, ...]:
    """Types that this kind of unit sends, that fit whether there is a case, and whose case is in a state for them."""
    unit = hub.directory.find_unit(unit_id)
    case = find_case(hub, case_id, unit_id) if case_id else None
    if unit is None:
        return ()
    return tuple(
        Action(rule.name, rule.name in FIRST, _address(rule, case, answers))
        for rule in _in_order(hub.rulebook.types.values())
        if unit.kind in rule.senders and _fits(rule, case, answers) and _may_move(hub, rule, unit.kind, case)
    )


def _in_order(rules: Iterable[TypeRule]) -> list[TypeRule]:
    return sorted(rules, key=lambda rule: (FIRST.index(rule.name) if rule.name in FIRST else len(FIRST), rule.name))


def _fits(rule: TypeRule, case: Case | None, answers: DeliveryView | None) -> bool:
    if rule.name in _NOT_AT_THE_DESK:
        return False
    if rule.name in _ANSWERS:
        return answers is not None and answers.message.type == _ANSWERS[rule.name]
    return rule.subject != "required" or case is not None


def _may_move(hub: Hub, rule: TypeRule, kind: str, case: Case | None) -> bool:
    """Whether one of the type's routes leads on from where the case stands."""
    if case is None:
        return True
    routes = [route for route in rule.routes if not route.senders or kind in route.senders]
    return any(_leads_on(hub, route, case) for route in routes)


def _leads_on(hub: Hub, route: Route, case: Case) -> bool:
    if route.within_finsam and case.finsam_state not in route.within_finsam:
        return False
    if route.within and case.state not in route.within:
        return False
    moves = [
        hub.rulebook.lifecycle.transitions[move] for move in route.moves if move in hub.rulebook.lifecycle.transitions
    ]
    if not moves:
        return True
    return any((case.finsam_state if move.machine == "finsam" else case.state) in move.source for move in moves)


def _address(rule: TypeRule, case: Case | None, answers: DeliveryView | None) -> str:
    parts = [f"case={case.case_id}"] if case is not None and rule.subject != "absent" else []
    if case is not None and rule.subject == "absent":
        parts.append(f"about={case.case_id}")
    if answers is not None and rule.name in _ANSWERS:
        parts.append(f"answers={answers.delivery.delivery_id}")
    return f"/team/send/{rule.name}" + ("?" + "&".join(parts) if parts else "")


def find_case(hub: Hub, case_id: str, unit_id: str) -> Case | None:
    """The case, if the unit has a part in it."""
    ledger = hub.look()
    ledger.prepare_cases([case_id])
    case = ledger.find_case(case_id)
    return case if case is not None and case.is_party(unit_id) else None


def team_of(hub: Hub, unit_id: str, case: Case | None) -> str | None:
    """The FINSAM team that this is about: the case's, the unit itself, or the first in which it has a seat."""
    if case is not None and case.team is not None:
        return case.team
    teams = teams_of(hub, unit_id)
    return teams[0] if teams else None


def teams_of(hub: Hub, unit_id: str) -> tuple[str, ...]:
    """Every team in which the unit sits, or which it coordinates."""
    on = day_in_stockholm(hub.clock.now())
    unit = hub.directory.find_unit(unit_id)
    if unit is None:
        return ()
    if unit.kind == "team":
        return (unit_id,)
    teams = [each.unit_id for each in hub.directory.list_units(on) if each.kind == "team"]
    return tuple(team for team in teams if unit_id in hub.directory.list_seats(team, unit.kind, on))
