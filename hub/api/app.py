"""The application: one gate names every request, lets it in or not, and turns every fault into a problem."""

from __future__ import annotations

import time

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware
from structlog.typing import FilteringBoundLogger

from hub.api import asyncapi, openapi
from hub.api.keys import CALLER, HUB, STAFF
from hub.api.problems import Problem, call_problem, rate_problem
from hub.api.routes import ROLES, Access, Handler, Operation, Page
from hub.api.table import OPERATIONS
from hub.commit_group import Overloaded
from hub.identity import sessions
from hub.identity.port import NotAllowed, NotAuthenticated
from hub.limits import LimitReached
from hub.service import Hub
from hub.store.port import StoreUnavailable
from hub.telemetry import context

log = structlog.get_logger()

# Set on every answer: nothing here is to be sniffed, framed or sent on as a referrer.
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


def build_app(hub: Hub) -> web.Application:
    """The HTTP face of one hub."""
    app = web.Application(middlewares=[_gate_of(hub)], client_max_size=hub.settings.max_body_bytes, handler_args=None)
    app[HUB] = hub
    app[openapi.DOCUMENT] = openapi.build_document(OPERATIONS)
    app[asyncapi.DOCUMENT] = asyncapi.build_document(hub.registry)
    for operation in OPERATIONS:
        app.router.add_route(operation.method, operation.path, _guarded(hub, operation))
        if operation.method == "GET" and operation.access is Access.PUBLIC:
            # RFC 9110 9.1; a probe may ask so. Not for a unit's own data: a HEAD must not count as a reading.
            app.router.add_route("HEAD", operation.path, _guarded(hub, operation))
    app.on_response_prepare.append(_add_safe_headers)
    return app


def _guarded(hub: Hub, operation: Operation | Page) -> Handler:
    """The handler behind its access rule, the only place where one is applied. What no rule opens stays closed."""
    if operation.access is Access.PUBLIC:
        return operation.handler
    admit = _admit_unit if operation.access is Access.UNIT else _admit_staff

    async def handle(request: web.Request) -> web.StreamResponse:
        await admit(hub, request, operation.access)
        return await operation.handler(request)

    return handle


async def _admit_unit(hub: Hub, request: web.Request, access: Access) -> None:
    authorization = request.headers.get(hdrs.AUTHORIZATION)
    caller = request[CALLER] = hub.authenticator.authenticate(authorization, hub.clock.now())
    await hub.count_requests(caller.unit_id)


async def _admit_staff(hub: Hub, request: web.Request, access: Access) -> None:
    """A person by bearer token, or by the session of a browser. The roles are those of this moment."""
    authorization = request.headers.get(hdrs.AUTHORIZATION)
    staff = sessions.staff_of_token(hub.authenticator, hub.reader, authorization, hub.clock.now())
    if not staff.has(*ROLES.get(access, ())):
        log.info("role_refused", access=access.value, staff=staff.staff_id)
        raise NotAllowed
    request[STAFF] = staff


def _gate_of(hub: Hub) -> Middleware:
    told = structlog.get_logger().bind()  # bound once: a line is written for every request

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.perf_counter()
        with context.entered(request.headers.get("traceparent")) as entered:
            try:
                response = await handler(request)
            except Exception as fault:  # noqa: BLE001 - the outermost place: no fault may leave as anything but a problem
                response = _as_problem(fault).response(entered.request_id)
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
            return call_problem("NOT_AUTHENTICATED", WWW_Authenticate="Bearer")
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
    response.headers.update(SAFE_HEADERS)
    response.headers.pop(hdrs.SERVER, None)
