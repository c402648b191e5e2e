"""The tamper-evident log from outside: the public tree, closed entries, and receipts that prove."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from hub import bootstrap, bootstrap_log, settings
from hub.audit import merkle, proofs, tiles, verifying
from hub.audit.notes import Verifier
from hub.audit.proofs import Proof
from hub.audit.web_source import LogNotReached, WebSource
from hub.client.client import HubClient
from hub.store.records import AuditQuery
from tests.acceptance.test_roles import member
from tests.support.field import Field
from tests.support.party import Answer, Party, delivery_of


@pytest.fixture
def vkey(field: Field) -> Verifier:
    given = settings.load({"data_dir": field.hub.data_dir}, {}, None)
    return bootstrap_log.open_log_signer(given, create=False).verifier


async def until_signed(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer as soon as a checkpoint covers it."""
    while (answer := await ask()).status == 503:
        assert answer.code == "NOT_YET"
        assert answer.headers["Retry-After"] == "1"
        await asyncio.sleep(0.05)
    return answer


async def proof_of(party: Party, path: str) -> Proof:
    answer = await until_signed(lambda: party.call("GET", path))
    assert answer.status == 200, answer.body
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    return Proof.parse(answer.body.decode())


async def test_the_sender_can_prove_that_its_message_was_accepted(field: Field, vkey: Verifier) -> None:
    case = await field.refer()
    told = case.referral.json
    proof = await proof_of(case.stadsdel, f"/v1/messages/{told['id']}/proof")
    assert (proof.index, proof.leaf) == (told["log"]["index"], bytes.fromhex(told["log"]["leaf"]))
    checkpoint = proofs.verify(proof, bytes.fromhex(told["log"]["leaf"]), [vkey])
    assert checkpoint.size > proof.index
    assert proof.entry is not None
    entry = json.loads(proof.entry)
    assert (entry["action"], entry["message"], entry["actor"]) == ("message_accepted", told["id"], case.stadsdel.unit)


async def test_a_recipient_can_prove_what_it_did_and_learns_nothing_new(field: Field, vkey: Verifier) -> None:
    case = await field.refer()
    delivery = delivery_of(case.referral, case.jobbtorg.unit)
    path = f"/v1/inbox/{delivery}/proof"
    assert (await case.jobbtorg.call("GET", path)).status == 404
    assert (await case.jobbtorg.read(delivery)).status == 200
    read = await proof_of(case.jobbtorg, f"{path}?of=disclosed")
    assert read.entry is None
    assert read.leaf is not None
    proofs.verify(read, read.leaf, [vkey])
    await case.jobbtorg.acknowledge(delivery)
    await case.jobbtorg.report(delivery, "handled")
    actions = []
    for query in ("?of=acknowledged", "?of=handled", ""):
        proof = await proof_of(case.jobbtorg, path + query)
        assert proof.entry is not None
        proofs.verify(proof, merkle.leaf_hash(proof.entry), [vkey])
        actions.append(json.loads(proof.entry)["action"])
    assert actions == ["delivery_acknowledged", "delivery_handled", "delivery_handled"]
    assert (await case.jobbtorg.call("GET", f"{path}?of=sent")).status == 400


async def test_a_receipt_is_for_its_own_party_only(field: Field) -> None:
    case = await field.refer()
    delivery = delivery_of(case.referral, case.jobbtorg.unit)
    await case.jobbtorg.read(delivery)
    for party in (case.stadsdel, field.party("fk-stockholm")):
        assert (await party.call("GET", f"/v1/inbox/{delivery}/proof")).status == 404
    for party in (case.jobbtorg, field.party("fk-stockholm")):
        assert (await party.call("GET", f"/v1/messages/{case.referral.json['id']}/proof")).status == 404


async def test_the_client_library_brings_receipts(field: Field, vkey: Verifier) -> None:
    case = await field.refer()
    delivery = delivery_of(case.referral, case.jobbtorg.unit)
    async with HubClient(field.hub.url, case.stadsdel.token) as client:
        sent = Proof.parse(await client.message_proof(case.referral.json["id"]))
    async with HubClient(field.hub.url, case.jobbtorg.token) as client:
        await case.jobbtorg.read(delivery)
        read = Proof.parse(await client.delivery_proof(delivery, of="disclosed"))
    for proof in (sent, read):
        assert proof.leaf is not None
        proofs.verify(proof, proof.leaf, [vkey])


async def test_everybody_can_check_the_tree(field: Field, vkey: Verifier) -> None:
    await field.refer()
    async with WebSource(f"{field.hub.url}/log") as source:
        found = await verifying.verify(source, [vkey], with_entries=False)
        with pytest.raises(LogNotReached):
            await verifying.verify(source, [vkey])
    assert found.checkpoint.size > 0


async def test_checkpoint_and_tiles_say_how_long_they_may_be_kept(field: Field) -> None:
    await field.refer()
    checkpoint = await until_signed(lambda: field.get("/log/checkpoint"))
    tile = await field.get("/log/tile/0/000.p/1")
    assert checkpoint.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "max-age=1" in checkpoint.headers["Cache-Control"].split(", ")
    assert tile.headers["Content-Type"] == "application/octet-stream"
    assert "immutable" in tile.headers["Cache-Control"]
    assert len(tile.body) == 32


@pytest.mark.parametrize("path", ["tile/0/999", "tile/0/000.p/256", "tile/9/000.p/1", "tile/0/0", "tile/x", "other"])
async def test_what_is_no_tile_is_not_there(field: Field, path: str) -> None:
    assert (await field.get(f"/log/{path}")).status == 404


async def test_an_auditor_checks_every_entry_and_the_log_tells_of_it(field: Field, vkey: Verifier) -> None:
    await field.refer()
    auditor = await member(field, "auditor")
    async with WebSource(f"{field.hub.url}/log", auditor.token) as source:
        found = await verifying.verify(source, [vkey])
    assert found.entries == found.checkpoint.size
    bundle = await until_signed(lambda: auditor.call("GET", "/log/tile/entries/000.p/1?reason=supervision"))
    assert json.loads(tiles.unpack(bundle.body)[0])["action"] == "hub_started"
    given = settings.load({"data_dir": field.hub.data_dir}, {}, None)
    with bootstrap.open_reader(given) as reader:
        [row] = reader.list_audit(AuditQuery(after=reader.audit_size() - 2))
    looked = json.loads(row.entry)
    assert (looked["look"], looked["first"], looked["count"]) == ("log_entries", 0, 1)


@pytest.mark.parametrize("who", ["", "unit", "handlaggare:sd-farsta"])
async def test_entries_are_closed_to_everybody_else(field: Field, who: str) -> None:
    caller = field.stranger() if not who else field.party("sd-farsta") if who == "unit" else await member(field, who)
    answer = await caller.call("GET", "/log/tile/entries/000.p/1?reason=supervision")
    assert answer.status in (401, 403)


async def test_entries_take_a_reason(field: Field) -> None:
    answer = await (await member(field, "auditor")).call("GET", "/log/tile/entries/000.p/1")
    assert (answer.status, answer.code) == (403, "REASON_MISSING")


async def test_the_hub_says_when_it_has_signed_last(field: Field) -> None:
    page = (await field.get("/metrics")).body.decode()
    assert "hub_audit_checkpoint_age_seconds" in page
    assert (await field.get("/readyz?verbose")).json["checks"]["log"] == "ok"
