"""A log behind an address that one does not trust: what is altered is found, and nothing is given away there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from hub.audit import notes, verifying
from hub.audit.checkpoints import Checkpoint
from hub.audit.verifying import VerificationFailed, Verified
from hub.audit.web_source import LogNotReached, WebSource
from tests.support.small_log import SIGNER, SmallLog

SIZE = 300


class Site:
    """Static files on a web server, whose files the test may alter; and what was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[str, str | None]] = []
        self.instead: dict[str, web.StreamResponse] = {}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/log/")
        self.asked.append((path, request.headers.get("Authorization")))
        if path in self.instead:
            return self.instead[path]
        file = self.folder / path
        return web.Response(body=file.read_bytes()) if file.is_file() else web.Response(status=404)

    async def verify(self, *, saved: Checkpoint | None = None, with_entries: bool = True) -> Verified:
        async with WebSource(self.url + "/log/", "a token") as source:
            older = [] if saved is None else [saved]
            return await verifying.verify(source, [SIGNER.verifier], saved=older, with_entries=with_entries)

    def alter(self, path: str) -> None:
        file = self.folder / path
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(bytes(content))

    url = ""


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with SmallLog(tmp_path / "hub") as log:
        await log.grow_to(SIZE)
        site = Site(log.export(tmp_path / "site"))
    app = web.Application()
    app.router.add_get("/{path:.*}", site.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield site
    await runner.cleanup()


async def test_a_whole_log_is_verified_and_only_entries_are_asked_for_with_the_token(site: Site) -> None:
    found = await site.verify()
    assert (found.entries, found.checkpoint.size) == (SIZE, SIZE)
    shown = {path.startswith("tile/entries/"): token for path, token in site.asked}
    assert shown == {True: "Bearer a token", False: None}
    older = verifying.open_checkpoint((site.folder / "checkpoint").read_bytes(), [SIGNER.verifier])[0]
    assert (await site.verify(saved=older)).older == (SIZE,)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("tile/entries/000", r"Entry \d+ is the first"),
        ("tile/entries/001.p/44", r"Entry \d+ is the first"),
        ("tile/0/000", r"Entry \d+ is the first"),
        ("tile/1/000.p/1", "do not lead to tile/1/000.p/1"),
        ("checkpoint", "cannot be relied on"),
    ],
)
async def test_one_altered_bit_of_a_file_is_found(site: Site, path: str, told: str) -> None:
    site.alter(path)
    with pytest.raises(VerificationFailed, match=told):
        await site.verify()


async def test_a_log_that_was_forked_or_cut_off_is_found_by_the_saved_checkpoint(site: Site) -> None:
    checkpoint = verifying.open_checkpoint((site.folder / "checkpoint").read_bytes(), [SIGNER.verifier])[0]
    with pytest.raises(VerificationFailed, match="forked"):
        await site.verify(saved=Checkpoint(checkpoint.origin, SIZE, bytes(32)))
    with pytest.raises(VerificationFailed, match="cut off"):
        await site.verify(saved=Checkpoint(checkpoint.origin, SIZE + 1, bytes(32)))
    with pytest.raises(VerificationFailed, match="not those of the checkpoint"):
        await site.verify(saved=Checkpoint(checkpoint.origin, SIZE - 1, bytes(32)))


async def test_a_checkpoint_of_another_key_is_refused(site: Site) -> None:
    other = notes.Signer("hub.example/log", notes.Kind.ED25519, b"6" * 32)
    text = notes.split((site.folder / "checkpoint").read_bytes())[0]
    (site.folder / "checkpoint").write_bytes(notes.join(text, [other.sign(text)]).encode())
    with pytest.raises(VerificationFailed, match="cannot be relied on"):
        await site.verify()


@pytest.mark.parametrize("path", ["tile/0/000", "tile/entries/000", "tile/1/000.p/1"])
async def test_a_file_that_is_missing_is_named(site: Site, path: str) -> None:
    (site.folder / path).unlink()
    with pytest.raises(VerificationFailed, match=f"{path.split('.')[0]}.* is missing"):
        await site.verify()


async def test_nobody_is_followed_elsewhere_with_the_token(site: Site) -> None:
    site.instead["tile/entries/000"] = web.Response(status=302, headers={"Location": "/elsewhere"})
    with pytest.raises(LogNotReached, match="answers 302"):
        await site.verify()
    assert "/elsewhere" not in [path for path, _ in site.asked]


async def test_a_file_that_is_longer_than_any_is_not_read_to_its_end(site: Site) -> None:
    site.instead["tile/0/000"] = web.Response(body=bytes(17_000_000))
    with pytest.raises(LogNotReached, match="more than any file"):
        await site.verify()


async def test_a_stranger_to_the_entries_is_told_what_to_do(site: Site) -> None:
    site.instead["tile/entries/000"] = web.Response(status=403)
    with pytest.raises(LogNotReached, match="--token"):
        await site.verify()
    assert (await site.verify(with_entries=False)).entries == 0
