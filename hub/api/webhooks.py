"""A unit's webhook: by the unit itself, or by an administrator for it."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hub.api import bodies
from hub.api.answers import answer
from hub.api.asking import asking
from hub.api.keys import caller_of, hub_of, staff_of
from hub.api.looking import record_usual_look
from hub.api.problems import call_problem
from hub.intake import receipts
from hub.push.addresses import UrlRefused
from hub.push.registering import Registered
from hub.store.webhooks import Webhook


@asking
def show_own(request: web.Request) -> web.Response:
    return _show(request, caller_of(request).unit_id)


async def set_own(request: web.Request) -> web.Response:
    """The address that the unit's claim checks go to. Its secret is shown when it is new, and never again."""
    unit_id = caller_of(request).unit_id
    return await _set(request, unit_id, unit_id)


async def rotate_own(request: web.Request) -> web.Response:
    unit_id = caller_of(request).unit_id
    return _registered(await hub_of(request).endpoints.rotate(unit_id, unit_id))


async def remove_own(request: web.Request) -> web.Response:
    unit_id = caller_of(request).unit_id
    return _removed(await hub_of(request).endpoints.remove(unit_id, unit_id))


async def show_of(request: web.Request) -> web.Response:
    unit_id = _unit(request)
    await record_usual_look(request, "webhook", unit=unit_id)
    return await hub_of(request).store.ask(lambda: _show(request, unit_id))


async def set_of(request: web.Request) -> web.Response:
    return await _set(request, _unit(request), staff_of(request).actor)


async def rotate_of(request: web.Request) -> web.Response:
    return _registered(await hub_of(request).endpoints.rotate(_unit(request), staff_of(request).actor))


async def remove_of(request: web.Request) -> web.Response:
    return _removed(await hub_of(request).endpoints.remove(_unit(request), staff_of(request).actor))


def _unit(request: web.Request) -> str:
    unit = hub_of(request).directory.find_unit(request.match_info["unit"])
    if unit is None:
        raise call_problem("NOT_FOUND")
    return unit.unit_id


def _show(request: web.Request, unit_id: str) -> web.Response:
    found = hub_of(request).endpoints.find(unit_id)
    if found is None:
        raise call_problem("NOT_FOUND")
    return answer(_row(found))


async def _set(request: web.Request, unit_id: str, actor: str) -> web.Response:
    given = await bodies.read_object(request, ("url",))
    if not isinstance(given["url"], str):
        raise bodies.wrong("/url", "En text.")
    try:
        return _registered(await hub_of(request).endpoints.set(unit_id, actor, given["url"]))
    except UrlRefused as refused:
        raise bodies.wrong("/url", str(refused)) from None


def _registered(found: Registered | None) -> web.Response:
    if found is None:
        raise call_problem("NOT_FOUND")
    return answer(_row(found.webhook) | ({"secret": found.secret} if found.secret else {}))


def _removed(found: Registered | None) -> web.Response:
    if found is None:
        raise call_problem("NOT_FOUND")
    return web.Response(status=204)


def _row(webhook: Webhook) -> dict[str, Any]:
    return {
        "unit": webhook.unit_id,
        "url": webhook.url,
        "state": "active" if webhook.is_active else "ended",
        "ended_by": webhook.ended_by,
        "changed": receipts.timestamp(webhook.changed_at),
        "failures": webhook.failures,
        "failing_since": receipts.timestamp(webhook.failing_since) if webhook.failing_since else None,
        "rests_until": receipts.timestamp(webhook.rests_until) if webhook.rests_until else None,
    }
