"""The table of every page: a page exists only by being here, and each names who may see it."""

from __future__ import annotations

from hub.api.routes import Access, Page
from hub.web import assets, own_sessions, signing, vouching
from hub.web.connection import overseeing, trying
from hub.web.control import pages as control
from hub.web.team import calendar, cases, copies, desk, inbox, sending

_FRAME = (
    Page("GET", "/", signing.show_start, Access.PUBLIC),
    Page("GET", "/assets/{digest}/{name}", assets.show_asset, Access.PUBLIC),
    Page("GET", "/language/{language}", signing.choose_language, Access.PUBLIC),
    Page("GET", "/sign-in", signing.show_sign_in, Access.PUBLIC),
    Page("GET", "/sign-in/start", vouching.start, Access.PUBLIC),
    Page("GET", "/sign-in/callback", vouching.come_back, Access.PUBLIC),
    Page("POST", "/sign-in/demo", signing.sign_in_invented, Access.PUBLIC),
    Page("POST", "/sign-out", signing.sign_out, Access.STAFF),
    Page("GET", "/sessions", own_sessions.show, Access.STAFF),
    Page("POST", "/sessions/end", own_sessions.end, Access.STAFF),
    Page("GET", "/connection", trying.show_form, Access.PUBLIC),
    Page("POST", "/connection", trying.try_assertion, Access.PUBLIC),
    Page("GET", "/admin/connections", overseeing.show_all, Access.OVERSIGHT),
    Page("GET", "/admin/connections/{unit}", overseeing.show_one, Access.OVERSIGHT),
)

_TEAM = (
    Page("GET", "/team", inbox.show_inbox, Access.DESK),
    Page("GET", "/team/stream", inbox.stream, Access.DESK),
    Page("POST", "/team/unit", desk.choose_unit, Access.DESK),
    Page("GET", "/team/messages/{delivery}", copies.show_copy, Access.DESK),
    Page("POST", "/team/messages/{delivery}/open", copies.open_copy, Access.DESK),
    Page("GET", "/team/messages/{delivery}/check", copies.check_copy, Access.DESK),
    Page("POST", "/team/messages/{delivery}/handled", copies.answer_copy, Access.DESK),
    Page("GET", "/team/sent/{message}", cases.show_sent, Access.DESK),
    Page("GET", "/team/cases", cases.list_cases, Access.DESK),
    Page("GET", "/team/cases/{case}", cases.show_case, Access.DESK),
    Page("GET", "/team/cases/{case}/plan", cases.show_plan, Access.DESK),
    Page("GET", "/team/cases/{case}/meeting.ics", calendar.show_calendar, Access.DESK),
    Page("GET", "/team/new", cases.show_new, Access.DESK),
    Page("GET", "/team/send/{type}", sending.show_form, Access.DESK),
    Page("POST", "/team/send/{type}", sending.take_form, Access.DESK),
)

PAGES: tuple[Page, ...] = (*_FRAME, *control.PAGES, *_TEAM)
