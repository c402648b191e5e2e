"""Follow-up: deadlines, consents, refusals and what should be rare, in numbers without names; and one consent alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from aiohttp import web

from hub.api.answers import path_id, uuid_of
from hub.api.keys import hub_of
from hub.api.looking import record_look
from hub.api.problems import call_problem
from hub.audit.entry import AuditAction
from hub.control import health
from hub.intake.accepting import CLOSED_UNKNOWN, OWN_NEED
from hub.store.survey import CodeCount
from hub.web import frame
from hub.web import reasons as kept_reasons
from hub.web.control import asking, showing
from hub.web.naming import Naming
from routing.situation import day_in_stockholm

SOON: Final = timedelta(days=30)
_OFTEN: Final = AuditAction.OSL_10_2_FREQUENT.value.upper()


@asking.usual_look("follow_up")
async def show_follow_up(request: web.Request) -> web.StreamResponse:
    hub, span = hub_of(request), asking.span_of(request)
    until = day_in_stockholm(hub.clock.now() + SOON)
    edges = await hub.store.ask(lambda: hub.reader.list_edges(span.first, span.last))
    rare = await hub.store.ask(lambda: hub.reader.count_codes((OWN_NEED, _OFTEN, CLOSED_UNKNOWN), span.since))
    counted = await hub.store.ask(hub.reader.count_consents)
    ending = await hub.store.ask(lambda: hub.reader.count_ending_consents(until))
    overdue = await hub.store.ask(lambda: health.list_overdue(hub))
    codes = Counter[str]()
    for edge in edges:
        if edge.code:
            codes[edge.code] += edge.messages
    consents: dict[str, Counter[str]] = {}
    for each in counted:
        consents.setdefault(each.recorded_by, Counter())[each.status] += each.consents
    return frame.page(
        request,
        "control/follow_up.html",
        **showing.common(request),
        span=span,
        spans=asking.SPANS,
        codes=codes.most_common(),
        own_need=_by_unit(rare, OWN_NEED),
        own_need_often={unit for unit, _ in _by_unit(rare, _OFTEN)},
        closed_unknown=_by_unit(rare, CLOSED_UNKNOWN),
        consents=sorted(consents.items()),
        ending=ending,
        overdue=sorted(overdue.rows.items(), key=lambda row: -row[1]),
        overdue_is_all=overdue.is_all,
        n=Naming(hub, frame.words_for(request)),
    )


def _by_unit(counted: Iterable[CodeCount], code: str) -> list[tuple[str, int]]:
    """The most first."""
    found = [(each.actor, each.entries) for each in counted if each.code == code]
    return sorted(found, key=lambda row: -row[1])


async def find_consent(request: web.Request) -> web.StreamResponse:
    """From a form to the consent's own address."""
    consent_id = uuid_of(request.query.get("id", "").strip())
    if consent_id is None:
        raise call_problem("NOT_FOUND")
    return frame.see_other(f"/admin/consents/{consent_id}")


async def show_consent(request: web.Request) -> web.StreamResponse:
    """What one consent lets through, for whoever says why: authorities and categories, never the person."""
    hub, consent_id = hub_of(request), path_id(request, "consent")
    reason = kept_reasons.find_reason(request)
    if reason is None:
        return asking.ask_reason(request)
    await record_look(request, "consent", reason=reason, detail={"consent": consent_id})
    ledger = hub.look()
    await hub.store.ask(lambda: ledger.prepare_consents((), {consent_id}))
    stored, consent = ledger.find_stored_consent(consent_id), ledger.find_consent(consent_id)
    if stored is None or consent is None:
        raise call_problem("NOT_FOUND")
    return frame.page(
        request,
        "control/consent.html",
        **showing.common(request),
        stored=stored,
        consent=consent,
        stands=consent.status_at(hub.clock.now()).value,
        n=Naming(hub, frame.words_for(request)),
        today=day_in_stockholm(hub.clock.now()),
    )
