"""Looks that need a reason: read in one place, logged before anything is shown."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hub.api.keys import hub_of, staff_of
from hub.api.problems import Problem, call_problem
from hub.api.routes import Parameter
from hub.audit.entry import AuditAction
from hub.audit.recording import RecordEvent
from hub.identity import reasons
from hub.identity.reasons import Reason
from schemas.registry import Fault

REASON_NAMES = ("reason", "reference")
REASON_PARAMETERS = (
    Parameter("reason", "Varför du tittar; loggas.", {"type": "string", "enum": list(reasons.REASONS)}),
    Parameter("reference", "Diarienummer eller liknande, utan personuppgifter; loggas.", {"type": "string"}),
)


def reason_of(request: web.Request) -> Reason:
    """The reason in the query string. Raises the problem that asks for one."""
    try:
        return reasons.read(request.query.get("reason"), request.query.get("reference"))
    except reasons.ReasonWrong as wrong:
        raise no_reason(wrong) from None


def no_reason(wrong: reasons.ReasonWrong) -> Problem:
    accepted = (
        "En av " + ", ".join(reasons.REASONS) if wrong.field == "reason" else "Högst 40 tecken ur A-Z a-z 0-9 . / : -"
    )
    return call_problem("REASON_MISSING", [Fault(f"/query/{wrong.field}", "parameter", accepted)])


async def record_usual_look(request: web.Request, look: str, *, unit: str | None = None) -> None:
    """A look of the daily work, at units and states and at no single message: logged as well, with the reason that was
    given, else as the running of the hub."""
    reason = reason_of(request) if "reason" in request.query else reasons.OPERATION
    await record_look(request, look, reason=reason, unit=unit)


async def record_look(
    request: web.Request,
    look: str,
    *,
    reason: Reason | None = None,
    unit: str | None = None,
    message_id: str | None = None,
    case_id: str | None = None,
    detail: dict[str, Any] | None = None,
    action: AuditAction = AuditAction.STAFF_LOOKED,
) -> None:
    """Writes into the log that the calling person looks at `look` (a name such as `audit_search`) and why.

    Call it before reading: when the log cannot take the entry (`StoreUnavailable`), nothing is shown. Without
    `reason` it is read from the request. `detail` is for names and numbers of what was asked, never values."""
    reason = reason or reason_of(request)
    told = {"look": look, **reason.detail(), **(detail or {})}
    actor = staff_of(request).actor
    event = RecordEvent(action, told, actor, unit, message_id, case_id)
    await hub_of(request).group.submit(event)
