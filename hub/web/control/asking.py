"""What a page of the control room is asked: a span of days, filters, and the reason for looking closer."""

from __future__ import annotations

import functools
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from aiohttp import web

from hub.api.keys import hub_of
from hub.api.looking import record_look
from hub.identity import reasons
from hub.identity.reasons import Reason
from hub.store.survey import CopyQuery
from hub.web import frame
from hub.web import reasons as kept_reasons
from hub.web.control import showing
from routing.consent import STOCKHOLM

SPANS: Final = (1, 7, 30, 90, 365)
DEFAULT_SPAN: Final = 30
MOST: Final = 100
_WORD: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days in UTC, as they are counted."""

    days: int
    first: date
    last: date

    @property
    def since(self) -> datetime:
        return datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)


def span_of(request: web.Request) -> Span:
    """The days asked for; an odd number gives the usual span."""
    asked = request.query.get("days", "")
    days = int(asked) if asked.isdecimal() and int(asked) in SPANS else DEFAULT_SPAN
    today = hub_of(request).clock.now().astimezone(UTC).date()
    return Span(days, today - timedelta(days=days - 1), today)


def word(request: web.Request, name: str) -> str | None:
    """A filter that can be a name or a code; anything else does not narrow."""
    value = request.query.get(name, "").strip()
    return value if _WORD.fullmatch(value) else None


def id_of(request: web.Request, name: str) -> str | None:
    try:
        return str(uuid.UUID(request.query.get(name, "").strip()))
    except ValueError:
        return None


def day_of(request: web.Request, name: str) -> date | None:
    try:
        return date.fromisoformat(request.query.get(name, "").strip())
    except ValueError:
        return None


def faults_of(request: web.Request) -> dict[str, str]:
    """Fields of the search that cannot be read, and the text that says so: nothing is passed over in silence."""
    filled = {name for name in ("message", "case", "since", "until") if request.query.get(name, "").strip()}
    ids = {name: "control.search.fault_id" for name in filled & {"message", "case"} if id_of(request, name) is None}
    days = {name: "control.search.fault_day" for name in filled & {"since", "until"} if day_of(request, name) is None}
    return ids | days


def copy_query(request: web.Request) -> CopyQuery:
    """The search that the address describes. Days of its own go before the span; an id is looked for at any time."""
    span, first, last = span_of(request), day_of(request, "since"), day_of(request, "until")
    message_id, case_id = id_of(request, "message"), id_of(request, "case")
    is_free = bool(message_id or case_id or last)
    verdict = word(request, "verdict")
    return CopyQuery(
        sender=word(request, "sender"),
        unit=word(request, "unit"),
        type=word(request, "type"),
        case_id=case_id,
        message_id=message_id,
        verdict=verdict if verdict in ("deliver", "redact", "refuse", "manual") else None,
        code=word(request, "code"),
        since=_begin_of(first) if first else None if is_free else span.since,
        until=_begin_of(last + timedelta(days=1)) if last else None,
        limit=MOST,
    )


def _begin_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=STOCKHOLM)


def needs_reason(look: str) -> Callable[[Handler], Handler]:
    """A page that shows single messages: it asks why, and the log hears of each look before anything is shown."""

    def wrap(handler: Handler) -> Handler:
        @functools.wraps(handler)
        async def handle(request: web.Request) -> web.StreamResponse:
            reason = kept_reasons.find_reason(request)
            if reason is None:
                return ask_reason(request)
            await record_look(request, look, reason=reason, message_id=_message_in(request))
            return await handler(request)

        return handle

    return wrap


def usual_look(look: str) -> Callable[[Handler], Handler]:
    """A page that shows no single message: logged too, with the session's reason, else as the running of the hub."""

    def wrap(handler: Handler) -> Handler:
        @functools.wraps(handler)
        async def handle(request: web.Request) -> web.StreamResponse:
            await record_look(request, look, reason=usual_reason(request))
            return await handler(request)

        return handle

    return wrap


def usual_reason(request: web.Request) -> Reason:
    return kept_reasons.find_reason(request) or reasons.OPERATION


def _message_in(request: web.Request) -> str | None:
    return request.match_info.get("id") or id_of(request, "message")


def ask_reason(
    request: web.Request, *, faulty: str | None = None, status: int = 200, to: str | None = None
) -> web.Response:
    words = frame.words_for(request)
    listed = [(code, words.find(f"control.reasons.{code}") or title) for code, title in reasons.REASONS.items()]
    to = to or (request.rel_url.path_qs if request.method == "GET" else "/admin")
    values = showing.common(request) | {"reasons": listed, "to": to, "faulty": faulty}
    return frame.page(request, "control/reason.html", status=status, **values)


async def show_reason(request: web.Request) -> web.StreamResponse:
    """To give another reason."""
    return ask_reason(request, to="/admin")


async def give_reason(request: web.Request) -> web.StreamResponse:
    """Keeps the reason for the session, and goes on to where it was asked."""
    form = await request.post()
    to = str(form.get("to", ""))
    try:
        await kept_reasons.keep_reason(request)
    except reasons.ReasonWrong as wrong:
        return ask_reason(request, faulty=wrong.field, status=422)
    return frame.see_other(to if re.fullmatch(r"/admin(/[A-Za-z0-9/_.-]*)?(\?[A-Za-z0-9&=_.%-]*)?", to) else "/admin")
