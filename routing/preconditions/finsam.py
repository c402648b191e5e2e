"""Checks of the FINSAM team's messages."""

from __future__ import annotations

from collections.abc import Collection

from routing.preconditions.asking import Asked
from routing.refusals import Refusal, RefusalCode


def participant_present(asked: Asked) -> Refusal | None:
    if asked.content["participant_present"]:
        return None
    pointer = "/data/content/participant_present"
    return asked.refuse("participant_present", RefusalCode.PARTICIPANT_ABSENT, pointer)


def lead_is_a_seat(asked: Asked) -> Refusal | None:
    """One of the parties has the lead: joint work fails where nobody takes it."""
    content = asked.content
    field = "lead_party" if "lead_party" in content else "lead_changed_to"
    if field not in content or content[field] in _who_may_lead(asked):
        return None
    return asked.refuse("lead_party", RefusalCode.SCHEMA_INVALID, f"/data/content/{field}")


def _who_may_lead(asked: Asked) -> Collection[str]:
    """Those that agreed on the plan; at a follow-up, the seats that take part in the case."""
    agreed: Collection[str] | None = asked.content.get("agreed_by_seats")
    if agreed is not None:
        return agreed
    case = asked.case
    units = [asked.directory.find_unit(name) for name in case.parties] if case else []
    return {unit.kind for unit in units if unit is not None}


def joint_plan_is_known(asked: Asked) -> Refusal | None:
    plans = asked.case.plans if asked.case else {}
    known = plans.get(str(asked.content["plan_id"]))
    if known is not None and known.in_force is not None:
        return None
    return asked.refuse("plan", RefusalCode.STALE_VERSION, "/data/content/plan_id")
