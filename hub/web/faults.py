"""Faults as pages: what happened, what to do, and the number that finds it in the log. Never a value of the request."""

from __future__ import annotations

from aiohttp import web

from hub.api.keys import IS_PAGE
from hub.api.problems import Problem
from hub.web import frame


def wants_page(request: web.Request) -> bool:
    """Whether the answer goes to a person: a page was asked for, or a browser came to an address that is none."""
    if request.get(IS_PAGE):
        return True
    reads_html = "text/html" in request.headers.get("Accept", "")
    return reads_html and not request.path.startswith(("/v1/", "/log/", "/oauth/", "/schemas/"))


def show(request: web.Request, problem: Problem, request_id: str) -> web.Response:
    """The fault as a page, or the way to the sign-in page for whoever is not signed in."""
    if problem.code == "NOT_AUTHENTICATED":
        return _to_sign_in(request)
    words = frame.words_for(request)
    known = problem.code if words.find(f"frame.faults.{problem.code}.title") else "OTHER"
    return frame.page(
        request,
        "fault.html",
        status=problem.status,
        headers=problem.headers,
        heading=words(f"frame.faults.{known}.title"),
        advice=words(f"frame.faults.{known}.advice"),
        code=problem.code,
        request_id=request_id,
    )


def _to_sign_in(request: web.Request) -> web.Response:
    if "HX-Request" in request.headers:  # a part of a page: the whole of it goes
        return web.Response(status=401, headers={**frame.HEADERS, "HX-Redirect": "/sign-in?over=1"})
    if request.method in ("GET", "HEAD"):
        # The path only: what stands after it may be a search.
        return frame.see_other(f"/sign-in?to={request.path}" if request.path != "/" else "/sign-in")
    return frame.see_other("/sign-in?over=1")
