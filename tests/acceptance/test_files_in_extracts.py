"""The register extract about files: a file has no name at the hub, so it is told by facts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub import bootstrap, settings
from hub.api.server import Server
from hub.extract import making
from hub.extract.making import Wanted
from hub.identity.reasons import Reason
from hub.service import Hub
from hub.store.attachments import PART_BYTES
from hub.store.records import Changes, Shred
from tests.support import files, hub_here, pdf_text, persons
from tests.support.field import Field
from tests.support.party import delivery_of


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[tuple[Hub, Server]]:
    hub = bootstrap.build_hub(settings.load({"data_dir": str(tmp_path / "data"), "allow_test_numbers": True}, {}, None))
    server = Server(hub, "127.0.0.1", 0)
    await server.start()
    yield hub, server
    await server.stop()


async def test_an_extract_tells_of_files_what_they_were_and_who_fetched_them(
    hub: tuple[Hub, Server], session: aiohttp.ClientSession
) -> None:
    """By kind, size, digest and categories: a file has no name, and what was held back from everybody is told too."""
    house, server = hub
    field = Field(session, hub_here.HubHere(server, house.settings))  # type: ignore[arg-type]
    sender, jobbtorg = field.party("sd-farsta"), field.party("jt-sydost")
    assert (await sender.record(person=persons.BO)).status == 202
    plan, health = files.pdf(PART_BYTES + 77), files.png()
    shown, hidden = await files.upload(sender, plan), await files.upload(sender, health, files.PNG_TYPE)
    sent = await files.refer(field, f"{shown}=PL+WO {hidden}=HE", ("PL", "WO", "HE"))
    delivery = delivery_of(sent, "jt-sydost")
    await files.fetch(jobbtorg, delivery, shown)

    async def told() -> tuple[dict[str, dict[str, Any]], str]:
        wanted = Wanted(persons.BO.number, "", Reason("register_extract"))
        made = await making.make(house, wanted, "staff:operator")
        document = json.loads(made.files[making.JSON_NAME])
        found = [each for part in document["controllers"] for row in part["sent"] for each in row["attachments"]]
        return {each["attachment"]: each for each in found}, pdf_text.read(made.files[making.PDF_NAME])

    found, paper = await told()
    assert found.keys() == {shown, hidden}
    assert (found[shown]["media_type"], found[shown]["size"]) == (files.PDF_TYPE, len(plan))
    assert found[shown]["sha256"] == hashlib.sha256(plan).hexdigest()
    assert [each["code"] for each in found[shown]["categories"]] == ["PL", "WO"]
    assert [each["by"]["unit"] for each in found[shown]["fetched"]] == ["jt-sydost"]
    assert found[hidden]["fetched"] == []
    assert ("Bilaga: PDF-fil, 524 kB." in " ".join(paper.split())) and "bild (PNG)" in paper
    lane = house.reader.find_attachments([shown])[shown].lane_id
    group = house.store.begin()
    group.write(Changes(shreds=[Shred({lane: lane})]))
    await house.store.commit(group)
    found, _ = await told()
    assert (found[shown]["sha256"], found[shown]["size"]) == (None, len(plan))
