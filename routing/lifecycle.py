"""The case's life: which message moves it where. The table is data (`rules/lifecycle.toml`); the rest conflicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from routing import rulebook as rulebooks
from routing.case import Case, PlanChain, ReportingRequest
from routing.message import Message
from routing.refusals import Refusal, RefusalCode
from routing.situation import Situation


def may_move(message: Message, case: Case | None, route: rulebooks.Route, rulebook: rulebooks.Rulebook) -> bool:
    """Whether the sender has the case in hand: to have received something of it, as any party has, is not enough.

    True where nobody has it in hand yet; whether the message fits then is the transitions' matter.
    """
    steps = [rulebook.lifecycle.transitions[name] for name in route.moves]
    if case is None or not all(step.source for step in steps):
        return True
    if any(step.machine == "finsam" for step in steps):
        return case.team in (None, message.sender)
    if case.state is None or not (steps or route.within):
        return True
    return message.sender in (case.responsible_stadsdel, case.responsible_jobbtorg)


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
    return rulebooks.matches(message.data, transition.when)


def _has_plan_in_force(message: Message, case: Case | None) -> bool:
    chain = case.plans.get(str(message.content.get("plan_id"))) if case else None
    return chain is not None and chain.in_force is not None


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
    if case is None:
        return None
    changes: dict[str, Any] = {
        "parties": case.parties.union(recipients, (message.sender,)),
        "person_key": case.person_key or message.person_key,
    }
    if transition is not None:
        changes["finsam_state" if transition.machine == "finsam" else "state"] = transition.target
        for effect in transition.effects:
            changes |= EFFECTS[effect](case, message, situation, recipients)
    return replace(case, **changes)


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


Effect = Callable[[Case, Message, Situation, Mapping[str, str]], Mapping[str, Any]]
"""What a transition does beside moving the state: fields of the case and their new values."""


def _responsibility_given(
    case: Case, message: Message, situation: Situation, recipients: Mapping[str, str]
) -> Mapping[str, Any]:
    jobbtorg = next((unit for unit, kind in recipients.items() if kind == "jt"), None)
    return {"responsible_stadsdel": message.sender, "responsible_jobbtorg": jobbtorg}


def _reporting_requested(
    case: Case, message: Message, situation: Situation, recipients: Mapping[str, str]
) -> Mapping[str, Any]:
    request = message.content["reporting_request"]
    standing = ReportingRequest(
        request_id=message.message_id,
        items=frozenset(request["items"]),
        until=date.fromisoformat(request["until"]),
    )
    return {"reporting_request": standing}


def _plan_proposed(
    case: Case, message: Message, situation: Situation, recipients: Mapping[str, str]
) -> Mapping[str, Any]:
    return _with_chain(case, message, in_force=False)


def _plan_enters_force(
    case: Case, message: Message, situation: Situation, recipients: Mapping[str, str]
) -> Mapping[str, Any]:
    return _with_chain(case, message, in_force=True)


def _with_chain(case: Case, message: Message, *, in_force: bool) -> Mapping[str, Any]:
    plan_id, version = str(message.content["plan_id"]), int(message.content["version"])
    before = case.plans.get(plan_id, PlanChain())
    chain = PlanChain(latest=max(before.latest, version), in_force=version if in_force else before.in_force)
    return {"plans": {**case.plans, plan_id: chain}}


def _team_takes_part(
    case: Case, message: Message, situation: Situation, recipients: Mapping[str, str]
) -> Mapping[str, Any]:
    team = next((unit for unit, kind in recipients.items() if kind == "team"), None)
    return {"team": case.team or team}


def _case_closes(
    case: Case, message: Message, situation: Situation, recipients: Mapping[str, str]
) -> Mapping[str, Any]:
    return {"closed_at": situation.at}


def _consents_end(
    case: Case, message: Message, situation: Situation, recipients: Mapping[str, str]
) -> Mapping[str, Any]:
    return {}  # nothing of the case itself: the decision tells the registry


def ends_consents(transition: rulebooks.Transition | None) -> bool:
    """True when the person's consents end with this step."""
    return transition is not None and "consents_end" in transition.effects


EFFECTS: Mapping[str, Effect] = {
    "responsibility_given": _responsibility_given,
    "reporting_requested": _reporting_requested,
    "plan_proposed": _plan_proposed,
    "plan_enters_force": _plan_enters_force,
    "team_takes_part": _team_takes_part,
    "case_closes": _case_closes,
    "consents_end": _consents_end,
}
