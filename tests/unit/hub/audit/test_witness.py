"""A witness cosigns what continues and nothing else; the hub asks it and serves what it says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hub import clock
from hub.api import witness as door
from hub.audit import merkle, notes, policy, tiles, verifying
from hub.audit.checkpoints import Checkpoint
from hub.audit.cosigning import PAUSE, Witnesses
from hub.audit.integrating import Integrator
from hub.audit.notes import Kind, Signer
from hub.audit.policy import NamedWitness
from hub.audit.sources import StoreSource
from hub.audit.verifying import VerificationFailed
from hub.audit.witness import Request, Witness, WitnessInUse
from tests.contract import stored
from tests.support.small_log import SIGNER, SmallLog

WITNESS = Signer("fk.example/w1", Kind.COSIGNATURE, b"4" * 32)
STRANGER = Signer("other.example/log", Kind.ED25519, b"5" * 32)
LEAVES = [merkle.leaf_hash(b"%d" % index) for index in range(40)]


def look_up(height: int, position: int) -> bytes:
    return merkle.reduce(LEAVES[position << height : (position + 1) << height])


def note_of(size: int, *, root: bytes | None = None, signer: Signer = SIGNER) -> str:
    checkpoint = Checkpoint(signer.verifier.name, size, root or merkle.root_at(size, look_up))
    return notes.join(checkpoint.text, [signer.sign(checkpoint.text)])


def ask(old: int, size: int, **how: bytes) -> bytes:
    proof = merkle.consistency_proof(old, size, look_up) if old <= size else []
    return Request(old, tuple(proof), note_of(size, **how)).text.encode()  # type: ignore[arg-type]


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    one = Witness(tmp_path / "witness", WITNESS, [SIGNER.verifier], clock.FixedClock(stored.NOON))
    yield one
    one.close()


def test_cosigns_what_continues_and_says_when(witness: Witness) -> None:
    for old, size in ((0, 3), (3, 3), (3, 4), (4, 33)):
        answer = witness.add_checkpoint(ask(old, size))
        assert answer.status == 200, answer
        text = notes.split(note_of(size))[0]
        opened = notes.open_note(notes.join(text, [answer.body]), [WITNESS.verifier])
        assert opened.seen[0].at == int(stored.NOON.timestamp())


def test_remembers_across_a_restart(witness: Witness, tmp_path: Path) -> None:
    witness.add_checkpoint(ask(0, 5))
    witness.close()
    again = Witness(tmp_path / "witness", WITNESS, [SIGNER.verifier], clock.FixedClock(stored.NOON))
    answer = again.add_checkpoint(ask(0, 7))
    again.close()
    assert (answer.status, answer.body, answer.media_type) == (409, "5\n", "text/x.tlog.size")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"old 0\n", 400),
        (b"old 00\n\n" + note_of(5).encode(), 400),
        (b"old -1\n\n" + note_of(5).encode(), 400),
        (b"new 5\n\n" + note_of(5).encode(), 400),
        (b"old 5\nAAAA\n\n" + note_of(6).encode(), 400),
        (b"old 5\n" + b"qqpxtFzQlxqmzt4nVCrEYtHcbWZyZYBVmQGEgSMd8nI=\n" * 64 + b"\n" + note_of(6).encode(), 400),
        (b"\xff" + ask(5, 6), 400),
        (ask(5, 6).replace(b"\n6\n", b"\n06\n"), 400),
        (ask(7, 6), 400),
        (Request(5, (), note_of(6, signer=STRANGER)).text.encode(), 404),
        (ask(5, 6).replace(b"\n6\n", b"\n7\n"), 403),
        (ask(0, 6), 409),
        (ask(4, 6), 409),
        (ask(6, 7), 409),
        (Request(5, (), note_of(6)).text.encode(), 422),
        (Request(5, (bytes(32),) * 3, note_of(6)).text.encode(), 422),
        (ask(5, 6, root=merkle.leaf_hash(b"fork")), 422),
        (ask(5, 5, root=merkle.leaf_hash(b"fork")), 422),
        (Request(5, (bytes(32),), note_of(5)).text.encode(), 422),
    ],
)
def test_everything_else_is_refused_and_changes_nothing(witness: Witness, body: bytes, status: int) -> None:
    assert witness.add_checkpoint(ask(0, 5)).status == 200
    assert witness.add_checkpoint(body).status == status
    seen = witness.find_seen("hub.example/log")
    assert seen is not None
    assert seen.size == 5


def test_the_first_checkpoint_needs_no_proof_and_takes_none(witness: Witness) -> None:
    assert witness.add_checkpoint(Request(0, (bytes(32),), note_of(5)).text.encode()).status == 422
    assert witness.add_checkpoint(ask(0, 0, root=bytes(32))).status == 422
    assert witness.add_checkpoint(ask(0, 0)).status == 200
    assert witness.add_checkpoint(ask(0, 5)).status == 200


def test_it_is_on_disk_before_the_answer(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*anything: object, **more: object) -> None:
        raise OSError("full")

    with monkeypatch.context() as patch:
        patch.setattr("hub.audit.witness.write_durably", fail)
        with pytest.raises(OSError, match="full"):
            witness.add_checkpoint(ask(0, 5))
    assert witness.find_seen("hub.example/log") is None


def test_two_witnesses_do_not_share_a_memory(witness: Witness, tmp_path: Path) -> None:
    with pytest.raises(WitnessInUse):
        Witness(tmp_path / "witness", WITNESS, [], clock.FixedClock(stored.NOON))


# -- the hub and its witness -------------------------------------------------------------------------------------------


@pytest.fixture
async def url(witness: Witness) -> AsyncIterator[str]:
    runner = await door.serve(witness, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def log(tmp_path: Path, url: str) -> AsyncIterator[SmallLog]:
    async with SmallLog(tmp_path / "hub") as log:
        log.integrator = with_witness(log, url)
        yield log


def with_witness(log: SmallLog, url: str) -> Integrator:
    witnesses = Witnesses([NamedWitness("fk", WITNESS.verifier, url)], log.clock)
    integrator = Integrator(log.store, log.group, log.clock, log.signer, log.anchor, seconds=3600, witnesses=witnesses)
    integrator.check()
    return integrator


async def test_proofs_for_a_witness_are_read_where_the_store_wants_it(
    log: SmallLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a thread of its own where the database is on another machine: the loop does not wait for it."""
    asked: list[bool] = []
    is_asking = False
    ask, read = log.store.ask, log.store.reader().list_log_hashes

    async def watched(work: Callable[[], Any]) -> Any:
        def carry_out() -> Any:
            nonlocal is_asking
            is_asking = True
            try:
                return work()
            finally:
                is_asking = False

        return await ask(carry_out)

    def look(level: int, first: int, end: int) -> list[bytes]:
        asked.append(is_asking)
        return read(level, first, end)

    await log.grow_to(5)
    monkeypatch.setattr(log.store, "ask", watched)
    monkeypatch.setattr(log.store.reader(), "list_log_hashes", look)
    await log.grow_to(300)
    assert log.integrator.lags() == {"fk": 0}
    assert asked
    assert all(asked)


