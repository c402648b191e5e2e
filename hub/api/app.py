"""The application: one gate names every request, lets it in or not, and turns every fault into a problem."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware
from structlog.typing import FilteringBoundLogger

from hub import slots
from hub.api import asyncapi, openapi
from hub.api.keys import CALLER, HUB, IS_PAGE, SESSION, STAFF, hub_of
from hub.api.presenting import check_holder
from hub.api.problems import Problem, call_problem, rate_problem
from hub.api.routes import ROLES, Access, Handler, Operation, Page, pattern_of
from hub.api.table import OPERATIONS
from hub.commit_group import Overloaded
from hub.identity import jws, sessions
from hub.identity.port import NotAllowed, NotAuthenticated, Reason, ScopeMissing
from hub.identity.roles import Staff
from hub.identity.staffing import USE_NOTED_EVERY, UseSession
from hub.limits import LimitReached
from hub.service import Hub
from hub.store.people import Session
from hub.store.port import StoreUnavailable
from hub.telemetry import context
from hub.web import browser, faults
from hub.web.pages import PAGES

log = structlog.get_logger()

# Set on every answer: nothing here is to be sniffed, framed or sent on as a referrer.
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
# Where it was TLS, for a year nothing but TLS (RFC 6797), also for names below the hub's own.
_TLS_ALONE = "max-age=31536000; includeSubDomains"


def build_app(hub: Hub) -> web.Application:
    """The HTTP face of one hub."""
    app = web.Application(middlewares=[_gate_of(hub)], client_max_size=hub.settings.max_body_bytes, handler_args=None)
    app[HUB] = hub
    app[openapi.DOCUMENT] = openapi.build_document(OPERATIONS)
    app[asyncapi.DOCUMENT] = asyncapi.prepare_document(hub.registry, hub.rulebook)
    for operation in OPERATIONS:
        app.router.add_route(operation.method, pattern_of(operation.path), _guarded(hub, operation))
        if operation.method == "GET" and operation.access is Access.PUBLIC:
            # RFC 9110 9.1; a probe may ask so. Not for a unit's own data: a HEAD must not count as a reading.
            app.router.add_route("HEAD", pattern_of(operation.path), _guarded(hub, operation))
    for page in PAGES:
        app.router.add_route(page.method, page.path, _guarded(hub, page))
    app.on_response_prepare.append(_add_safe_headers)
    return app


def _guarded(hub: Hub, operation: Operation | Page) -> Handler:
    """The handler behind its access rule, the only place where one is applied. What no rule opens stays closed."""
    is_page = isinstance(operation, Page)
    admit = _admitter(operation)

    handler = _absent_alike(operation.handler) if _is_about_one(operation) else operation.handler

    async def handle(request: web.Request) -> web.StreamResponse:
        request[IS_PAGE] = is_page
        await admit(hub, request, operation)
        return await handler(request)

    return operation.handler if admit is _admit_all and not is_page else handle


def _is_about_one(operation: Operation | Page) -> bool:
    """About one thing of a unit's, by its id."""
    return "{" in operation.path and operation.access in (Access.UNIT, Access.DESK)


def _absent_alike(handler: Handler) -> Handler:
    """What is another's is answered like what is not there: also in time."""

    async def handle(request: web.Request) -> web.StreamResponse:
        slot = slots.Slot()
        try:
            return await handler(request)
        except Problem as problem:
            if problem.status != HTTPStatus.NOT_FOUND:
                raise
            # Without what the handler had in its hands: to let go of much takes longer than of little.
            absent = problem.with_traceback(None)
        await slot.rest()
        raise absent

    return handle


def _admitter(operation: Operation | Page) -> Callable[[Hub, web.Request, Operation | Page], Awaitable[None]]:
    match operation.access:
        case Access.PUBLIC:
            return _admit_all
        case Access.UNIT:
            return _admit_unit
        case _:
            return _admit_staff


async def _admit_all(hub: Hub, request: web.Request, operation: Operation | Page) -> None:
    """Pages that everybody may see still say who has signed in."""
    secret = browser.find_secret(request, hub.settings)
    if secret is not None:
        with contextlib.suppress(NotAuthenticated):
            await _sign_in(hub, request, secret)


async def _admit_unit(hub: Hub, request: web.Request, operation: Operation | Page) -> None:
    """A unit by its token, as the one whom the token is bound to, for an action that the token names."""
    authorization = request.headers.get(hdrs.AUTHORIZATION)
    caller = hub.authenticator.authenticate(authorization, hub.clock.now())
    await check_holder(request, caller)
    request[CALLER] = caller
    scope = operation.scope if isinstance(operation, Operation) else None
    if scope not in caller.scopes:
        raise ScopeMissing(scope or "")
    await hub.count_requests(caller.unit_id)


