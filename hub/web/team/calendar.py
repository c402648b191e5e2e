"""A called meeting as a calendar file (RFC 5545): when and where, and a reference that tells of nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from hub.api.keys import hub_of
from hub.api.problems import call_problem
from hub.service import Hub
from hub.web import frame, naming
from hub.web.team import cases
from hub.web.texts import Words

MEETING = "finsam.meeting-called"
_LENGTH = timedelta(hours=1)


async def show_calendar(request: web.Request) -> web.Response:
    """The newest meeting of the case that the seat has opened, or called."""
    hub = hub_of(request)
    case, sent, received = await cases.look_at(request)
    found = await cases.Opening(request, case, sent, received).find_newest(MEETING)
    if found is None:
        raise call_problem("NOT_FOUND")
    text = write(hub, case.case_id, found["content"], hub.clock.now(), frame.words_for(request))
    headers = {**frame.HEADERS, "Content-Disposition": 'attachment; filename="mote.ics"'}
    return web.Response(text=text, content_type="text/calendar", charset="utf-8", headers=headers)


def write(hub: Hub, case_id: str, content: dict[str, Any], now: datetime, words: Words) -> str:
    """One event, an hour long, that begins when the message says."""
    begins = datetime.fromisoformat(content["at"]).astimezone(UTC)
    unit = hub.directory.find_unit(content.get("place_unit", ""))
    where = unit.name if unit else words("team.meeting.video")
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Samverkan//Teamets skrivbord//SV",
        "BEGIN:VEVENT",
        f"UID:{case_id}-{begins:%Y%m%dT%H%M}@samverkan",
        f"DTSTAMP:{_stamp(now)}",
        f"DTSTART:{_stamp(begins)}",
        f"DTEND:{_stamp(begins + _LENGTH)}",
        f"SUMMARY:{words('team.meeting.title')} {naming.short(case_id)}",
        f"LOCATION:{_escaped(where)}",
        "CLASS:PRIVATE",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "\r\n".join(lines) + "\r\n"


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    """RFC 5545 3.3.11."""
    for special in ("\\", ";", ","):
        text = text.replace(special, "\\" + special)
    return text.replace("\n", "\\n")