async def test_every_checkpoint_is_cosigned_before_it_is_served(log: SmallLog) -> None:
    for size in (1, 5, 300):
        await log.grow_to(size)
        seen = notes.open_note(log.note(), [SIGNER.verifier, WITNESS.verifier]).seen
        assert {one.verifier.name for one in seen} == {"hub.example/log", "fk.example/w1"}
        assert log.integrator.lags() == {"fk": 0}


async def test_a_hub_that_forgot_what_its_witness_knows_learns_it(log: SmallLog, url: str) -> None:
    await log.grow_to(5)
    log.integrator = with_witness(log, url)
    await log.grow_to(9)
    assert len(notes.open_note(log.note(), [WITNESS.verifier]).seen) == 1


async def test_a_witness_that_is_away_holds_nothing_up_and_is_asked_again(log: SmallLog, url: str) -> None:
    log.integrator = with_witness(log, "http://127.0.0.1:9")
    await log.grow_to(5)
    assert log.checkpoint().size == 5
    assert log.integrator.lags() == {"fk": 5}
    log.integrator._witnesses._witnesses = [NamedWitness("fk", WITNESS.verifier, url)]
    await log.grow_to(6)
    assert log.integrator.lags() == {"fk": 6}
    log.clock.advance(PAUSE)
    await log.integrator.step()
    assert log.integrator.lags() == {"fk": 0}
    assert len(notes.open_note(log.note(), [WITNESS.verifier]).seen) == 1


