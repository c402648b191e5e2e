"""What a party may know of a case, and a covered party of a consent. Each its own part; others get the same 404 as for
something that does not exist."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hub.api.answers import answer, path_id
from hub.api.asking import asking
from hub.api.inbox import claim_check
from hub.api.keys import caller_of, hub_of
from hub.api.problems import call_problem
from hub.intake import receipts
from hub.service import Hub
from routing import deadlines
from routing.case import Case
from routing.consent import Consent
from routing.situation import day_in_stockholm

MOST_SENT = 200


@asking
def get_case(request: web.Request) -> web.Response:
    """State and responsible units as far as they concern this party, and its own sent and received."""
    hub, caller = hub_of(request), caller_of(request).unit_id
    case_id = path_id(request, "id")
    ledger = hub.look()
    ledger.prepare_cases([case_id])
    case = ledger.find_case(case_id)
    if case is None or not case.is_party(caller):
        raise call_problem("NOT_FOUND")
    sent = hub.reader.list_sent(caller, limit=MOST_SENT, case_id=case_id)
    return answer(
        {
            "id": case_id,
            **_standing(hub, case, caller),
            "deadlines": _deadlines(hub, case, caller),
            "sent": [
                {
                    "id": stored.key.message_id,
                    "type": stored.envelope["type"],
                    "recordedtime": receipts.timestamp(stored.recorded_at),
                }
                for _, stored in reversed(sent)
            ],
            "received": [claim_check(claim) for claim in hub.reader.list_received(caller, case_id)],
        }
    )


def _deadlines(hub: Hub, case: Case, caller: str) -> list[dict[str, Any]]:
    at = hub.clock.now()
    return [
        {
            "deadline": rule.id,
            "title": rule.title_sv,
            "due": receipts.timestamp(deadline.due_at),
            "about": deadline.about,
            "overdue": deadline.due_at <= at,
        }
        for rule, deadline in deadlines.list_open(case, caller, hub.rulebook)
    ]


def _standing(hub: Hub, case: Case, caller: str) -> dict[str, Any]:
    """The jobbtorg case is told to the two who are responsible for it, the FINSAM state to the team and its seats."""
    responsible = caller in (case.responsible_stadsdel, case.responsible_jobbtorg)
    on = day_in_stockholm(hub.clock.now())
    unit = hub.directory.find_unit(caller)
    seats = hub.directory.list_seats(case.team, unit.kind, on) if case.team is not None and unit is not None else ()
    in_team = caller == case.team or caller in seats
    return {
        "state": case.state if responsible else None,
        "finsam_state": case.finsam_state if in_team else None,
        "responsible": {
            "stadsdel": case.responsible_stadsdel if responsible else None,
            "jobbtorg": case.responsible_jobbtorg if responsible else None,
            "team": case.team if in_team else None,
        },
        "opened": receipts.timestamp(case.opened_at),
        "closed": receipts.timestamp(case.closed_at) if case.closed_at and responsible else None,
        "plans": {
            plan_id: {"latest": chain.latest, "in_force": chain.in_force}
            for plan_id, chain in case.plans.items()
            if responsible or in_team
        },
    }


@asking
def get_consent(request: web.Request) -> web.Response:
    """The recorder sees the whole, a covered party its own edges."""
    hub, caller = hub_of(request), caller_of(request).unit_id
    ledger = hub.look()
    consent_id = path_id(request, "id")
    ledger.prepare_consents((), {consent_id})
    consent = ledger.find_consent(consent_id)
    authority = hub.directory.find_authority(caller)
    if consent is None or authority is None:
        raise call_problem("NOT_FOUND")
    if consent.recorded_by != caller and not consent.names(authority):
        raise call_problem("NOT_FOUND")
    own = None if consent.recorded_by == caller else authority
    return answer(_consent(hub, consent, own))


def _consent(hub: Hub, consent: Consent, authority: str | None) -> dict[str, Any]:
    """`authority` None: everything; else what names that authority."""
    return {
        "id": consent.consent_id,
        "version": consent.version,
        "status": consent.status_at(hub.clock.now()).value,
        "purpose": consent.purpose,
        "valid_from": consent.valid_from.isoformat(),
        "valid_to": consent.valid_to.isoformat(),
        "recorded_by": consent.recorded_by,
        "edges": [
            {
                "holder_authority": edge.holder,
                "recipient_authority": edge.recipient,
                "categories": sorted(edge.categories - consent.withdrawn_categories),
                "confirmed_by_holder": edge.confirmed,
                "withdrawn": consent.is_withdrawn(edge),
            }
            for edge in consent.edges
            if authority is None or authority in (edge.holder, edge.recipient)
        ],
        "excluded": [
            {"recipient_authority": entry.recipient, "category": entry.category}
            for entry in consent.excluded
            if (entry.recipient or entry.category) and authority in (None, entry.recipient)
        ],
    }
