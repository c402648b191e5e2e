"""A new type of message, and another directory: files alone, no Python."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub import bootstrap, settings
from hub.api.server import Server
from schemas import registry
from tests.support import events, hub_here, persons
from tests.support import field as fields
from tests.support.field import Field
from tests.support.hub_process import HubProcess
from tests.support.party import Party, delivery_of

PROJECT = Path(__file__).parents[2]
NAME = "activity.noted"

RULE = f"""
[[type]]
name = "{NAME}"
title_sv = "Insats påbörjad"
senders = ["jt"]
subject = "required"
categories = ["ID", "PL"]

[[type.route]]
purpose = "jobbtorg_planning"
within = ["active"]

[[type.route.to]]
kinds = ["sd"]
found = "responsible"
bases = ["SOL_15_9", "CONSENT"]
"""


def leaf(title: str, english: str, **schema: Any) -> dict[str, Any]:
    return {
        **schema,
        "title": title,
        "description": f"{title}.",
        "x-en": {"title": english, "description": f"{english}."},
        "x-category": "PL",
    }


SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Insats påbörjad",
    "description": "En godkänd insats har börjat.",
    "x-en": {"title": "Activity started", "description": "An approved activity has begun."},
    "type": "object",
    "properties": {
        "handling": {"$ref": "../../parts/handling.json#/$defs/handling"},
        "person": {"$ref": "../../parts/person.json#/$defs/person"},
        "content": {
            "title": "Innehåll",
            "description": "Meddelandets egna uppgifter.",
            "x-en": {"title": "Content", "description": "The message's own part."},
            "type": "object",
            "properties": {
                "activity_id": leaf("Insats", "Activity", **{"$ref": "../../parts/basics.json#/$defs/local_id"}),
                "start": leaf("Start", "Start", **{"$ref": "../../parts/basics.json#/$defs/date"}),
            },
            "required": ["activity_id", "start"],
            "additionalProperties": False,
        },
    },
    "required": ["handling", "content"],
    "additionalProperties": False,
}


@pytest.fixture
async def enlarged(tmp_path: Path, session: aiohttp.ClientSession) -> AsyncIterator[Field]:
    """A hub whose catalogue has one file more and whose rulebook one row more."""
    schemas, rules = tmp_path / "schemas", tmp_path / "rules"
    for folder in ("messages", "parts"):
        shutil.copytree(PROJECT / "schemas" / folder, schemas / folder)
    shutil.copytree(PROJECT / "routing" / "rules", rules)
    example = events.data("case.closed", at=fields.now())
    example["content"] = {"activity_id": "a1", "start": "2026-03-02"}
    example["handling"]["categories"] = ["ID", "PL"]
    path = schemas / "messages" / NAME / "1.0.json"
    path.parent.mkdir()
    path.write_text(json.dumps(SCHEMA | {"examples": [example]}))
    (rules / "types-activity.toml").write_text(RULE)

    given = settings.load(
        {"data_dir": str(tmp_path / "data"), "rules_dir": str(rules), "allow_test_numbers": True}, {}, None
    )
    server = Server(bootstrap.build_hub(given, registry=registry.Registry.load(schemas)), "127.0.0.1", 0)
    await server.start()
    yield Field(session, hub_here.HubHere(server, given))  # type: ignore[arg-type]
    await server.stop()


async def test_a_schema_and_a_row_make_a_type(enlarged: Field) -> None:
    case = await enlarged.enrol()
    body = events.data("case.closed", at=fields.now(), person=case.person, categories=["ID", "PL"])
    body["content"] = {"activity_id": "a1", "start": "2026-03-02"}

    early = await case.jobbtorg.send(NAME, body, case.case_id)
    assert (early.status, early.code) == (409, "STATE_CONFLICT")  # no plan has been approved yet
    assert (await case.propose(1)).status == 202
    assert (await case.decide(1)).status == 202
    sent = await case.jobbtorg.send(NAME, body, case.case_id)
    assert sent.status == 202, sent.body
    copy = (await case.stadsdel.read(delivery_of(sent, case.stadsdel.unit))).json
    assert copy["type"] == f"se.samverkan.{NAME}"
    assert copy["data"]["content"] == body["content"]
    assert copy["data"]["person"]["personal_number"] == case.person.number

    # All that holds for the others holds for it.
    refused = await case.stadsdel.send(NAME, body, case.case_id)
    assert (refused.status, refused.code) == (403, "SENDER_NOT_ALLOWED")
    body["content"]["sanction"] = "indragning"
    assert (await case.jobbtorg.send(NAME, body, case.case_id)).code == "SCHEMA_INVALID"
    catalogue = (await enlarged.get("/v1/catalogue")).json["items"]
    assert f"se.samverkan.{NAME}" in {entry["type"] for entry in catalogue}
    assert (await enlarged.get(f"/schemas/{NAME}/1.0")).status == 200


async def test_without_its_row_a_type_goes_nowhere(field: Field) -> None:
    answer = await field.party("jt-sydost").tell("case.closed", events.new_id())
    assert answer.code == "COULD_NOT_BE_DELIVERED"
    event = field.party("jt-sydost").event("case.closed", {}) | {"type": f"se.samverkan.{NAME}"}
    assert (await field.party("jt-sydost").post(event)).code == "SCHEMA_UNKNOWN"


async def test_without_an_agreement_nothing_is_disclosed(
    start_hub: Callable[..., HubProcess], session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    directory = tmp_path / "directory"
    shutil.copytree(PROJECT / "routing" / "directory", directory)
    agreements = directory / "agreements.toml"
    # Both agreements ended last year.
    ended = re.sub(r"(?m)^verified = false", "verified = false\nvalid_to = 2020-12-31", agreements.read_text())
    agreements.write_text(ended)
    assert tomllib.loads(ended)["agreement"][0]["valid_to"].year == 2020
    hub = start_hub(flags=["--directory-dir", str(directory)])
    fk = Party(session, hub, "fk-stockholm")
    content = {"mode": "anonymous", "consent_id": None, "wished_seats": ["jt"], "parts": None}
    answer = await fk.tell(
        "finsam.case-initiated", person=None, to=[{"team": "team-sydost"}], basis=[], content=content
    )
    assert (answer.status, answer.code) == (403, "NO_AGREEMENT")
    assert persons.ASTA.number not in answer.body.decode()
