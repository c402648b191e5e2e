"""Every address by every role: what a rule does not open stays closed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub import bootstrap, settings
from hub.api import table
from hub.api.app import build_app
from hub.api.routes import ROLES, Access, Operation, Page
from hub.identity.roles import SCOPED, Role
from hub.web.pages import PAGES
from tests.support import events
from tests.support.field import Field
from tests.support.party import Answer, Party

STAFF_OPERATIONS = [each for each in table.OPERATIONS if each.access in ROLES]
CLOSED_OPERATIONS = [each for each in table.OPERATIONS if each.access is not Access.PUBLIC]
PROVIDER = "https://idp.example"


def token_for(field: Field, staff_id: str) -> str:
    given = settings.load({"data_dir": field.hub.data_dir}, {}, None)
    return bootstrap.build_issuer(given).issue_staff(staff_id, timedelta(minutes=5), datetime.now(UTC))


def operator(field: Field) -> Party:
    return field.stranger(token_for(field, "operator"))


def body(**changes: Any) -> dict[str, Any]:
    fresh: dict[str, Any] = {"iss": PROVIDER, "sub": events.new_id(), "name": "Åsa Öberg", "roles": ["auditor"]}
    return fresh | changes


async def put(field: Field, caller: Party | None = None, **changes: Any) -> Answer:
    return await (caller or operator(field)).call("PUT", "/v1/admin/staff", json=body(**changes))


async def member(field: Field, *roles: str, sub: str | None = None) -> Party:
    """Somebody with these roles, calling with a bearer token."""
    answer = await put(field, roles=list(roles), sub=sub or events.new_id())
    assert answer.status == 200, answer.body
    return field.stranger(token_for(field, answer.json["staff"]))


def grant(role: Role) -> str:
    unit = {Role.HANDLAGGARE: "sd-farsta", Role.TEAM_COORDINATOR: "team-sydost"}.get(role, "")
    return f"{role}:{unit}" if role in SCOPED else str(role)


def path_of(template: str) -> str:
    return re.sub(r"\{[^}]+\}", lambda _: events.new_id(), template)


def test_every_rule_is_one_that_the_gate_knows() -> None:
    assert {each.access for each in (*table.OPERATIONS, *PAGES)} <= {Access.PUBLIC, Access.UNIT, *ROLES}
    assert set(Access) == {Access.PUBLIC, Access.UNIT, *ROLES}
    assert all(ROLES.values())


async def test_no_route_of_the_program_stands_outside_the_table(tmp_path: Any) -> None:
    hub = bootstrap.build_hub(settings.load({"data_dir": tmp_path}, {}, None))
    routed = {
        (route.method, resource.canonical)
        for resource in build_app(hub).router.resources()
        for route in resource
        if route.method != "HEAD"
    }
    hub.store.close()
    tabled: list[Operation | Page] = [*table.OPERATIONS, *PAGES]
    assert routed == {(each.method, each.path) for each in tabled}
    assert len(tabled) == len(routed)


@pytest.mark.parametrize("operation", STAFF_OPERATIONS, ids=lambda each: f"{each.method} {each.path}")
async def test_each_role_gets_as_far_as_its_rule(field: Field, operation: Any) -> None:
    for role in Role:
        caller = await member(field, grant(role))
        answer = await caller.call(operation.method, path_of(operation.path))
        if role in ROLES[operation.access]:
            assert answer.status not in (401, 500), (role, answer.body)
            assert answer.code != "NOT_ALLOWED", role
        else:
            assert (answer.status, answer.code) == (403, "NOT_ALLOWED"), role


def test_an_auditor_sees_what_an_administrator_sees_and_changes_nothing() -> None:
    for each in STAFF_OPERATIONS:
        looks = each.method == "GET" or each.path == "/v1/audit/persons"  # a number stands in no address
        overseers = ROLES[each.access] & {Role.ADMINISTRATOR, Role.AUDITOR}
        assert (Role.AUDITOR in overseers) == (looks and bool(overseers)), each.path


@pytest.mark.parametrize("operation", CLOSED_OPERATIONS, ids=lambda each: f"{each.method} {each.path}")
async def test_units_and_people_cannot_use_each_others_addresses(field: Field, operation: Any) -> None:
    caller = field.party("sd-farsta") if operation.access in ROLES else operator(field)
    answer = await caller.call(operation.method, path_of(operation.path))
    assert (answer.status, answer.code) == (401, "NOT_AUTHENTICATED")


async def test_roles_count_as_they_are_now(field: Field) -> None:
    sub = events.new_id()
    caller = await member(field, "administrator", sub=sub)
    assert (await put(field, caller)).status == 200
    again = await put(field, sub=sub, roles=["auditor"])
    assert (await put(field, caller)).code == "NOT_ALLOWED"
    gone = await operator(field).call("DELETE", f"/v1/admin/staff/{again.json['staff']}")
    assert gone.status == 204
    assert (await caller.call("GET", "/v1/admin/staff")).status == 401
    twice = await operator(field).call("DELETE", f"/v1/admin/staff/{again.json['staff']}")
    assert twice.status == 404


async def test_the_same_person_keeps_one_id(field: Field) -> None:
    sub = events.new_id()
    first, second = await put(field, sub=sub), await put(field, sub=sub, name="Åsa Ö")
    assert first.json["staff"] == second.json["staff"]
    listed = [
        each for each in (await operator(field).call("GET", "/v1/admin/staff")).json["items"] if each["sub"] == sub
    ]
    assert [each["name"] for each in listed] == ["Åsa Ö"]


async def test_somebody_unknown_with_a_right_signature_is_nobody(field: Field) -> None:
    answer = await field.stranger(token_for(field, events.new_id())).call("GET", "/v1/admin/staff")
    assert (answer.status, answer.code) == (401, "NOT_AUTHENTICATED")


WRONG: Mapping[str, dict[str, Any]] = {
    "/iss": {"iss": "has space"},
    "/sub": {"sub": ""},
    "/name": {"name": " "},
    "/roles": {"roles": []},
    "/roles/0": {"roles": ["handlaggare:nowhere"]},
    "/roles/1": {"roles": ["auditor", "team_coordinator:sd-farsta"]},
}


@pytest.mark.parametrize("pointer", WRONG)
async def test_a_wrong_member_is_refused_at_the_field(field: Field, pointer: str) -> None:
    answer = await put(field, **WRONG[pointer])
    assert (answer.status, answer.code) == (422, "STAFF_WRONG")
    assert [fault["pointer"] for fault in answer.json["errors"]] == [pointer]
