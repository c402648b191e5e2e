"""The rules and the directory: what is in force, what is proposed, and what a message would get."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from hub import directory_changes, reloading
from hub.api.keys import hub_of, staff_of
from hub.client.answers import Problem
from hub.directory_changes import NotApproved
from hub.intake.accepting import Accepted
from hub.intake.receiving import NotAccepted
from hub.reference import steps
from hub.reference.steps import Step
from hub.web import frame
from hub.web.control import asking, differing, showing
from hub.web.control.tracing_words import entries, in_words
from hub.web.naming import Naming
from routing.rule_files import RulesBroken
from routing.situation import day_in_stockholm
from schemas import envelope as envelopes
from schemas import strict_json

MOST_DIFFERENCES = 100
MOST_CHANGES = 200
GOVERNING = (
    "rules_changed",
    "directory_changed",
    "change_proposed",
    "change_rejected",
    "setting_changed",
    "hub_started",
)
LARGEST = 65_536


@asking.usual_look("rules")
async def show_rules(request: web.Request) -> web.StreamResponse:
    """The rulebook as it is now: types, who may send and who may get them; the directory's units."""
    return await _show(request)


async def _show(request: web.Request, *, faults: Sequence[str] = (), status: int = 200) -> web.StreamResponse:
    hub = hub_of(request)
    titles = {entry.name: entry for entry in hub.registry.list_types()}
    return frame.page(
        request,
        "control/rules.html",
        status=status,
        **showing.common(request),
        faults=faults,
        digest=hub.rulebook.digest,
        directory_digest=hub.directory.digest,
        rules=[(name, rule) for name, rule in hub.rulebook.types.items() if name in titles],
        units=hub.directory.list_units(day_in_stockholm(hub.clock.now())),
        **await governed(request),
    )


@asking.usual_look("rules_changes")
async def show_changes(request: web.Request) -> web.StreamResponse:
    """What has changed what is decided by, who proposed and approved it, and what waits for a second administrator."""
    hub = hub_of(request)
    rows = await hub.store.ask(lambda: hub.reader.list_actions(GOVERNING, limit=MOST_CHANGES))
    return frame.page(
        request,
        "control/changes.html",
        **showing.common(request),
        changes=entries(rows),
        in_words=in_words(Naming(hub, frame.words_for(request))),
        fault=_fault(request),
        **await governed(request),
    )


def _fault(request: web.Request) -> str | None:
    """Why the last decision changed nothing."""
    told = request.query.get("fault")
    return told if told in {each.value for each in NotApproved} else None


async def governed(request: web.Request) -> dict[str, Any]:
    """What is proposed, row by row, and whether the reader may approve it: nobody approves what is his own."""
    hub = hub_of(request)
    proposed = await reloading.find_proposal(hub)
    if proposed is None:
        return {"proposed": None, "proposer": None, "differences": [], "is_own": False}
    try:
        differences = directory_changes.list_differences(hub.directory, directory_changes.read(proposed.files))
    except RulesBroken as broken:
        differences = [str(fault) for fault in broken.faults]
    staff_id = (proposed.proposed_by or "").removeprefix("staff:")
    proposer = (await hub.store.ask(lambda: hub.reader.find_staff([staff_id]))).get(staff_id)
    return {
        "proposed": proposed,
        "proposer": proposer.name if proposer else None,
        "differences": differing.read(differences[:MOST_DIFFERENCES]),
        "is_own": proposed.proposed_by == staff_of(request).actor,
    }


async def reload(request: web.Request) -> web.StreamResponse:
    """Reads rules and units again: rules count at once, units become a proposal."""
    try:
        await reloading.reload(hub_of(request), staff_of(request).actor)
    except RulesBroken as broken:
        return await _show(request, faults=[str(fault) for fault in broken.faults][:MOST_DIFFERENCES], status=422)
    return frame.see_other("/admin/rules")


async def decide(request: web.Request) -> web.StreamResponse:
    """The second person's word about what is proposed; the digest says what was looked at."""
    form = await request.post()
    hub, actor = hub_of(request), staff_of(request).actor
    answer: object = None
    if form.get("decision") == "approve":
        answer = await reloading.approve_directory(hub, actor, str(form.get("digest", "")))
    elif form.get("decision") == "reject":
        answer = await reloading.reject_directory(hub, actor)
    fault = f"?fault={answer.value}" if isinstance(answer, NotApproved) else ""
    return frame.see_other(f"/admin/rules/changes{fault}")


@asking.needs_reason("rules_tried")
async def show_trial(request: web.Request) -> web.StreamResponse:
    return _trial(request, "", None, None)


@asking.needs_reason("rules_tried")
async def try_message(request: web.Request) -> web.StreamResponse:
    """What the message would get now; nothing is stored or sent. It stays in this answer only."""
    form = await request.post()
    hub, text = hub_of(request), str(form.get("message", ""))[:LARGEST]
    try:
        event = envelopes.parse_structured(strict_json.loads(text.encode()))
    except (strict_json.NotJson, envelopes.NotAnEvent):
        return _trial(request, text, None, "control.rules.no_message", status=422)
    caller = event.source.removeprefix("/units/")
    found = await hub.explain(event, caller)
    known = steps.list_steps(strict_json.loads(text.encode()), caller, _as_told(found), hub.rulebook, hub.directory)
    return _trial(request, text, found, None, known)


def _as_told(found: Accepted | NotAccepted) -> Problem:
    """As the sender is told of it, which is what the steps are read from."""
    if isinstance(found, Accepted):
        return Problem.model_validate({"status": 200, "recipients": found.receipt["recipients"]})
    errors = [{"pointer": each.pointer, "keyword": each.keyword, "detail": each.detail} for each in found.faults]
    told = {"status": 403, "code": found.refusal.code.value, "errors": errors, "recipients": list(found.recipients)}
    return Problem.model_validate(told)


def _trial(
    request: web.Request,
    text: str,
    found: object,
    fault: str | None,
    known: Sequence[Step] = (),
    *,
    status: int = 200,
) -> web.StreamResponse:
    values: dict[str, Any] = showing.common(request) | {
        "text": text,
        "fault": fault,
        "found": found,
        "rows": [],
        "steps": known,
    }
    if isinstance(found, Accepted):
        values["rows"] = found.receipt["recipients"]
    elif found is not None:
        values["rows"] = getattr(found, "recipients", ())
    values["is_accepted"] = isinstance(found, Accepted)
    return frame.page(request, "control/trial.html", status=status, **values)
