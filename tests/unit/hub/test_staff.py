"""Roles, reasons, and tokens of people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.identity import reasons, roles
from hub.identity.port import NotAuthenticated, Reason
from hub.identity.roles import Grant, Role, Staff
from hub.identity.tokens import SigningKey, TokenAuthenticator, TokenIssuer

AT = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
NAMES = {"issuer": "urn:samverkan:hub", "audience": "urn:samverkan:hub"}
KEY = SigningKey(bytes(32))
ISSUER = TokenIssuer(KEY, **NAMES)
STAFF_ID = "3f0c2a9e-6a0d-4a57-9d43-0f0b6a1f7c11"
MINUTE = timedelta(minutes=1)


def bearer(token: str) -> str:
    return f"Bearer {token}"


def test_a_persons_token_names_the_person() -> None:
    caller = TokenAuthenticator(KEY, **NAMES).authenticate_staff(bearer(ISSUER.issue_staff(STAFF_ID, MINUTE, AT)), AT)
    assert caller.staff_id == STAFF_ID


def test_a_persons_token_is_no_units_and_a_units_no_persons() -> None:
    authenticator = TokenAuthenticator(KEY, **NAMES)
    persons, units = ISSUER.issue_staff(STAFF_ID, MINUTE, AT), ISSUER.issue("sd-farsta", MINUTE, AT)
    for _ in range(2):  # also from what is remembered
        with pytest.raises(NotAuthenticated) as no_unit:
            authenticator.authenticate(bearer(persons), AT)
        with pytest.raises(NotAuthenticated) as no_person:
            authenticator.authenticate_staff(bearer(units), AT)
    assert (no_unit.value.reason, no_person.value.reason) == (Reason.NOT_A_UNIT, Reason.NOT_STAFF)


@pytest.mark.parametrize("staff_id", ["", "sd-farsta", "199001012385", STAFF_ID.upper(), STAFF_ID + "\n"])
def test_no_token_for_what_is_no_staff_id(staff_id: str) -> None:
    with pytest.raises(ValueError):
        ISSUER.issue_staff(staff_id, MINUTE, AT)


@pytest.mark.parametrize("text", ["administrator", "auditor", "data_officer", "handlaggare:sd-farsta"])
def test_a_role_is_written_as_it_is_read(text: str) -> None:
    assert str(roles.read_grant(text)) == text


@pytest.mark.parametrize("text", ["", "boss", "handlaggare", "handlaggare:", "administrator:sd-farsta", "Auditor"])
def test_refuses_what_is_no_role(text: str) -> None:
    with pytest.raises(roles.WrongGrant):
        roles.read_grant(text)


def test_a_person_acts_for_the_units_of_her_roles_only() -> None:
    asa = Staff(STAFF_ID, "Åsa", frozenset({Grant(Role.HANDLAGGARE, "sd-farsta"), Grant(Role.AUDITOR)}))
    assert asa.units == ("sd-farsta",)
    assert asa.may_act_for("sd-farsta")
    assert not asa.may_act_for("sd-bromma")
    assert not asa.may_act_for("")
    assert not roles.OPERATOR.units


def test_a_reason_is_one_of_the_list_with_a_number_of_the_diary_perhaps() -> None:
    assert reasons.read("complaint", " 2026/118 ").detail() == {"reason": "complaint", "reference": "2026/118"}
    assert reasons.read("complaint", None).detail() == {"reason": "complaint"}


@pytest.mark.parametrize(
    ("code", "reference", "field"),
    [
        (None, None, "reason"),
        ("", None, "reason"),
        ("because", None, "reason"),
        ("complaint", "Asta Provberg ringde", "reference"),
        ("complaint", "19900101-2385", "reference"),
        ("complaint", "9001012385", "reference"),
        ("complaint", "x" * 41, "reference"),
    ],
)
def test_no_reason_that_tells_of_somebody(code: str | None, reference: str | None, field: str) -> None:
    with pytest.raises(reasons.ReasonWrong) as wrong:
        reasons.read(code, reference)
    assert wrong.value.field == field


def test_every_reason_can_stand_in_the_log() -> None:
    from hub.audit.entry import LEFT_OUT, AuditAction, build

    for code in reasons.REASONS:
        entry = build(0, AT, AuditAction.STAFF_LOOKED, f"staff:{STAFF_ID}", detail={"reason": code, "look": "x"})
        assert LEFT_OUT.encode() not in entry.entry
