"""The rules and the units that govern the hub, for administrators: read again, proposed, approved by another."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hub import directory_changes, reloading
from hub.api import bodies
from hub.api.answers import answer, known_parameters, path_id
from hub.api.keys import hub_of, staff_of
from hub.api.looking import REASON_NAMES, record_usual_look
from hub.api.problems import Problem, call_problem
from hub.directory_changes import NotApproved
from hub.intake import receipts
from hub.protection import ReleaseCase
from hub.service import Hub
from hub.store.directory_sets import DirectorySet, Standing
from routing.rule_files import RulesBroken
from schemas.registry import Fault

MOST_DIFFERENCES = 500


async def reload_rules(request: web.Request) -> web.Response:
    """Reads rules and units again. New rules count at once, new units become a proposal."""
    known_parameters(request)
    try:
        found = await reloading.reload(hub_of(request), staff_of(request).actor)
    except RulesBroken as broken:
        raise _broken(broken) from None
    return answer(
        {
            "rulebook": {"before": found.rules_before, "now": found.rules_now},
            "directory": {
                "in_force": found.directory,
                "on_disk": found.directory_on_disk,
                "proposed": _proposal(found.proposed),
            },
        }
    )


async def show_directory(request: web.Request) -> web.Response:
    """Which units are in force, who approved them, and what is proposed, row by row."""
    known_parameters(request, *REASON_NAMES)
    await record_usual_look(request, "directory")
    hub = hub_of(request)
    kept = await hub.store.ask(lambda: hub.reader.find_directory_set(Standing.IN_FORCE))
    proposed = await reloading.find_proposal(hub)
    return answer(
        {
            "in_force": hub.directory.digest,
            "since": receipts.timestamp(kept.at) if kept else None,
            "proposed_by": kept.proposed_by if kept else None,
            "approved_by": kept.approved_by if kept else None,
            "proposed": _proposal(proposed),
            "differences": _differences(hub, proposed),
        }
    )


async def approve_directory(request: web.Request) -> web.Response:
    """The second administrator's word; the digest says what was looked at."""
    hub, digest = hub_of(request), await _read_digest(request)
    try:
        approved = await reloading.approve_directory(hub, staff_of(request).actor, digest)
    except RulesBroken as broken:
        raise _broken(broken) from None
    return answer({"in_force": _done(approved).digest})


async def reject_directory(request: web.Request) -> web.Response:
    """Turns down what is proposed."""
    _done(await reloading.reject_directory(hub_of(request), staff_of(request).actor))
    return web.Response(status=204)


async def release_case(request: web.Request) -> web.Response:
    """A case that the flag of protection has only held goes on: people have found that the flag was a mistake."""
    hub = hub_of(request)
    if not await hub.group.submit(ReleaseCase(staff_of(request).actor, path_id(request, "id"))):
        raise call_problem("NOT_FOUND")
    return web.Response(status=204)


def _done(found: DirectorySet | NotApproved) -> DirectorySet:
    if found is NotApproved.SAME_PERSON:
        raise call_problem("SECOND_PERSON_NEEDED")
    if isinstance(found, NotApproved):
        raise call_problem("NOTHING_PROPOSED")
    return found


def _proposal(proposed: DirectorySet | None) -> dict[str, Any] | None:
    if proposed is None:
        return None
    return {"digest": proposed.digest, "proposed_by": proposed.proposed_by, "at": receipts.timestamp(proposed.at)}


def _differences(hub: Hub, proposed: DirectorySet | None) -> list[str]:
    if proposed is None:
        return []
    try:
        return directory_changes.list_differences(hub.directory, directory_changes.read(proposed.files))[
            :MOST_DIFFERENCES
        ]
    except RulesBroken as broken:
        return [str(fault) for fault in broken.faults][:MOST_DIFFERENCES]


def _broken(broken: RulesBroken) -> Problem:
    faults = [Fault(f"/{fault.file}", fault.table or "file", fault.detail) for fault in broken.faults]
    return call_problem("RULES_BROKEN", faults)


async def _read_digest(request: web.Request) -> str:
    given = await bodies.read_json(request)
    digest = given.get("digest") if isinstance(given, dict) and given.keys() == {"digest"} else None
    if not isinstance(digest, str):
        raise call_problem("NOTHING_PROPOSED", [Fault("/digest", "required", "Förslagets kontrollsumma.")])
    return digest
