"""Every address by every method and role, and everything with an id by everybody whose it is not (S6, S8)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from hub import bootstrap, settings, slots
from hub.api import table
from hub.api.routes import ROLES, Access
from hub.identity.roles import SCOPED, Role
from routing import directory as directories
from tests.security.conftest import BuildTown
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


# One open unit of each kind that the directory has, but for the hub itself.
UNITS = {
    unit.kind: unit.unit_id
    for unit in reversed(directories.load(None).list_units(date(2026, 11, 1)))
    # No name of a unit here may look like one of a person's, whom nobody may find in the log.
    if unit.kind != "hub" and "exempel" not in unit.unit_id
}
SOME = ("nobody", UNITS["sd"], Role.HANDLAGGARE.value, Role.ADMINISTRATOR.value)


@dataclass(frozen=True, slots=True)
class Callers:
    """One of each kind: nobody, a unit of each kind, and a person of each role."""

    field: Field
    by_kind: dict[str, Party]


@pytest.fixture
async def callers(field: Field) -> Callers:
    by_kind = {"nobody": field.stranger(), **{unit: field.party(unit) for unit in UNITS.values()}}
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
        return kind in UNITS.values()
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
    if operation.access is Access.UNIT or kind not in set(Role):
        return {401}
    return {403}


def test_every_kind_of_unit_asks() -> None:
    assert set(UNITS) >= {"sd", "jt", "af", "fk", "rg", "team", "pv", "sfi", "utb"}


@pytest.mark.parametrize("path", PATHS)
async def test_each_method_of_an_address_answers_each_role_by_its_rule(callers: Callers, path: str) -> None:
    filled = re.sub(r"\{[^}]+\}", lambda _: events.new_id(), path)
    wrong = []
    for method in METHODS:
        # Where there is nothing, some are enough to find nothing.
        asked = callers.by_kind if method in BY_PATH[path] else SOME
        for kind in asked:
            caller = callers.by_kind[kind]
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
    upload: str

    def owned(self) -> dict[str, tuple[Party, str, str]]:
        """Name -> who may, method, path."""
        stadsdel, jobbtorg = self.case.stadsdel, self.case.jobbtorg
        return {
            "the message": (stadsdel, "GET", f"/v1/messages/{self.case.referral.json['id']}"),
            "the delivery": (jobbtorg, "GET", f"/v1/inbox/{self.delivery}"),
            "its acknowledgement": (jobbtorg, "POST", f"/v1/inbox/{self.delivery}/ack"),
            "its report": (jobbtorg, "POST", f"/v1/inbox/{self.delivery}/handled"),
            "its proof": (jobbtorg, "GET", f"/v1/inbox/{self.delivery}/proof"),
            "the message's proof": (stadsdel, "GET", f"/v1/messages/{self.case.referral.json['id']}/proof"),
            "the message's evidence": (stadsdel, "GET", f"/v1/messages/{self.case.referral.json['id']}/evidence"),
            "its file": (jobbtorg, "GET", f"/v1/inbox/{self.delivery}/attachments/{self.upload}"),
            "the upload": (stadsdel, "GET", f"/v1/attachments/{self.upload}"),
            "a part of the upload": (stadsdel, "PUT", f"/v1/attachments/{self.upload}/parts/0"),
            "the end of the upload": (stadsdel, "POST", f"/v1/attachments/{self.upload}/complete"),
            "the case": (stadsdel, "GET", f"/v1/cases/{self.case.case_id}"),
            "the consent": (stadsdel, "GET", f"/v1/consents/{self.case.consent_id}"),
        }


@pytest.fixture
async def things(field: Field) -> Things:
    case = await field.refer()
    # Units of one authority share what it was told in a consent.
    directory = directories.load(None)
    theirs = {directory.find_authority(party.unit) for party in (case.stadsdel, case.jobbtorg)}
    strangers = [field.party(unit) for unit in UNITS.values() if directory.find_authority(unit) not in theirs]
    announced = {"media_type": "application/pdf", "size": 9, "sha256": "0" * 64}
    upload = await case.stadsdel.call("POST", "/v1/attachments", json=announced)
    assert upload.status == 201, upload.body
    delivery = delivery_of(case.referral, case.jobbtorg.unit)
    return Things(case, strangers, delivery, upload.headers["Location"].rpartition("/")[2])


def body_of(path: str) -> dict[str, Any]:
    """What the address wants to be sent, so that nothing but whose it is can be wrong."""
    if path.endswith("/handled"):
        return {"json": {"outcome": "handled"}}
    if "/parts/" in path:
        return {"data": b"123456789", "headers": {"Content-Type": "application/octet-stream"}}
    return {}


def seen(answer: Answer) -> tuple[int, Any]:
    """What a caller can compare: all but the id of the request."""
    document = {name: value for name, value in answer.json.items() if name != "request_id"} if answer.body else None
    return answer.status, document


# What takes more than a referral before its owner gets it: tested where that is.
LATER = {
    "its report",
    "its proof",
    "its file",
    "the message's proof",
    "the message's evidence",
    "a part of the upload",
    "the end of the upload",
}


def test_every_address_with_an_id_is_among_them() -> None:
    owned = {
        operation.path for operation in table.OPERATIONS if operation.access is Access.UNIT and "{" in operation.path
    }
    assert owned == {
        "/v1/messages/{id}",
        "/v1/messages/{id}/proof",
        "/v1/messages/{id}/evidence",
        "/v1/inbox/{delivery}",
        "/v1/inbox/{delivery}/ack",
        "/v1/inbox/{delivery}/handled",
        "/v1/inbox/{delivery}/proof",
        "/v1/inbox/{delivery}/attachments/{attachment}",
        "/v1/attachments/{attachment}",
        "/v1/attachments/{attachment}/complete",
        "/v1/attachments/{attachment}/parts/{number}",
        "/v1/cases/{id}",
        "/v1/consents/{id}",
    }


async def test_no_role_of_a_person_opens_what_belongs_to_a_unit(things: Things, callers: Callers) -> None:
    for name, (_, method, path) in things.owned().items():
        for role in Role:
            answer = await callers.by_kind[role.value].call(method, path)
            assert (answer.status, answer.code) == (401, "NOT_AUTHENTICATED"), (name, role)


async def test_what_belongs_to_others_is_as_if_it_were_not_there(things: Things) -> None:
    unknown = events.new_id()
    for name, (_, method, path) in things.owned().items():
        own_id = path.split("/")[3]
        for stranger in things.strangers:
            theirs = await stranger.call(method, path, **body_of(path))
            nobodys = await stranger.call(method, path.replace(own_id, unknown), **body_of(path))
            assert seen(theirs) == seen(nobodys), (name, stranger.unit)
            assert theirs.status == 404, (name, stranger.unit)


async def test_the_answer_about_anothers_comes_at_the_end_of_its_slot_as_that_about_nobodys(
    build_town: BuildTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = await build_town()
    farsta, jobbtorg, stranger = (town.party(unit) for unit in ("sd-farsta", "jt-sydost", "fk-stockholm"))
    assert (await farsta.record()).status == 202
    referral = await farsta.tell("referral.submitted")
    held: list[str] = []

    class Held:
        """A stretch of time that is over when somebody waits for it."""

        async def rest(self) -> None:
            held.append("waited")

    monkeypatch.setattr(slots, "Slot", Held)
    delivery = delivery_of(referral, jobbtorg.unit)
    for path in (f"/v1/inbox/{delivery}", f"/v1/cases/{referral.json['case']}", f"/v1/messages/{referral.json['id']}"):
        for asked in (path, path.rpartition("/")[0] + f"/{events.new_id()}"):
            held.clear()
            assert (await stranger.call("GET", asked)).status == 404
            assert held == ["waited"], asked
    held.clear()
    assert (await jobbtorg.read(delivery)).status == 200
    assert held == []  # whose it is need not wait


async def test_the_parties_see_each_their_own_side(things: Things) -> None:
    for name, (owner, method, path) in things.owned().items():
        if name not in LATER:
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
