"""Messages with valid defaults: a test shows only what it is about.

Each type begins as the example in its own schema, resting on whatever consent there is. Times follow the instant that
is handed over, so that the same message is valid on the day of a fixed clock and on the day of a running process.
"""

from __future__ import annotations

import copy
import functools
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from schemas import registry
from tests.support import persons
from tests.support.persons import Person

STOCKHOLM = ZoneInfo("Europe/Stockholm")
ALL_CATEGORIES = ("ID", "CO", "ST", "BE", "LM", "ED", "WO", "PL", "AT", "AR", "SO", "HE", "WA", "SU", "FN", "OU")

Data = dict[str, Any]
Claim = tuple[str, str, str | None]
"""Kind of recipient, code, and the consent (CONSENT) or the request (SOL_15_9)."""

GROUND = "Behövs för att pröva rätten till försörjningsstöd."


@functools.cache
def catalogue() -> registry.Registry:
    return registry.Registry.load()


def new_id() -> str:
    return str(uuid.uuid4())


def claim(kind: str, code: str, of: str | None = None, *, role: str = "socialsekreterare", **more: str) -> Data:
    """One entry of `handling.basis`."""
    entry: Data = {
        "recipient_kind": kind,
        "code": code,
        "assessed_by_role": role,
        "assessed_at": "2026-02-02T09:05:00+01:00",
    }
    if code == "OSL_10_2":
        entry["ground"] = GROUND
    if of is not None:
        entry["request_id" if code == "SOL_15_9" else "consent_id"] = of
    return entry | more


def data(
    type_name: str,
    *,
    at: datetime,
    person: Person | None = persons.ASTA,
    to: Iterable[Mapping[str, str]] | None = None,
    basis: Iterable[Claim | Data] | None = None,
    content: Mapping[str, Any] | None = None,
    handling: Mapping[str, Any] | None = None,
    categories: Iterable[str] | None = None,
) -> Data:
    """The `data` of a message. In `content` and `handling` None takes a property away."""
    message_type = catalogue().get_type(type_name)
    found: Data = copy.deepcopy(message_type.document["examples"][0])
    found.pop("person", None)
    if person is not None:
        found["person"] = person.as_data()
    found["handling"]["occurred_at"] = (at - timedelta(minutes=2)).isoformat(timespec="seconds")
    _apply(found["content"], {**_timed(type_name, at), **(content or {})})
    if to is not None:
        found["handling"]["to"] = [dict(entry) for entry in to]
    if basis is not None:
        found["handling"]["basis"] = [entry if isinstance(entry, dict) else claim(*entry) for entry in basis]
    else:
        kinds = dict.fromkeys(entry["recipient_kind"] for entry in found["handling"]["basis"])
        found["handling"]["basis"] = [claim(kind, "CONSENT") for kind in kinds]
    _apply(found["handling"], handling or {})
    declared = message_type.categories_in(found) if categories is None else categories
    found["handling"]["categories"] = sorted(declared)
    return found


def _apply(part: Data, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if value is None:
            part.pop(name, None)
        else:
            part[name] = value


def _timed(type_name: str, at: datetime) -> Data:
    today = at.astimezone(STOCKHOLM).date()
    later = (today + timedelta(days=180)).isoformat()
    match type_name:
        case "referral.submitted":
            request = {"items": ["attendance", "activity", "closing"], "until": later}
            return {"reporting_request": request, "note": None, "consent_id": None}
        case "consent.recorded":
            return {
                "consent_id": new_id(),
                "signed_on": today.isoformat(),
                "valid_from": today.isoformat(),
                "valid_to": later,
                "recorded_at": None,
                "excluded": None,
            }
        case "consent.withdrawn":
            return {"scope": "all", "categories": None, "effective_at": at.isoformat(timespec="seconds")}
        case _:
            return {}


def event(
    type_name: str, unit: str, body: Data, *, at: datetime, subject: str | None = None, **attributes: Any
) -> dict[str, Any]:
    """A CloudEvent in structured mode, as JSON data."""
    found = {
        "specversion": "1.0",
        "id": new_id(),
        "source": f"/units/{unit}",
        "type": f"se.samverkan.{type_name}",
        "time": at.isoformat(timespec="seconds"),
        "datacontenttype": "application/json",
        "data": body,
        **attributes,
    }
    if subject is not None:
        found["subject"] = subject
    return found


def edge(holder: str, recipient: str, categories: Iterable[str] = ALL_CATEGORIES, **more: Any) -> Data:
    """One direction of a consent."""
    return {
        "holder_authority": holder,
        "recipient_authority": recipient,
        "categories": list(categories),
        "confirmed_by_holder": True,
        **more,
    }


def both_ways(one: str, other: str, categories: Iterable[str] = ALL_CATEGORIES) -> list[Data]:
    chosen = tuple(categories)
    return [edge(one, other, chosen), edge(other, one, chosen)]


def consent(
    *,
    at: datetime,
    person: Person = persons.ASTA,
    edges: Iterable[Data] = (),
    purpose: str = "jobbtorg_planning",
    recorder: str = "sd-farsta",
    **content: Any,
) -> Data:
    """The data of `consent.recorded`."""
    return data(
        "consent.recorded",
        at=at,
        person=person,
        basis=(),
        content={
            "edges": list(edges) or both_ways("sdn-farsta", "amn"),
            "purpose": purpose,
            "recorded_by": {"unit_id": recorder, "officer_role": "socialsekreterare"},
            **content,
        },
    )


def withdrawal(consent_id: str, *, at: datetime, person: Person | None = persons.ASTA, **content: Any) -> Data:
    """The data of `consent.withdrawn`."""
    return data("consent.withdrawn", at=at, person=person, basis=(), content={"consent_id": consent_id, **content})
