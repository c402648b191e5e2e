"""How fast the first pages of the control room and of the desk are, and the map, with many messages stored.

Rows are written straight into the tables, since a million messages through the intake would take half an hour; what is
measured, the pages, asks the hub as always. Usage: python bench/control.py 100000 1000000
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub import bootstrap, settings
from hub.api.server import Server
from hub.clock import FixedClock
from hub.web import frame
from tests.support.browsing import Browser

NOW = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
PAGES = (
    "/admin",
    "/admin?days=365",
    "/admin/flows/jt/af?days=365",
    "/admin/messages",
    "/admin/messages?unit=af-stockholm&verdict=refuse&days=365",
    "/admin/health?days=365",
    "/admin/follow-up",
    "/admin/retention",
)
DESK = ("/team", "/team/cases", "/team/new")
OPEN = 1000
"""The newest messages: nobody has dealt with them yet, so they lie in inboxes."""
TYPES = ("plan.proposed", "attendance.reported", "information.requested", "activity.started")
PAIRS = (
    ("sd-farsta", "jt-sydost"),
    ("jt-sydost", "sd-farsta"),
    ("jt-sydost", "af-stockholm"),
    ("fk-stockholm", "sd-farsta"),
    ("af-stockholm", "sd-skarpnack"),
)


def fill(path: Path, many: int) -> None:
    """`many` messages over a year, one copy each; every twentieth refused."""
    connection = sqlite3.connect(path)
    start = NOW - timedelta(days=360)
    step = timedelta(days=360) / many
    messages, copies, flows = [], [], {}
    for number in range(many):
        sender, unit = PAIRS[number % len(PAIRS)]
        kind, refused = TYPES[number % len(TYPES)], number % 20 == 0
        at = int((start + number * step).timestamp() * 1_000_000)
        messages.append(
            (
                number + 1,
                f"/units/{sender}",
                f"m-{number}",
                f"case-{number // 20}",
                f"case-{number // 20}",
                kind,
                "1.0",
                sender,
                b"f" * 16,
                at,
                "{}",
                "{}",
                b"s" * 900,
            )
        )
        copies.append(
            (
                f"d-{number}",
                number + 1,
                f"case-{number // 20}",
                unit,
                "jt",
                None if refused else number + 1,
                "refused" if refused else "notified" if number >= many - OPEN else "handled",
                "refuse" if refused else "deliver",
                "NO_AGREEMENT" if refused else None,
                "r",
                "[]",
                at,
            )
        )
        key = (at // 86_400_000_000, sender, unit, kind, "NO_AGREEMENT" if refused else "")
        flows[key] = flows.get(key, 0) + 1
        if len(messages) == 50_000 or number == many - 1:
            _write(connection, messages, copies)
            messages, copies = [], []
    with connection:
        connection.executemany(
            "INSERT INTO flows (day, sender, unit, type, code, messages) VALUES (?,?,?,?,?,?)",
            [(*key, total) for key, total in flows.items()],
        )
    connection.close()


def _write(
    connection: sqlite3.Connection, messages: list[tuple[object, ...]], copies: list[tuple[object, ...]]
) -> None:
    with connection:
        connection.executemany(
            "INSERT INTO messages (position, source, message_id, lane_id, case_id, type, version, sender, fingerprint, "
            "recorded_at, envelope, receipt, sealed) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            messages,
        )
        connection.executemany(
            "INSERT INTO deliveries (delivery_id, message_position, lane_id, unit_id, kind, sequence, state, verdict, "
            "code, rule, withheld, recorded_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            copies,
        )


async def measure(folder: Path, many: int) -> None:
    given = settings.load(
        {"data_dir": folder / str(many), "demo": True, "log_level": "error", "retention_hours": 0}, {}, None
    )
    clock = FixedClock(NOW)
    hub = bootstrap.build_hub(given, clock=clock)
    await hub.close()
    fill(given.data_dir / bootstrap.DATABASE, many)
    hub = bootstrap.build_hub(given, clock=clock)
    server = Server(hub, "127.0.0.1", 0)
    await server.start()
    frame.read_templates()  # as `samverkan serve` does
    await _look_at(server.url, "admin", PAGES, many)
    await _look_at(server.url, "stadsdel", DESK, many)
    await server.stop()


async def _look_at(url: str, person: str, pages: tuple[str, ...], many: int) -> None:
    browser = Browser(url)
    started = time.perf_counter()
    await browser.sign_in(person)
    print(f"{many:>9,} messages  {person} signs in {1000 * (time.perf_counter() - started):7.1f} ms", flush=True)
    if person == "admin":
        page = await browser.get("/admin/reason")
        await browser.post("/admin/reason", {"csrf": page.token, "reason": "operation", "to": "/admin"})
    for path in pages:
        times = []
        for _ in range(5):
            started = time.perf_counter()
            shown = await browser.get(path)
            times.append(1000 * (time.perf_counter() - started))
            assert shown.status == 200, (path, shown.status)
        print(f"{many:>9,}  {path:<70} first {times[0]:8.1f} ms  median {statistics.median(times):8.1f} ms", flush=True)
    await browser.close()


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for many in map(int, sys.argv[1:] or ["100000"]):
            await measure(Path(folder), many)


if __name__ == "__main__":
    asyncio.run(main())
