"""Every address: closed unless it is public, described as it is, and described validly."""

from __future__ import annotations

import re
from typing import Any

import openapi_spec_validator
import pytest

from hub.api import reference, table
from hub.api.routes import Access
from tests.support import events
from tests.support.field import Field
from tests.support.party import BATCH

WALK = [(operation.method, operation.path, operation.access) for operation in table.OPERATIONS]
PUBLIC = {
    "/v1/directory/units",
    "/v1/catalogue",
    "/schemas/{type}/{version}",
    "/livez",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/asyncapi.json",
    "/docs",
    "/docs/start.js",
    "/docs/assets/{name}",
}


def path_of(template: str) -> str:
    return re.sub(r"\{[^}]+\}", events.new_id(), template)


@pytest.mark.parametrize(("method", "path", "access"), WALK)
async def test_only_what_is_public_answers_without_a_token(
    field: Field, method: str, path: str, access: Access
) -> None:
    answer = await field.stranger().call(method, path_of(path))
    if access is Access.PUBLIC:
        # The token endpoint answers everybody, in its own words.
        assert answer.status in ((400,) if path == "/oauth/token" else (200, 404))
    else:
        assert (answer.status, answer.code) == (401, "NOT_AUTHENTICATED")


def test_every_route_of_a_unit_names_the_scope_that_opens_it() -> None:
    for operation in table.OPERATIONS:
        assert (operation.scope is not None) == (operation.access is Access.UNIT), operation.path


def test_public_is_what_the_contract_calls_public() -> None:
    assert {path for _, path, access in WALK if access is Access.PUBLIC} <= PUBLIC | {
        "/log/checkpoint",
        "/log/tile/{tile}",
        "/.well-known/oauth-authorization-server",
        "/oauth/token",
        "/.well-known/jwks.json",
        "/v1/self-test",
    }


@pytest.fixture
async def document(field: Field) -> dict[str, Any]:
    answer = await field.get("/openapi.json")
    assert answer.status == 200
    found: dict[str, Any] = answer.json
    return found


async def test_the_openapi_document_is_one(document: dict[str, Any]) -> None:
    openapi_spec_validator.validate(document)


async def test_the_openapi_document_has_every_route_and_no_other(document: dict[str, Any]) -> None:
    described = {
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method in item
        if method in ("get", "post", "put", "delete", "patch")
    }
    assert described == {(method, path) for method, path, _ in WALK}


async def test_the_openapi_document_says_which_routes_need_a_token(document: dict[str, Any]) -> None:
    for method, path, access in WALK:
        operation = document["paths"][path][method.lower()]
        security = operation.get("security", document.get("security", []))
        assert bool(security) == (access is not Access.PUBLIC), (method, path)


async def test_the_page_of_the_document_has_its_files_by_the_types_that_it_names(
    field: Field, document: dict[str, Any]
) -> None:
    described = document["paths"]["/docs/assets/{name}"]["get"]["responses"]["200"]["content"]
    answers = [await field.stranger("").call("GET", f"/docs/assets/{name}") for name in reference.DOCS_ASSETS]
    assert [answer.status for answer in answers] == [200, 200]
    assert [answer.headers["Content-Type"] for answer in answers] == list(described)


async def test_a_batch_is_named_where_it_is_taken_and_refused_elsewhere(field: Field, document: dict[str, Any]) -> None:
    farsta = field.party("sd-farsta")
    for path, status in (("/v1/messages", 200), ("/v1/rules/explain", 415)):
        named = BATCH in document["paths"][path]["post"]["requestBody"]["content"]
        answer = await farsta.call("POST", path, data=b"[]", headers={"Content-Type": BATCH})
        assert (answer.status, named) == (status, status == 200)


async def test_answers_are_not_kept_by_anybody_on_the_way(field: Field) -> None:
    case = await field.refer()
    answer = await case.stadsdel.sent(case.referral.json["id"])
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in answer.headers


async def test_one_units_token_opens_one_units_inbox(field: Field) -> None:
    case = await field.refer()
    others = {item["delivery"] for item in await field.party("fk-stockholm").inbox()}
    own = {item["delivery"] for item in await case.jobbtorg.inbox()}
    assert own
    assert not own & others


async def test_reference_data_is_public_and_complete(field: Field) -> None:
    units = (await field.get("/v1/directory/units")).json["items"]
    assert {"sd-farsta", "jt-sydost", "team-sydost"} <= {unit["unit"] for unit in units}
    assert "sd-norrmalm" not in {unit["unit"] for unit in units}
    in_2022 = (await field.get("/v1/directory/units", on="2022-03-01")).json["items"]
    assert "sd-norrmalm" in {unit["unit"] for unit in in_2022}
    catalogue = (await field.get("/v1/catalogue")).json["items"]
    assert len(catalogue) >= 10
    for entry in catalogue:
        assert (await field.get(entry["dataschema"])).status == 200
