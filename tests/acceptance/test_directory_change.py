"""Units change by two administrators' word, and rules by one's, without a restart."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from hub import bootstrap, settings
from routing import directory as directories
from tests.support import events
from tests.support.field import Field
from tests.support.hub_process import HubProcess
from tests.support.party import Party


async def administrator(field: Field) -> Party:
    given = settings.load({"data_dir": field.hub.data_dir}, {}, None)
    issuer, ttl = bootstrap.build_issuer(given), timedelta(minutes=5)
    operator = field.stranger(issuer.issue_staff("operator", ttl, datetime.now(UTC)))
    member = {"iss": "https://idp.example", "sub": events.new_id(), "name": "Åsa Öberg", "roles": ["administrator"]}
    answer = await operator.call("PUT", "/v1/admin/staff", json=member)
    return field.stranger(issuer.issue_staff(answer.json["staff"], ttl, datetime.now(UTC)))


@pytest.mark.slow
async def test_units_change_by_the_word_of_two_administrators(
    start_hub: Callable[..., HubProcess], session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    units = shutil.copytree(directories.FOLDER, tmp_path / "units")
    field = Field(session, start_hub(flags=["--directory-dir", str(units)]))
    one, other = await administrator(field), await administrator(field)

    text = (units / "units.toml").read_text("utf-8")
    (units / "units.toml").write_text(text.replace('name = "Jobbtorg Sydost"', 'name = "Jobbtorg Sydöst"'), "utf-8")
    reloaded = await one.call("POST", "/v1/admin/rules/reload")
    assert reloaded.status == 200, reloaded.body
    digest = reloaded.json["directory"]["proposed"]["digest"]
    assert digest == reloaded.json["directory"]["on_disk"] != reloaded.json["directory"]["in_force"]

    shown = await other.call("GET", "/v1/admin/directory")
    assert any(line.startswith("+ unit") and "Jobbtorg Sydöst" in line for line in shown.json["differences"])
    own = await one.call("POST", "/v1/admin/directory/approve", json={"digest": digest})
    assert (own.status, own.code) == (403, "SECOND_PERSON_NEEDED")
    strange = await other.call("POST", "/v1/admin/directory/approve", json={"digest": "sha256:other"})
    assert (strange.status, strange.code) == (409, "NOTHING_PROPOSED")
    approved = await other.call("POST", "/v1/admin/directory/approve", json={"digest": digest})
    assert (approved.status, approved.json) == (200, {"in_force": digest})
    listed = await one.call("GET", "/v1/directory/units")
    assert "Jobbtorg Sydöst" in {unit["name"] for unit in listed.json["items"]}
    assert (await one.call("POST", "/v1/admin/directory/reject")).code == "NOTHING_PROPOSED"

    (units / "units.toml").write_text(text.replace('id = "jt-sydost"', 'id = "jt-sydvast"'), "utf-8")
    broken = await one.call("POST", "/v1/admin/rules/reload")
    assert (broken.status, broken.code) == (422, "RULES_BROKEN")
    assert broken.json["errors"]
    assert (await one.call("GET", "/v1/admin/directory")).json["in_force"] == digest
