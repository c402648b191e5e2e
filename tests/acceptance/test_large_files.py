"""A file of a hundred megabytes: cut off and taken up again by another process, fetched whole, and never in memory."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from hub import bootstrap, settings
from hub.store.attachments import PART_BYTES
from tests.support import files, persons
from tests.support.field import Field
from tests.support.hub_process import HubProcess
from tests.support.party import Party, delivery_of

pytestmark = pytest.mark.slow

SIZE = 100 * 2**20
# Of the hub's own, whatever the size of the file: the caches of the database, parts under way, fragments.
GROWTH_MIB = 60.0


@pytest.fixture(params=["SQLite", "PostgreSQL"])
async def environ(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    if request.param == "SQLite":
        return {}
    environ = {"SAMVERKAN_DATABASE_URL": request.getfixturevalue("database_url")}
    await bootstrap.prepare(settings.load({"data_dir": tmp_path / "data"}, environ, None))
    return environ


@pytest.fixture
def hub(environ: dict[str, str], tmp_path: Path) -> Iterator[HubProcess]:
    started = HubProcess(tmp_path, environ=environ).start()
    yield started
    assert started.stop() == 0
    shutil.rmtree(started.data_dir)  # sealed, and much to search through


def most_mib(hub: HubProcess) -> float:
    """The most that it ever had in memory."""
    lines = Path(f"/proc/{hub.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


async def fetched_digest(party: Party, path: str) -> tuple[int, str]:
    """How many bytes come, and their SHA-256."""
    digest, size = hashlib.sha256(), 0
    headers = {"Authorization": f"Bearer {party.token}"}
    async with party.session.get(party.hub.url + path, headers=headers) as answer:
        assert answer.status == 200
        async for piece in answer.content.iter_chunked(PART_BYTES):
            digest.update(piece)
            size += len(piece)
    return size, digest.hexdigest()


async def test_a_hundred_megabytes_go_through_a_hub_that_is_killed_and_stay_out_of_its_memory(
    hub: HubProcess, session: aiohttp.ClientSession
) -> None:
    field = Field(session, hub)
    sender, jobbtorg = field.party("sd-farsta"), field.party("jt-sydost")
    assert (await sender.record(person=persons.BO)).status == 202
    small = await files.upload(sender, files.pdf())
    assert (await sender.call("DELETE", f"/v1/attachments/{small}")).status == 204
    content, before = files.pdf(SIZE), most_mib(hub)
    name = await files.begin(sender, content)
    for number in range(150):
        part = content[number * PART_BYTES : (number + 1) * PART_BYTES]
        assert (await files.put(sender, name, number, part)).status == 204
    uploading = most_mib(hub) - before

    hub.kill()
    hub.start()
    before = most_mib(hub)
    shown = (await sender.call("GET", f"/v1/attachments/{name}")).json
    assert (shown["state"], shown["missing"]) == ("uploading", list(range(150, 200)))
    for number in shown["missing"]:
        part = content[number * PART_BYTES : (number + 1) * PART_BYTES]
        assert (await files.put(sender, name, number, part)).status == 204
    answer = await files.complete(sender, name)
    assert (answer.status, answer.json["state"]) == (200, "ready"), answer.body
    sent = await files.refer(field, f"{name}=PL", ("PL",))
    assert sent.status == 202, sent.body
    path = f"/v1/inbox/{delivery_of(sent, 'jt-sydost')}/attachments/{name}"
    assert await fetched_digest(jobbtorg, path) == (SIZE, hashlib.sha256(content).hexdigest())
    assert (uploading < GROWTH_MIB, most_mib(hub) - before < GROWTH_MIB) == (True, True), (
        uploading,
        most_mib(hub) - before,
    )
