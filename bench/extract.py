"""How long a register extract takes with many messages stored, and how long the log takes to be taken into its tree.

Rows are written straight into the tables (`bench/control.py`); the extract is made as always. Usage:
python -m bench.extract 1000000
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench import control
from hub import bootstrap, settings
from hub.audit import merkle
from hub.clock import FixedClock
from hub.extract import making
from hub.extract.making import Wanted
from hub.identity.reasons import Reason
from hub.service import Hub

PEOPLE = 50
NUMBERS = [f"1990010{1 + at % 9}{2380 + at % 20}" for at in range(PEOPLE)]  # keys only: nobody checks them here


def fill_log(path: Path, hub: Hub, many: int) -> None:
    """An acceptance for every message, and a case for each of the people."""
    connection = sqlite3.connect(path)
    first = connection.execute("SELECT coalesce(max(position) + 1, 0) FROM audit").fetchone()[0]
    recipients = [{"unit": "jt-sydost", "verdict": "deliver", "categories": ["AT", "PL"], "basis": None}]
    rows = []
    for number in range(many):
        told = {"seq": first + number, "t": "2026-03-01T08:00:00.000Z", "action": "message_accepted"}
        sender = control.PAIRS[number % len(control.PAIRS)][0]
        entry = json.dumps({**told, "actor": sender, "purpose": "jobbtorg_planning", "recipients": recipients}).encode()
        leaf = merkle.leaf_hash(entry)
        at = int(control.NOW.timestamp() * 1_000_000)
        message, case = f"m-{number}", f"case-{number // 20}"
        rows.append((first + number, entry, leaf, at, "message_accepted", sender, message, case))
        if len(rows) == 50_000 or number == many - 1:
            with connection:
                connection.executemany(
                    "INSERT INTO audit (position, entry, leaf, at, action, actor, message_id, case_id) "
                    "VALUES (?,?,?,?,?,?,?,?)",
                    rows,
                )
            rows = []
    with connection:
        connection.executemany(
            "INSERT INTO cases (case_id, person_key, state, opened_at, parties, plans, suspended) "
            "VALUES (?,?,?,?,?,?,?)",
            [
                (f"case-{at * (many // 20 // PEOPLE)}", hub.vault.person_key(number), "active", 0, "[]", "{}", False)
                for at, number in enumerate(dict.fromkeys(NUMBERS))
            ],
        )
    connection.close()


async def measure(folder: Path, many: int) -> None:
    flags = {"data_dir": folder, "demo": True, "log_level": "error", "retention_hours": 0}
    given, clock = settings.load(flags, {}, None), FixedClock(control.NOW)
    hub = bootstrap.build_hub(given, clock=clock)
    await hub.close()
    control.fill(given.data_dir / bootstrap.DATABASE, many)
    fill_log(given.data_dir / bootstrap.DATABASE, hub, many)
    hub = bootstrap.build_hub(given, clock=clock)
    started = time.perf_counter()
    await hub.open()
    while await hub.integrator.step():
        pass
    print(f"{many:,} entries into the tree: {time.perf_counter() - started:.1f} s", flush=True)
    times, sizes = [], []
    for number in dict.fromkeys(NUMBERS):
        started = time.perf_counter()
        made = await making.make(hub, Wanted(number, "Provperson", Reason("register_extract")), "staff:operator")
        times.append(time.perf_counter() - started)
        parts = json.loads(made.files[making.JSON_NAME])["controllers"]
        sizes.append(sum(len(part["sent"]) for part in parts))
    await hub.close()
    print(
        f"{len(times)} extracts of {min(sizes)}-{max(sizes)} messages: median {statistics.median(times):.2f} s, "
        f"longest {max(times):.2f} s"
    )


async def main() -> None:
    for many in map(int, sys.argv[1:] or ["100000"]):
        with tempfile.TemporaryDirectory() as folder:
            await measure(Path(folder), many)


if __name__ == "__main__":
    asyncio.run(main())
