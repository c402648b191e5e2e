"""What each statement of a commit group costs, on either store: medians over many groups of one size.

The rows are those of referrals, as the hub would have written them. On SQLite the time is that of the calling thread;
on PostgreSQL it is that of the round trip, the server's work included, and only of the whole group: its statements
travel together. Usage:

    python bench/group.py                                     # SQLite in a temporary folder
    python bench/group.py postgresql://...                    # a database that may be filled
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests' own servers, which `engines` starts

import growth

from hub.store import flows
from hub.store.port import Store
from hub.store.postgres import PostgresStore
from hub.store.records import Changes
from hub.store.sqlite import SqliteStore
from hub.vault import Vault

SIZES = (1, 16, 64)
GROUPS = 100
_VERB = re.compile(r"(INSERT INTO|UPDATE|DELETE FROM) (\w+)")


class Meter:
    """Hears of every statement before and after, and sums up by group and by what the statement writes."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self._started = 0.0
        self.spent: dict[str, float] = defaultdict(float)

    def listen(self) -> None:
        sa.event.listen(sa.Engine, "before_cursor_execute", self._before)
        sa.event.listen(sa.Engine, "after_cursor_execute", self._after)

    def _before(self, *_: Any) -> None:
        self._started = self.now()

    def _after(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found = _VERB.search(statement)
        self.spent[f"{found[1].split()[0].lower()} {found[2]}" if found else "other"] += self.now() - self._started


async def measure(store: Store, vault: Vault, meter: Meter, size: int, start: int) -> dict[str, list[float]]:
    """Seconds per group, by statement."""
    taken: dict[str, list[float]] = defaultdict(list)
    for turn in range(GROUPS):
        changes, at = Changes(), datetime.now(UTC)
        for index in range(size):
            growth.add_message(changes, vault, start + turn * size + index, at, is_open=True)
        meter.spent.clear()
        began = meter.now()
        flows.count(changes)
        taken["counting flows in Python"].append(meter.now() - began)
        began = meter.now()

        def write(changes: Changes = changes) -> Any:
            group = store.begin()
            group.write(changes)
            return group

        group = await store.ask(write)
        taken["the whole group without its commit"].append(meter.now() - began)
        for name, seconds in meter.spent.items():
            taken[name].append(seconds)
        await store.commit(group)
    return taken


async def run(url: str | None, folder: Path) -> None:
    vault = Vault.open(folder / "master.key", create=True)
    meter = Meter(time.perf_counter if url else time.thread_time)
    meter.listen()
    store: Store = PostgresStore.open(url) if url else SqliteStore.open(folder / "hub.sqlite3")
    group = await store.ask(store.begin)
    start = await store.ask(group.audit_size)
    store.roll_back(group)
    try:
        found = {}
        for size in SIZES:
            found[size] = await measure(store, vault, meter, size, start)
            start += size * GROUPS
    finally:
        store.close()
    show(found, store.technology)


def show(found: dict[int, dict[str, list[float]]], technology: str) -> None:
    table = Table(title=f"One commit group on {technology}: medians of {GROUPS}, in µs")
    table.add_column("statement")
    for size in found:
        table.add_column(f"{size} messages", justify="right")
    largest = found[max(found)]
    for name in sorted(largest, key=lambda each: -statistics.median(largest[each])):
        cells = (statistics.median(found[size][name]) * 1e6 if found[size].get(name) else 0.0 for size in found)
        table.add_row(name, *(f"{cell:.0f}" for cell in cells))
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?", help="of a PostgreSQL database")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(asked.url, Path(folder)))


if __name__ == "__main__":
    main()
