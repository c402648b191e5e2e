"""The case's life: which message moves it where. The table is data (`rules/lifecycle.toml`); the rest conflicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from routing import effects, own_activity
from routing import rulebook as rulebooks
from routing.case import Case
from routing.directory import Unit
from routing.message import Message
from routing.refusals import Refusal, RefusalCode
from routing.situation import Situation
from routing.vocabulary import HUB, Hand


def may_move(
    message: Message, sender: Unit, case: Case | None, route: rulebooks.Route, rulebook: rulebooks.Rulebook
) -> bool:
    """Whether the sender has the case in hand: to have received something of it, as any party has, is not enough.

    True where nobody has it in hand yet; whether the message fits then is the transitions' matter.
    """
    steps = [rulebook.lifecycle.transitions[name] for name in route.moves]
    if case is None or not all(step.source for step in steps):
        return True
    if any(step.machine == "finsam" for step in steps):
        return sender.kind != "team" or case.team in (None, sender.unit_id)
    if case.state is None or not (steps or route.within):
        return True
    if sender.kind not in HANDLING_KINDS or sender.unit_id in (case.responsible_stadsdel, case.responsible_jobbtorg):
        return True
    return any(HANDS[hand](message, case) for hand in route.also)


# The kinds that a case lies with. Others tell of their own part of it.
HANDLING_KINDS = frozenset({"sd", "jt"})


def _performs(message: Message, case: Case) -> bool:
    """A jobbtorg tells of what it performs itself in another's plan, and of nothing else."""
    named = frozenset(own_activity.activity_ids(message.content))
    approved = (activity for plan in case.memory.in_force.values() for activity in plan)
    return bool(named) and named <= {each.activity_id for each in approved if each.performing_unit == message.sender}


def _receives(message: Message, case: Case) -> bool:
    return case.memory.transfer is not None and case.memory.transfer.to_unit == message.sender


HANDS: Mapping[Hand, Callable[[Message, Case], bool]] = {"performer": _performs, "receiver": _receives}


def find_move(
    message: Message, case: Case | None, route: rulebooks.Route, rulebook: rulebooks.Rulebook
) -> rulebooks.Transition | Refusal | None:
    """The transition that the message makes; None when its route lets it pass without moving the case."""
    if not route.moves:
        return None if _may_pass(case, route) else _conflict(message)
    for name in route.moves:
        transition = rulebook.lifecycle.transitions[name]
        if _fits(transition, message, case):
            return transition
    return _conflict(message)


def _may_pass(case: Case | None, route: rulebooks.Route) -> bool:
    if route.within and (case is None or case.state not in route.within):
        return False
    return not route.within_finsam or (case is not None and case.finsam_state in route.within_finsam)


def _conflict(message: Message) -> Refusal:
    return Refusal(RefusalCode.STATE_CONFLICT, f"{message.type}/state")


def _fits(transition: rulebooks.Transition, message: Message, case: Case | None) -> bool:
    state = None
    if case is not None:
        state = case.finsam_state if transition.machine == "finsam" else case.state
    if state is None and transition.source:
        return False
    if state is not None and state not in transition.source:
        return False
    if transition.in_force is not None and _has_plan_in_force(message, case) != transition.in_force:
        return False
    if transition.waits is not None and _has_plan_waiting(message, case) != transition.waits:
        return False
    return rulebooks.matches(message.data, transition.when)


def _has_plan_in_force(message: Message, case: Case | None) -> bool:
    chain = case.plans.get(str(message.content.get("plan_id"))) if case else None
    return chain is not None and chain.in_force is not None


def _has_plan_waiting(message: Message, case: Case | None) -> bool:
    return case is not None and str(message.content.get("plan_id")) in case.memory.proposed


def advance(
    message: Message,
    transition: rulebooks.Transition | None,
    situation: Situation,
    recipients: Mapping[str, str],
) -> Case | None:
    """The case after an accepted message. `recipients` are those who get it: unit id -> kind.

    They and the sender become parties; responsibility is given when a case opens and moves only on acceptance.
    """
    case = situation.case
    if case is None and transition is not None:
        case = _open(message, transition, situation)
    if case is None or message.sender == HUB:
        return case
    changes: dict[str, Any] = {
        "parties": case.parties.union(recipients, (message.sender,)),
        "person_key": case.person_key or message.person_key,
    }
    if transition is not None and message.born_on is not None and case.memory.born_on is None:
        changes["memory"] = {"born_on": message.born_on}
    if transition is not None and transition.target is not None:
        changes["finsam_state" if transition.machine == "finsam" else "state"] = transition.target
    step = effects.Step(case, message, situation, recipients)
    step.change(changes)
    return effects.apply(transition.effects if transition is not None else (), step)


def _open(message: Message, transition: rulebooks.Transition, situation: Situation) -> Case | None:
    if transition.source or situation.new_case_id is None:
        return None
    return Case(
        case_id=situation.new_case_id,
        person_key=message.person_key,
        state=None,
        finsam_state=None,
        opened_at=situation.at,
    )


def ends_consents(transition: rulebooks.Transition | None) -> bool:
    """True when the person's consents end with this step."""
    return transition is not None and "consents_end" in transition.effects
