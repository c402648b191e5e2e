"""What a step of a case does beside moving its state: fields of the case and their new values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from routing.case import Activity, Case, Lesson, Memory, Order, PlanChain, ReportingRequest, Transfer
from routing.message import Message
from routing.situation import Situation
from schemas.frozen import replace

Changes = Mapping[str, Any]
"""Fields of a case and their new values; under `memory` the fields of its memory that change."""


class Step:
    """An accepted message on its way into its case. `recipients` are those who get it: unit id -> kind.

    Changes gather until an effect looks at the case: making a new one for each costs more than what the effects do."""

    def __init__(self, case: Case, message: Message, situation: Situation, recipients: Mapping[str, str]) -> None:
        self._case = case
        self._changes: dict[str, Any] = {}
        self._remembered: dict[str, Any] = {}
        self.message = message
        self.situation = situation
        self.recipients = recipients

    @property
    def case(self) -> Case:
        """With every change so far."""
        if self._remembered:
            self._changes["memory"], self._remembered = replace(self._case.memory, **self._remembered), {}
        if self._changes:
            self._case, self._changes = replace(self._case, **self._changes), {}
        return self._case

    @property
    def memory(self) -> Memory:
        return self.case.memory

    def change(self, changes: Changes) -> None:
        self._changes.update(changes)
        self._remembered.update(self._changes.pop("memory", {}))

    @property
    def content(self) -> Mapping[str, Any]:
        return self.message.content

    def first(self, kind: str) -> str | None:
        """The first recipient of a kind."""
        return next((unit for unit, found in self.recipients.items() if found == kind), None)

    def remember(self, **changes: Any) -> Changes:
        return {"memory": changes}


def _responsibility_given(step: Step) -> Changes:
    stadsdel = step.message.sender
    earlier = [
        case.case_id
        for case in step.situation.cases_of_person
        if not case.is_open and case.responsible_stadsdel == stadsdel
    ]
    remembered = step.remember(
        disqualified=step.message.disqualified, previous_case_id=earlier[-1] if earlier else None
    )
    return {"responsible_stadsdel": stadsdel, "responsible_jobbtorg": step.first("jt"), **remembered}


def _reporting_requested(step: Step) -> Changes:
    request = step.content["reporting_request"]
    standing = ReportingRequest(
        request_id=step.message.message_id,
        items=frozenset(request["items"]),
        until=date.fromisoformat(request["until"]),
    )
    return {"reporting_request": standing}


def _lessons_noted(step: Step) -> Changes:
    given = step.content.get("sfi_schedule", step.content.get("schedule"))
    if given is None:
        return {}
    return step.remember(lessons=tuple([Lesson(each["weekday"], each["from"], each["to"]) for each in given]))


def _attempt_counted(step: Step) -> Changes:
    return step.remember(contact_attempts=step.memory.contact_attempts + 1)


def _plan_proposed(step: Step) -> Changes:
    activities = tuple([_activity(row) for row in step.content["activities"]])
    proposed = {**step.memory.proposed, str(step.content["plan_id"]): activities}
    return {**_with_chain(step, in_force=False), **step.remember(proposed=proposed)}


def _activity(row: Mapping[str, Any]) -> Activity:
    return Activity(
        activity_id=row["activity_id"],
        service_code=row["service_code"],
        performing_unit=row["performing_unit"],
        start=date.fromisoformat(row["start"]),
        planned_end=date.fromisoformat(row["planned_end"]),
        commissioned_by_af=row.get("commissioned_by_af", False),
    )


def _plan_enters_force(step: Step) -> Changes:
    """What was proposed is in force. A jobbtorg that performs part of it becomes a party: it will report."""
    memory, plan_id = step.memory, str(step.content["plan_id"])
    changes = _with_chain(step, in_force=True)
    if plan_id not in memory.proposed:
        return changes  # a team's joint plan has no activities that are reported here
    activities = memory.proposed[plan_id]
    performing = {each.performing_unit for each in activities if each.performing_unit.startswith("jt-")}
    left = {name: rows for name, rows in memory.proposed.items() if name != plan_id}
    return {
        **changes,
        **step.remember(proposed=left, in_force={**memory.in_force, plan_id: activities}, reviews_without_plan=0),
        "parties": step.case.parties | performing,
    }


def _plan_returned(step: Step) -> Changes:
    plan_id = str(step.content["plan_id"])
    left = {name: rows for name, rows in step.memory.proposed.items() if name != plan_id}
    return step.remember(proposed=left)


def _with_chain(step: Step, *, in_force: bool) -> dict[str, Any]:
    plan_id, version = str(step.content["plan_id"]), int(step.content["version"])
    before = step.case.plans.get(plan_id, PlanChain())
    chain = PlanChain(latest=max(before.latest, version), in_force=version if in_force else before.in_force)
    return {"plans": {**step.case.plans, plan_id: chain}}


def _review_counted(step: Step) -> Changes:
    return step.remember(reviews_without_plan=step.memory.reviews_without_plan + 1)


def _activity_begun(step: Step) -> Changes:
    started, activity_id = step.memory.started, step.content["activity_id"]
    if activity_id in started:
        return {}
    return step.remember(started={**started, activity_id: date.fromisoformat(step.content["start"])})


def _interruption_begun(step: Step) -> Changes:
    return step.remember(interrupted_on=date.fromisoformat(step.content["from"]))


def _interruption_over(step: Step) -> Changes:
    """A plan that does not go on is no longer in force; what was done under it may still be corrected."""
    changes = step.remember(interrupted_on=None)
    if step.content["plan_continues"]:
        return changes
    ended = {name: replace(step.case.plans[name], in_force=None) for name in step.memory.in_force}
    return {**changes, "plans": {**step.case.plans, **ended}}


def _transfer_sent(step: Step) -> Changes:
    return step.remember(transfer=Transfer(step.content["from_unit"], step.content["to_unit"]))


def _transfer_accepted(step: Step) -> Changes:
    """Only now does responsibility move; until then there was exactly one, and there is exactly one after."""
    given, taken = step.content["from_unit"], step.content["to_unit"]
    moved = {
        name: taken for name in ("responsible_stadsdel", "responsible_jobbtorg") if getattr(step.case, name) == given
    }
    # The request for reports was the former stadsdel's own (SoL 2025:400 15:9); the new one makes one if it wants any.
    lapsed = {"reporting_request": None} if "responsible_stadsdel" in moved else {}
    return {**moved, **lapsed, **step.remember(transfer=None)}


def _order_placed(step: Step) -> Changes:
    provider = step.first("pv")
    if provider is None:
        return {}
    content = step.content
    order = Order(
        provider=provider,
        jobbtorg=step.message.sender,
        start=date.fromisoformat(content["start"]),
        planned_end=date.fromisoformat(content["planned_end"]),
    )
    return step.remember(orders={**step.memory.orders, content["order_id"]: order})


def _team_takes_part(step: Step) -> Changes:
    memory = step.memory
    initiator = memory.initiator or step.message.sender
    # A case that a jobbtorg has closed runs again, as the team's: what is closed is erased after its time.
    return {"team": step.case.team or step.first("team"), "closed_at": None, **step.remember(initiator=initiator)}


def _case_closes(step: Step) -> Changes:
    return {"closed_at": step.situation.at}


# States in which a case at a jobbtorg is over.
OVER = ("returned", "closed")


def _finsam_closes(step: Step) -> Changes:
    """A case that was the team's only is closed with it; one at a jobbtorg goes on there."""
    return {"closed_at": step.situation.at} if step.case.state in (None, *OVER) else {}


def _consents_end(step: Step) -> Changes:
    return {}  # nothing of the case itself: the decision tells the registry


EFFECTS: Mapping[str, Callable[[Step], Changes]] = {
    "responsibility_given": _responsibility_given,
    "reporting_requested": _reporting_requested,
    "lessons_noted": _lessons_noted,
    "attempt_counted": _attempt_counted,
    "plan_proposed": _plan_proposed,
    "plan_enters_force": _plan_enters_force,
    "plan_returned": _plan_returned,
    "review_counted": _review_counted,
    "activity_begun": _activity_begun,
    "interruption_begun": _interruption_begun,
    "interruption_over": _interruption_over,
    "transfer_sent": _transfer_sent,
    "transfer_accepted": _transfer_accepted,
    "order_placed": _order_placed,
    "team_takes_part": _team_takes_part,
    "case_closes": _case_closes,
    "finsam_closes": _finsam_closes,
    "consents_end": _consents_end,
}


def apply(names: tuple[str, ...], step: Step) -> Case:
    """The case after all effects, each seeing what those before it did."""
    for name in names:
        step.change(EFFECTS[name](step))
    return step.case
