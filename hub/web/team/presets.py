"""What a form begins with: ids, the day, what the case and its plan say. A person may change all that is shown."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from hub.web.team import composing, fields
from hub.web.team.composing import Place
from routing.consent import STOCKHOLM

JOINT_PLAN: Final = "finsam.joint-plan-recorded"
FOLLOW_UP: Final = "finsam.followup-recorded"
CONSENT: Final = "consent.recorded"
WITHDRAWAL: Final = "consent.withdrawn"

# Drawn by a form of its own, or filled in by the hub.
LEFT_OUT: Final[Mapping[str, frozenset[str]]] = {
    CONSENT: frozenset(
        f"content.{name}" for name in ("edges", "recorded_by", "recorded_at", "status", "case_id", "document_hash")
    ),
}
# Seldom needed: behind a fold.
FOLDED: Final[Mapping[str, frozenset[str]]] = {
    CONSENT: frozenset(
        f"content.{name}"
        for name in ("oral_reason", "witnessed_by_role", "language", "interpreter", "interpreter_kind")
    )
    | frozenset(
        f"content.given_by.{name}"
        for name in (
            "name",
            "mandate_scope",
            "mandate_valid_to",
            "mandate_in_force_from",
            "mandate_covers_secrecy",
            "maturity_ground",
            "custody",
            "guardians_signed",
            "guardian_risk",
        )
    ),
    FOLLOW_UP: frozenset({"content.progression"}),
    "finsam.meeting-called": frozenset({"content.support_person", "content.interpreter"}),
}

Given = dict[str, Sequence[str]]


def begin(
    place: Place,
    *,
    role: str,
    person: Mapping[str, Any] | None,
    plan: Mapping[str, Any] | None,
    consent: Mapping[str, Any] | None,
) -> Given:
    """The form as it is first shown. `consent` is the version that another follows, or that is withdrawn."""
    today = place.hub.clock.now().astimezone(STOCKHOLM).date()
    given: Given = {"role": (role,), "protected_identity": ("none",)}
    if person is not None:
        given |= {f"person.{name}": (str(value),) for name, value in person.items() if isinstance(value, str)}
    given["to"] = tuple(each.value for each in composing.addressees(place) if _is_expected(place, each))
    content = _content(place, today, plan, consent)
    return given | fields.fill(content, "content") | _matrix(consent)


def _is_expected(place: Place, addressee: composing.Addressee) -> bool:
    """Parties of the case; in a new one the coordinator alone."""
    if place.case is None:
        return addressee.kind == "team"
    return addressee.value.partition(":")[2] in place.case.parties


def _content(
    place: Place, today: date, plan: Mapping[str, Any] | None, consent: Mapping[str, Any] | None
) -> dict[str, Any]:
    unit = place.hub.directory.find_unit(place.unit_id)
    function = (unit.functions if unit else ())[:1]
    now = place.hub.clock.now().astimezone(STOCKHOLM)
    match place.message_type.name:
        case "finsam.case-initiated":
            return {"mode": "named", "urgency": "normal", "initiator_function": function[0] if function else ""}
        case "finsam.joint-plan-recorded":
            return _next_plan(today, plan)
        case "finsam.followup-recorded":
            return _follow_up(plan)
        case "finsam.case-closed":
            return {"closed_on": today.isoformat()}
        case "consent.recorded":
            return _consent(place, today, consent)
        case "consent.withdrawn":
            received = function[0] if function else ""
            told = {"scope": "all", "effective_at": _local(now), "received_by_function": received}
            return told | ({"consent_id": consent["consent_id"]} if consent else {})
    return {}


def _local(at: datetime) -> str:
    """A time as a browser's field for it wants it."""
    return at.strftime("%Y-%m-%dT%H:%M")


def _next_plan(today: date, plan: Mapping[str, Any] | None) -> dict[str, Any]:
    if plan is None:
        return {"plan_id": str(uuid.uuid4()), "version": 1, "held_on": today.isoformat()}
    kept = ("plan_id", "goal", "items", "lead_party", "agreed_by_seats")
    again = {name: plan[name] for name in kept if name in plan}
    return {**again, "version": int(plan["version"]) + 1, "held_on": today.isoformat()}


def _follow_up(plan: Mapping[str, Any] | None) -> dict[str, Any]:
    if plan is None:
        return {}
    items = [{"item_id": item["item_id"], "category": item.get("category", "PL")} for item in plan["items"]]
    return {"plan_id": plan["plan_id"], "per_item": items}


def captions(plan: Mapping[str, Any] | None, place: Place) -> dict[str, str]:
    """What each point of a follow-up is about, in the plan's own words."""
    if plan is None or place.message_type.name != FOLLOW_UP:
        return {}
    return {f"content.per_item.{index}": str(item.get("what", "")) for index, item in enumerate(plan["items"])}


def _consent(place: Place, today: date, consent: Mapping[str, Any] | None) -> dict[str, Any]:
    months = place.hub.rulebook.settings.consent_longest_months
    fresh = {
        "consent_id": str(uuid.uuid4()),
        "version": 1,
        "purpose": "finsam_joint_planning",
        "valid_from": today.isoformat(),
        "valid_to": (today + timedelta(days=min(180, months * 30 - 1))).isoformat(),
        "given_by": {"kind": "self"},
        "decision_capable": "yes",
        "method": "paper_signed",
        "signed_on": today.isoformat(),
    }
    if consent is None:
        return fresh
    return fresh | {
        "consent_id": consent["consent_id"],
        "version": consent["version"] + 1,
        "purpose": consent["purpose"],
    }


def _matrix(consent: Mapping[str, Any] | None) -> Given:
    """The directions of the version before, ticked."""
    if consent is None:
        return {"edge_categories": ("ID", "ST", "PL", "FN")}
    edges = consent.get("edges", ())
    categories = dict.fromkeys(category for _, _, told in edges for category in told)
    return {
        "edge": tuple(f"{holder}>{recipient}" for holder, recipient, _ in edges),
        "edge_categories": tuple(categories),
    }
