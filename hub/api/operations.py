"""For operators: is the process alive, can it take traffic, and its numbers."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from hub import clock
from hub.api.answers import answer
from hub.api.keys import hub_of
from hub.service import Hub
from hub.store.port import Reader, StoreUnavailable
from hub.store.records import AuditQuery
from hub.transport.port import TransportUnavailable
from hub.vault import VaultLocked

OUTBOX_OLDEST_SECONDS = 60.0
CHECKPOINT_AGE = timedelta(hours=4)
DISK_LEAST_SHARE = 0.02
UNCACHED = {"Cache-Control": "no-store"}


async def live(request: web.Request) -> web.Response:
    """The loop turns. Asks nothing of anything else."""
    return answer({"status": "ok"}, headers=UNCACHED)


async def ready(request: web.Request) -> web.Response:
    """200 when messages can be accepted durably and delivered, else 503; `verbose` names every check."""
    hub = hub_of(request)
    results = {name: await check(hub) for name, check in CHECKS.items()}
    faulty = any(fault is not None for fault in results.values())
    document: dict[str, Any] = {"status": "unavailable" if faulty else "ok"}
    if "verbose" in request.query:
        document["checks"] = {name: fault or "ok" for name, fault in results.items()}
        document["store"] = hub.store.technology
        document["rulebook"] = hub.rulebook.digest
    return answer(document, 503 if faulty else 200, headers=UNCACHED)


async def _store(hub: Hub) -> str | None:
    try:
        await hub.store.ask(hub.store.check)
    except StoreUnavailable:
        return "the store cannot be read or written; see the log"
    return None


async def _transport(hub: Hub) -> str | None:
    try:
        await hub.transport.probe()
    except TransportUnavailable:
        return "claim checks do not get through; see the log"
    return None


async def _outbox(hub: Hub) -> str | None:
    try:
        oldest = await hub.store.ask(hub.reader.oldest_unpublished_at)
    except StoreUnavailable:
        return "the outbox cannot be read"
    age = 0.0 if oldest is None else (hub.clock.now() - oldest).total_seconds()
    return None if age < OUTBOX_OLDEST_SECONDS else f"the oldest claim check has waited {age:.0f} s"


async def _log(hub: Hub) -> str | None:
    if hub.integrator.fault is not None:
        return "the log is not what was signed; see the log of the program"
    age = hub.integrator.age_at(hub.clock.now())
    return None if age < CHECKPOINT_AGE else f"no checkpoint of the log for {age.total_seconds():.0f} s"


async def _keys(hub: Hub) -> str | None:
    try:
        hub.vault.check(await hub.store.ask(hub.reader.find_kek_id))
    except VaultLocked:
        return "the master key is gone or not the one of this database; see samverkan doctor before a restart"
    except StoreUnavailable:
        return "which keys the database needs cannot be read"
    return None


async def _clock(hub: Hub) -> str | None:
    try:
        last = await hub.store.ask(lambda: _last_entry_at(hub.reader))
    except StoreUnavailable:
        return "the log cannot be read"
    return clock.find_fault(hub.clock.now(), last)


def _last_entry_at(reader: Reader) -> datetime | None:
    last = reader.list_audit(AuditQuery(after=reader.audit_size() - 2, limit=1))
    return last[0].at if last else None


async def _disk(hub: Hub) -> str | None:
    usage = shutil.disk_usage(hub.settings.data_dir)
    share = usage.free / usage.total
    return None if share > DISK_LEAST_SHARE else f"{share:.1%} of the disk is free; make room"


Check = Callable[[Hub], Awaitable[str | None]]
CHECKS: dict[str, Check] = {
    "store": _store,
    "transport": _transport,
    "outbox": _outbox,
    "log": _log,
    "keys": _keys,
    "clock": _clock,
    "disk": _disk,
}


async def show_metrics(request: web.Request) -> web.Response:
    hub = hub_of(request)
    await hub.store.ask(hub.refresh_metrics)
    await hub.depths.tell(hub.metrics)
    content_type, body = hub.metrics.render()
    return web.Response(body=body, headers={"Content-Type": content_type, **UNCACHED})
