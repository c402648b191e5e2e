"""What the load consists of: consents, referrals of about 2 KB, a FINSAM team's papers, all about invented persons."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.demo import joint_plan as papers
from hub.demo import stage

MEDIA = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
UNIT, JOBBTORG = "sd-farsta", "jt-sydost"
SEATS = ("sd-skarpnack", "jt-sydost", "af-stockholm", "fk-stockholm", "rg-stockholm")


def event(kind: str, data: dict[str, object]) -> dict[str, object]:
    now = datetime.now(UTC).isoformat()
    return {
        "specversion": "1.0", "id": str(uuid.uuid4()), "source": f"/units/{UNIT}", "type": f"se.samverkan.{kind}",
        "time": now, "datacontenttype": "application/json", "data": data,
    }  # fmt: skip


def handling(purpose: str, categories: list[str], **more: object) -> dict[str, object]:
    return {
        "function": "forsorjningsstod", "officer_role": "socialsekreterare", "purpose": purpose,
        "occurred_at": datetime.now(UTC).isoformat(), "basis": [], "categories": categories,
        "protected_identity": "none", **more,
    }  # fmt: skip


def person(number: str) -> dict[str, str]:
    return {"personal_number": number, "given_name": "Prova", "family_name": "Lastberg"}


def consent(number: str, consent_id: str) -> dict[str, object]:
    today = datetime.now(UTC).date()
    categories = ["ID", "CO", "ST", "BE", "LM", "ED", "WA", "FN", "PL", "SO"]
    content = {
        "consent_id": consent_id, "version": 1, "purpose": "jobbtorg_planning",
        "edges": [
            {"holder_authority": "sdn-farsta", "recipient_authority": "amn", "categories": categories},
            {"holder_authority": "amn", "recipient_authority": "sdn-farsta", "categories": categories},
        ],
        "excluded": [], "valid_from": today.isoformat(), "valid_to": (today + timedelta(days=300)).isoformat(),
        "given_by": {"kind": "self"}, "decision_capable": "yes", "method": "paper_signed",
        "signed_on": today.isoformat(), "document_hash": "sha256:" + "0" * 64,
        "information_given": dict.fromkeys(
            ["purpose", "who", "what", "how_long", "voluntary", "withdrawal", "consequences_of_no"], True
        ),
        "language": "sv",
        "recorded_by": {"unit_id": UNIT, "officer_role": "socialsekreterare"},
        "recorded_at": datetime.now(UTC).isoformat(), "status": "active",
    }  # fmt: skip
    data = {"handling": handling("consent_administration", ["ID", "ST"]), "person": person(number), "content": content}
    return event("consent.recorded", data)


def referral(number: str, consent_id: str) -> dict[str, object]:
    claim = {
        "recipient_kind": "jt", "code": "CONSENT", "consent_id": consent_id,
        "assessed_by_role": "socialsekreterare", "assessed_at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    content = {
        "contact": {"phone": "+46701740605", "language": "so", "interpreter": True},
        "enrolment_reason": "unemployed", "work_extent": "100", "receives_support": True, "af_registered": "no",
        "education_level": "9",
        "functional_needs": ["behöver skriftliga instruktioner, gärna med bilder, och tid att läsa dem"] * 3,
        "reporting_request": {"items": ["attendance", "activity", "closing"], "until": "2099-12-31"},
        "note": "Nås säkrast på förmiddagen. " * 16,
    }  # fmt: skip
    categories = ["BE", "CO", "ED", "FN", "ID", "LM", "ST", "WA"]
    data = {
        "handling": handling("jobbtorg_planning", categories, to=[{"role": "responsible_jobbtorg"}], basis=[claim]),
        "person": person(number),
        "content": content,
    }
    return event("referral.submitted", data)


def told(kind: str, unit: str, data: dict[str, Any], subject: str | None = None) -> dict[str, object]:
    """An event of another unit, about a case where one is named."""
    made = event(kind, data) | {"source": f"/units/{unit}"}
    return made if subject is None else made | {"subject": subject}


def team_consent(number: str, consent_id: str) -> dict[str, object]:
    """Everybody at the table may hear what the plan says."""
    shared = [*papers.SHARED, "HE"]
    parties = ("fk", "amn", "sdn-skarpnack", "af", "rg")
    edges = [(one, other, shared) for one in parties for other in parties if one != other]
    data = stage.consent(person(number), papers.FK, papers.OFFICER, stage.FINSAM, edges, consent_id=consent_id)
    return told("consent.recorded", papers.FK, data)


def team_case(number: str, consent_id: str) -> dict[str, object]:
    return told("finsam.case-initiated", papers.FK, papers.initiation(consent_id) | {"person": person(number)})


def screened(number: str, consent_id: str, case_id: str) -> dict[str, object]:
    data = papers.screening(consent_id) | {"person": person(number)}
    return told("finsam.case-screened", papers.TEAM, data, case_id)


def joint_plan(number: str, consent_id: str, case_id: str) -> dict[str, object]:
    """One message for five seats."""
    data = papers.joint_plan(consent_id, present=True) | {"person": person(number)}
    return told("finsam.joint-plan-recorded", papers.TEAM, data, case_id)