async def _admit_staff(hub: Hub, request: web.Request, operation: Operation | Page) -> None:
    """A person by the session of a browser, or by bearer token where no page is asked for. The roles are those of this
    moment, and whatever changes something must come from a page of ours."""
    authorization = request.headers.get(hdrs.AUTHORIZATION)
    secret = browser.find_secret(request, hub.settings)
    if authorization is not None and not request[IS_PAGE]:
        given = authorization
        staff = await hub.store.ask(
            lambda: sessions.staff_of_token(hub.authenticator, hub.reader, given, hub.clock.now())
        )
    elif secret is not None:
        staff = await _sign_in(hub, request, secret)
        await browser.check_own_form(request, secret)
        await _note_use(hub, request[SESSION])
    else:
        raise NotAuthenticated(Reason.MISSING)
    if not staff.has(*ROLES.get(operation.access, ())):
        log.info("role_refused", access=operation.access.value, staff=staff.staff_id)
        raise NotAllowed
    request[STAFF] = staff


async def _note_use(hub: Hub, session: Session) -> None:
    """For the person whose it is; what cannot be noted now is noted later."""
    used_at = session.used_at or session.started_at
    if hub.clock.now() - used_at >= USE_NOTED_EVERY:
        with contextlib.suppress(StoreUnavailable, Overloaded):
            await hub.group.submit(UseSession(session.session_key))


async def _sign_in(hub: Hub, request: web.Request, secret: str) -> Staff:
    key, at, demo = browser.key_of(secret), hub.clock.now(), hub.settings.demo
    found = await hub.store.ask(lambda: sessions.staff_of_session(hub.reader, key, at, demo=demo))
    request[STAFF], request[SESSION] = found
    return found[0]


def _gate_of(hub: Hub) -> Middleware:
    told = structlog.get_logger().bind()  # bound once: a line is written for every request

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.perf_counter()
        with context.entered(request.headers.get("traceparent")) as entered:
            try:
                response = await handler(request)
            except Exception as fault:  # noqa: BLE001 - the outermost place: no fault may leave as anything but a problem
                problem = _as_problem(fault)
                if faults.wants_page(request):
                    response = faults.show(request, problem, entered.request_id)
                else:
                    response = problem.response(entered.request_id)
            response.headers["X-Request-ID"] = entered.request_id
            seconds = time.perf_counter() - started
            _record(hub, told, request, response.status, seconds)
            return response

    return gate


def _as_problem(fault: Exception) -> Problem:
    match fault:
        case Problem():
            return fault
        case NotAuthenticated(reason=reason):
            log.info("sign_in_refused", reason=reason.value)
            return call_problem("NOT_AUTHENTICATED", WWW_Authenticate=_challenge(fault))
        case ScopeMissing(scope=scope):
            challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
            return call_problem("SCOPE_MISSING", WWW_Authenticate=challenge)
        case NotAllowed():
            return call_problem("NOT_ALLOWED")
        case web.HTTPRequestEntityTooLarge():
            return call_problem("TOO_LARGE")
        case web.HTTPNotFound():
            return call_problem("NOT_FOUND")
        case web.HTTPMethodNotAllowed():
            return call_problem("METHOD_NOT_ALLOWED", Allow=", ".join(sorted(fault.allowed_methods)))
        case LimitReached():
            return rate_problem(fault)
        case StoreUnavailable() | Overloaded():
            log.error("not_accepted", reason=type(fault).__name__)
            return call_problem("UNAVAILABLE", Retry_After="1")
        case _:
            log.error("request_failed", exc_info=fault)
            return call_problem("INTERNAL")


def _challenge(fault: NotAuthenticated) -> str:
    """RFC 6750 3 and RFC 9449 7.1: how to come back. What is wrong with a proof is told to the one who made it."""
    challenge = f'Bearer, DPoP algs="{" ".join(jws.NAMES)}"'
    if fault.told is None:
        return challenge
    return f'{challenge}, error="invalid_dpop_proof", error_description="{fault.told}"'


def _record(hub: Hub, told: FilteringBoundLogger, request: web.Request, status: int, seconds: float) -> None:
    """One line and one measurement per request, under the route's template: ids never get there."""
    resource = request.match_info.route.resource
    template = resource.canonical if resource is not None else "none"
    # The method is the caller's text; only those that HTTP knows may become a label.
    method = request.method if request.method in hdrs.METH_ALL else "OTHER"
    hub.metrics.time_request(template, method, status, seconds)
    caller = request.get(CALLER)
    unit = caller.unit_id if caller else None
    told.info("request", route=template, method=method, status=status, ms=round(seconds * 1000, 2), unit=unit)


async def _add_safe_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in SAFE_HEADERS.items():
        response.headers.setdefault(name, value)
    if browser.is_secure(request, hub_of(request).settings):
        response.headers["Strict-Transport-Security"] = _TLS_ALONE
    response.headers.pop(hdrs.SERVER, None)
