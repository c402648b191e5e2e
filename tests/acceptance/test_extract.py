"""The register extract over HTTP: for the personal data officer, with a reason, the number in the body only."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from hub.extract import signing
from tests.acceptance.test_roles import member
from tests.support.field import Field
from tests.support.party import Answer

PATH = "/v1/audit/extract"


async def ask(field: Field, role: str = "data_officer", **body: Any) -> Answer:
    return await (await member(field, role)).call("POST", PATH, json=body)


async def test_the_officer_gets_document_paper_and_signature(field: Field) -> None:
    case = await field.refer()
    answer = await ask(field, number=case.person.number, reason="register_extract", reference="2026-117")
    assert answer.status == 200, answer.body
    assert answer.headers["Cache-Control"] == "no-store"
    files = {name: base64.b64decode(content) for name, content in answer.json["files"].items()}
    assert signing.check(answer.json["signature"], files, answer.json["key"])["extract"] == answer.json["extract"]
    document = json.loads(files["registerutdrag.json"])
    sent = [each["message"] for part in document["controllers"] for each in part["sent"]]
    assert case.referral.json["id"] in sent
    assert files["registerutdrag.pdf"].startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"reason": "curiosity"}, "/reason"),
        ({"number": "19900101-0000"}, "/number"),
        ({"reference": "Asta Provberg"}, "/reference"),
        ({"masked": "yes"}, "/masked"),
        ({"name": "x" * 201}, ""),
        ({"more": "x"}, ""),
    ],
)
async def test_what_is_wrong_is_named_without_its_value(field: Field, change: dict[str, Any], pointer: str) -> None:
    body = {"number": "199001012385", "reason": "register_extract", **change}
    answer = await ask(field, **body)
    assert (answer.status, answer.code) == (422, "EXTRACT_WRONG")
    assert answer.json["errors"][0]["pointer"] == pointer
    assert not any(str(value).encode() in answer.body for value in change.values() if len(str(value)) > 4)


async def test_without_a_reason_there_is_none(field: Field) -> None:
    assert (await ask(field, number="199001012385")).status == 422


@pytest.mark.parametrize("role", ["auditor", "handlaggare:sd-farsta", "team_coordinator:team-sydost"])
async def test_other_roles_get_none(field: Field, role: str) -> None:
    answer = await ask(field, role, number="199001012385", reason="register_extract")
    assert answer.status == 403
