"""The floor: aiohttp and the same rows in the same grouped durable commits, and no check at all.

What the hub adds to this is what it is for: who sends, is it well formed, may it be told, to whom, sealed and logged.
"""

from __future__ import annotations

import argparse
import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
import uvloop
from aiohttp import web

from hub.api.server import settle, stop_signal
from hub.commit_group import CommitGroup
from hub.store.port import Reader, Store
from hub.store.postgres import PostgresStore
from hub.store.records import (
    AuditRow,
    Changes,
    ClaimCheck,
    DataKey,
    DeliveryState,
    MessageKey,
    StoredCase,
    StoredDelivery,
    StoredMessage,
)
from hub.store.sqlite import SqliteStore
from routing.case import Case


@dataclass(frozen=True, slots=True)
class Take:
    body: bytes


class FloorLedger:
    """As much of a ledger as the commit group needs."""

    def __init__(self, group: Reader) -> None:
        self.group = group
        self.changes = Changes()
        self.claims: list[ClaimCheck] = []
        self.size = group.audit_size()


class Taking:
    def prepare(self, ledger: FloorLedger, commands: Sequence[Take]) -> None:
        return None

    def handle(self, ledger: FloorLedger, command: Take) -> bytes:
        at = datetime.now(UTC)
        case_id, delivery_id = str(uuid.uuid4()), str(uuid.uuid4())
        key = MessageKey("/units/sd-farsta", str(uuid.uuid4()))
        entry = b'{"action":"message_accepted","pad":"' + b"x" * 900 + b'"}'
        row = AuditRow(
            ledger.size,
            entry,
            hashlib.sha256(entry).digest(),
            at,
            "message_accepted",
            "sd-farsta",
            type="referral.submitted",
            message_id=key.message_id,
            case_id=case_id,
        )
        ledger.size += 1
        receipt = {"id": key.message_id, "case": case_id, "status": "accepted", "pad": "x" * 400}
        ledger.changes.messages.append(
            StoredMessage(
                key,
                case_id,
                case_id,
                "referral.submitted",
                "1.0",
                "sd-farsta",
                b"0" * 16,
                at,
                None,
                {"id": key.message_id, "source": key.source, "pad": "x" * 200},
                receipt,
                command.body,
            )
        )
        ledger.changes.deliveries.append(
            StoredDelivery(
                delivery_id,
                key,
                case_id,
                "jt-sydost",
                "jt",
                1,
                DeliveryState.PENDING,
                "deliver",
                None,
                "referral.submitted/jt",
                {"code": "CONSENT"},
                (),
                at,
            )
        )
        parties = frozenset({"sd-farsta", "jt-sydost"})
        case = Case(case_id, uuid.uuid4().hex, "referred", None, at, parties)
        ledger.changes.cases[case_id] = StoredCase(case)
        ledger.changes.data_keys.append(DataKey(case_id, b"0" * 60, "0" * 16))
        ledger.changes.sequences[(case_id, "jt-sydost")] = 1
        ledger.changes.audit.append(row)
        return orjson.dumps(receipt)


def open_store(where: str) -> Store:
    return PostgresStore.open(where) if "://" in where else SqliteStore.open(Path(where))


async def serve(where: str) -> None:
    group = CommitGroup(open_store(where), {Take: Taking()}, FloorLedger, largest=64)  # type: ignore[arg-type, dict-item]

    async def take(request: web.Request) -> web.Response:
        answer = await group.submit(Take(await request.read()))
        return web.Response(body=answer, status=202, content_type="application/json")

    app = web.Application()
    app.router.add_post("/v1/messages", take)
    group.start()
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    settle()  # as the hub does
    print(runner.addresses[0][1], flush=True)
    await stop_signal()
    await runner.cleanup()
    await group.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("database", help="a file of SQLite, or the URL of a PostgreSQL database")
    uvloop.run(serve(parser.parse_args().database))