async def test_a_cosignature_that_does_not_hold_is_not_served(log: SmallLog) -> None:
    """Of another key under the witness's name, of another checkpoint, and no signature at all."""
    thief = Signer(WITNESS.verifier.name, Kind.COSIGNATURE, b"6" * 32)
    at = int(stored.NOON.timestamp())
    for number, answer in enumerate(
        (
            lambda text: thief.sign(text, at),
            lambda text: WITNESS.sign(text.replace("\n", "x\n", 1), at),
            STRANGER.sign,
            lambda text: "",
            lambda text: "nonsense\n",
        ),
        1,
    ):

        async def cosign(request: web.Request, answer: Callable[[str], str] = answer) -> web.Response:
            asked = Request.parse(await request.read())
            return web.Response(text=answer(notes.split(asked.note)[0]))

        app = web.Application()
        app.router.add_post("/add-checkpoint", cosign)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        log.integrator = with_witness(log, f"http://127.0.0.1:{runner.addresses[0][1]}")
        await log.grow_to(number)
        await runner.cleanup()
        assert [seen.verifier for seen in notes.open_note(log.note(), [SIGNER.verifier]).seen] == [SIGNER.verifier]
        assert len(notes.split(log.note())[1]) == 1
        assert log.integrator.lags() == {"fk": number}


async def test_a_log_that_was_rewritten_gets_no_cosignature(log: SmallLog, url: str, tmp_path: Path) -> None:
    await log.grow_to(5)
    async with SmallLog(tmp_path / "forged") as forged:
        await forged.append(7, shown=b"{}")
        forged.integrator = with_witness(forged, url)
        await forged.integrator.step()
        assert forged.integrator.lags() == {"fk": 2}
        with pytest.raises(VerificationFailed):
            await verifying.verify(StoreSource(forged.store.reader()), [WITNESS.verifier])


async def test_a_second_checkpoint_of_the_same_size_is_refused(log: SmallLog, url: str, tmp_path: Path) -> None:
    await log.grow_to(5)
    async with SmallLog(tmp_path / "fork") as fork:
        await fork.append(4)
        await fork.append(1, shown=b"{}")
        fork.integrator = with_witness(fork, url)
        await fork.integrator.step()
        assert [seen.verifier.name for seen in notes.open_note(fork.note(), [SIGNER.verifier]).seen] == [
            "hub.example/log"
        ]
        with pytest.raises(notes.NoteWrong):
            notes.open_note(fork.note(), [WITNESS.verifier])


# -- policies ----------------------------------------------------------------------------------------------------------

OTHERS = [Signer(f"w{number}", Kind.COSIGNATURE, bytes([number]) * 32) for number in range(10, 15)]


def policy_text(*lines: str) -> str:
    named = [f"witness w{at} {signer.verifier.vkey} https://w{at}.example/" for at, signer in enumerate(OTHERS)]
    return "\n".join(["# who counts", f"log {SIGNER.verifier.vkey}", "", *named, *lines]) + "\n"


@pytest.mark.parametrize(
    ("lines", "signed", "is_met"),
    [
        (["quorum none"], [], True),
        (["quorum w1"], [0], False),
        (["quorum w1"], [1], True),
        (["group g any w0 w1", "quorum g"], [1], True),
        (["group g all w0 w1", "quorum g"], [1], False),
        (["group g 2 w0 w1 w2", "quorum g"], [0, 2], True),
        (["group g 2 w0 w1 w2", "group h any w3 w4", "group all-of-it all g h", "quorum all-of-it"], [0, 2], False),
        (["group g 2 w0 w1 w2", "group h any w3 w4", "group all-of-it all g h", "quorum all-of-it"], [0, 2, 4], True),
    ],
)
def test_a_policy_asks_for_its_quorum(lines: list[str], signed: list[int], is_met: bool) -> None:
    found = policy.parse(policy_text(*lines))
    assert found.is_met_by([OTHERS[at].verifier for at in signed]) is is_met
    assert found.logs == (SIGNER.verifier,)
    assert found.witnesses[0].url == "https://w0.example"


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["quorum w9"],
        ["quorum none", "quorum none"],
        ["group g 3 w0 w1", "quorum g"],
        ["group g 0 w0 w1", "quorum g"],
        ["group g any", "quorum g"],
        ["group g any w0 w0", "quorum g"],
        ["group g any w0", "group h any w0", "quorum g"],
        ["group g any h", "group h any w0", "quorum g"],
        ["group none any w0", "quorum none"],
        ["group w0 any w1", "quorum none"],
        [f"witness again {OTHERS[0].verifier.vkey}", "quorum none"],
        [f"witness log {SIGNER.verifier.vkey}", "quorum none"],
        [f"log {OTHERS[0].verifier.vkey}", "quorum none"],
        ["something", "quorum none"],
    ],
)
def test_what_is_no_policy_is_refused_with_its_line(lines: list[str]) -> None:
    with pytest.raises(policy.PolicyWrong):
        policy.parse(policy_text(*lines))


def test_tiles_of_a_lookup_are_there() -> None:
    with pytest.raises(tiles.NoSuchTile):
        tiles.reader_of(lambda level, first, end: [])(0, 5)
