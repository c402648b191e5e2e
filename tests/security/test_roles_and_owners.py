"""Every address by every method and role, and everything with an id by everybody whose it is not (S6, S8)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub import bootstrap, settings
from hub.api import table
from hub.api.routes import ROLES, Access
from hub.identity.roles import SCOPED, Role
from tests.support import events
from tests.support.agency import operator
from tests.support.field import Field, OpenCase
from tests.support.party import Answer, Party, delivery_of

# Let in by the role, and then asked why.
NO_REASON = -403
# HEAD there is answered by the public address of tiles, which has nothing of that name.
TILES = {"/log/tile/entries/{tile}"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")
PATHS = sorted({operation.path for operation in table.OPERATIONS} - {"/v1/inbox/stream"})
BY_PATH = {
    path: {operation.method: operation for operation in table.OPERATIONS if operation.path == path} for path in PATHS
}


@dataclass(frozen=True, slots=True)
class Callers:
    """One of each kind: nobody, a unit, and a person of each role."""

    field: Field
    by_kind: dict[str, Party]


@pytest.fixture
async def callers(field: Field) -> Callers:
    by_kind = {"nobody": field.stranger(), "unit": field.party("sd-farsta")}
    given = settings.load({"data_dir": field.hub.data_dir}, {}, None)
    issuer = bootstrap.build_issuer(given)
    for role in Role:
        unit = {Role.HANDLAGGARE: ":sd-farsta", Role.TEAM_COORDINATOR: ":team-sydost"}[role] if role in SCOPED else ""
        body = {"iss": "https://idp.example", "sub": f"matrix-{role}", "name": "Åsa Öberg", "roles": [f"{role}{unit}"]}
        member = await operator(field.stranger()).call("PUT", "/v1/admin/staff", json=body)
        token = issuer.issue_staff(member.json["staff"], timedelta(minutes=5), datetime.now(UTC))
        by_kind[role.value] = field.stranger(token)
    return Callers(field, by_kind)


def may(access: Access, kind: str) -> bool:
    if access is Access.PUBLIC:
        return True
    if access is Access.UNIT:
        return kind == "unit"
    return kind in {role.value for role in ROLES[access]}


def expected(path: str, method: str, kind: str) -> set[int]:
    """What this caller may be answered: by the rule of the route, and by nothing else."""
    operation = BY_PATH[path].get(method)
    if operation is None and method == "HEAD":
        get = BY_PATH[path].get("GET")
        return {200, 400, 404, 503} if path in TILES or (get and get.access is Access.PUBLIC) else {405}
    if operation is None:
        return {405}
    if may(operation.access, kind):
        return {200, 201, 202, 204, 400, 404, 409, 410, 415, 422, 503, NO_REASON}
    if operation.access is Access.UNIT or kind in ("nobody", "unit"):
        return {401}
    return {403}


@pytest.mark.parametrize("path", PATHS)
async def test_each_method_of_an_address_answers_each_role_by_its_rule(callers: Callers, path: str) -> None:
    filled = re.sub(r"\{[^}]+\}", lambda _: events.new_id(), path)
    wrong = []
    for method in METHODS:
        for kind, caller in callers.by_kind.items():
            answer = await caller.call(method, filled)
            status = NO_REASON if answer.body and answer.code == "REASON_MISSING" else answer.status
            if status not in expected(path, method, kind):
                wrong.append((method, kind, answer.status))
    assert wrong == []


# -- things with an id, and whose they are not ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Things:
    """A case with what belongs to it, and who has nothing to do with it."""

    case: OpenCase
    strangers: list[Party]
    delivery: str

    def owned(self) -> dict[str, tuple[Party, str, str]]:
        """Name -> who may, method, path."""
        stadsdel, jobbtorg = self.case.stadsdel, self.case.jobbtorg
        return {
            "the message": (stadsdel, "GET", f"/v1/messages/{self.case.referral.json['id']}"),
            "the delivery": (jobbtorg, "GET", f"/v1/inbox/{self.delivery}"),
            "its acknowledgement": (jobbtorg, "POST", f"/v1/inbox/{self.delivery}/ack"),
            "the case": (stadsdel, "GET", f"/v1/cases/{self.case.case_id}"),
            "the consent": (stadsdel, "GET", f"/v1/consents/{self.case.consent_id}"),
        }


@pytest.fixture
async def things(field: Field) -> Things:
    case = await field.refer()
    strangers = [field.party(unit) for unit in ("fk-stockholm", "sd-farsta", "af-stockholm")]
    return Things(case, strangers, delivery_of(case.referral, case.jobbtorg.unit))


def seen(answer: Answer) -> tuple[int, Any]:
    """What a caller can compare: all but the id of the request."""
    document = {name: value for name, value in answer.json.items() if name != "request_id"} if answer.body else None
    return answer.status, document


async def test_what_belongs_to_others_is_as_if_it_were_not_there(things: Things) -> None:
    unknown = events.new_id()
    for name, (_, method, path) in things.owned().items():
        own_id = path.split("/")[3]
        for stranger in things.strangers:
            theirs = await stranger.call(method, path)
            nobodys = await stranger.call(method, path.replace(own_id, unknown))
            assert seen(theirs) == seen(nobodys), (name, stranger.unit)
            assert theirs.status == 404, (name, stranger.unit)


async def test_the_parties_see_each_their_own_side(things: Things) -> None:
    for name, (owner, method, path) in things.owned().items():
        assert (await owner.call(method, path)).status in (200, 204), name
    sent = things.owned()["the message"][2]
    assert (await things.case.jobbtorg.call("GET", sent)).status == 404  # the recipient has a delivery, not the message
    assert (await things.case.stadsdel.read(things.delivery)).status == 404


async def test_ids_of_one_kind_open_nothing_of_another(things: Things) -> None:
    ids = [things.delivery, things.case.case_id, things.case.consent_id, things.case.referral.json["id"]]
    stadsdel = things.case.stadsdel
    for prefix in ("/v1/messages/", "/v1/inbox/", "/v1/cases/", "/v1/consents/"):
        statuses = [(await stadsdel.call("GET", prefix + each)).status for each in ids]
        assert statuses.count(200) <= 1, prefix
