"""The pages about connections: what a technician learns, a stranger does not, and that a pasted secret goes nowhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest

from hub.identity.assertions import Fault
from hub.identity.party_keys import AddKey, RefuseToken
from hub.store.parties import KeyKind, PartyKey
from hub.store.records import AuditQuery
from hub.web import texts
from hub.web.connection import examining
from tests.support.agency import ASSERTION, Key, assertion, b64
from tests.support.browsing import Browser, Shown
from tests.unit.hub.web.conftest import START, Pages

KEY, STRANGE_KEY = Key(), Key.on_p256()
UNIT = "sd-farsta"
SWEDISH = texts.load("sv")


@pytest.fixture
async def known(pages: Pages) -> Pages:
    key = PartyKey(UNIT, KEY.thumbprint, KeyKind.JWK, "2026-1", KEY.jwk, START - timedelta(days=1))
    await pages.hub.group.submit(AddKey("staff:operator", key))
    return pages


async def paste(browser: Browser, text: str) -> Shown:
    page = await browser.get("/connection")
    return await browser.post("/connection", {"csrf": page.token, "assertion": text})


def told(shown: Shown) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", shown.text)))


def says(shown: Shown, *keys: str) -> bool:
    return all(SWEDISH(f"connection.{key}") in told(shown) for key in keys)


def made(**changes: Any) -> str:
    return assertion(UNIT, KEY, at=START, **changes)


AT = int(START.timestamp())
WRONG: dict[str, tuple[Callable[[], str], tuple[str, ...]]] = {
    "an empty field": (lambda: "", ("faults.MALFORMED",)),
    "a private key": (lambda: "-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----", ("hints.private_key",)),
    "a private JWK": (lambda: '{"kty":"OKP","crv":"Ed25519","d":"abc"}', ("hints.private_key",)),
    "a line break": (lambda: made()[:40] + "\n" + made()[40:], ("faults.MALFORMED", "hints.spaces")),
    "padding": (lambda: made() + "==", ("faults.MALFORMED", "hints.padding")),
    "the word Bearer": (lambda: "Bearer " + made(), ("hints.bearer",)),
    "five parts": (lambda: "a.b.c.d.e", ("hints.encrypted",)),
    "RSA": (lambda: made(header={"alg": "RS256"}), ("faults.ALGORITHM", "hints.rsa")),
    "a shared secret": (lambda: made(header={"alg": "HS256"}), ("faults.ALGORITHM", "hints.secret")),
    "no signature": (lambda: made(header={"alg": "none"}), ("faults.ALGORITHM", "hints.unsigned")),
    "an access token": (lambda: made(header={"typ": "at+jwt"}), ("faults.HEADER", "hints.access_token")),
    "a key in the header": (lambda: made(header={"jwk": KEY.jwk}), ("faults.HEADER",)),
    "a list as audience": (lambda: made(aud=["x"]), ("faults.AUDIENCE", "hints.aud_list", "ok.key")),
    "an address as audience": (lambda: made(aud="https://hub.example/oauth/token"), ("hints.aud_endpoint", "ok.key")),
    "no audience": (lambda: made(aud=...), ("faults.AUDIENCE", "hints.aud_missing")),
    "no jti": (lambda: made(jti=...), ("faults.CLAIMS",)),
    "milliseconds": (lambda: made(exp=AT * 1000), ("faults.CLAIMS", "hints.milliseconds")),
    "times as text": (lambda: made(exp=str(AT)), ("faults.CLAIMS", "hints.text_times")),
    "another issuer": (lambda: made(iss="jt-sydost"), ("faults.SUBJECT",)),
    "too late": (lambda: made(iat=AT - 90, exp=AT - 30), ("faults.EXPIRED", "ok.key")),
    "too early": (lambda: made(iat=AT + 40), ("faults.NOT_YET_VALID",)),
    "for a day": (lambda: made(exp=AT + 86_400), ("faults.TOO_LONG",)),
    "another's key": (lambda: assertion(UNIT, STRANGE_KEY, at=START), ("faults.KEY", "ok.audience", "ok.clock")),
    "several at once": (
        lambda: assertion(UNIT, STRANGE_KEY, at=START, aud="x", exp=AT - 1),
        ("faults.KEY", "faults.AUDIENCE", "faults.EXPIRED"),
    ),
}


@pytest.mark.slow
async def test_each_fault_is_told_with_what_to_do_and_nothing_is_repeated_or_opened(known: Pages) -> None:
    browser = known.browser()
    for name, (make, keys) in WRONG.items():
        text = make()
        shown = await paste(browser, text)
        assert shown.status == 200, name
        assert says(shown, "try.wrong", *keys), name
        assert not text or text not in shown.text, name
        assert UNIT not in told(shown).replace("till exempel sd-farsta", ""), name  # of the unit: nothing
    assert "connection_tried" not in known.actions()


async def test_seconds_between_the_clocks_are_told(known: Pages) -> None:
    shown = await paste(known.browser(), made(iat=AT - 90, exp=AT - 30))
    assert "90 sekunder före navets klocka" in told(shown)
    assert "gick ut för 30 sekunder sedan" in told(shown)
    assert "klocka går 40 sekunder före" in told(await paste(known.browser(), made(iat=AT + 40)))


async def test_who_can_sign_as_the_unit_sees_its_connection_and_has_used_the_assertion_up(known: Pages) -> None:
    hub, browser = known.hub, known.browser()
    await hub.group.submit(RefuseToken(UNIT, "audience"))
    signed = made()
    shown = await paste(browser, signed)
    assert says(shown, "try.right", "ok.key", "ok.once")
    assert all(text in told(shown) for text in ("2026-1", KEY.thumbprint, "Inget väntar på kvittens."))
    tried = [row for row in hub.reader.list_audit(AuditQuery(limit=100)) if row.action == "connection_tried"]
    assert [row.actor for row in tried] == [UNIT]
    again = await paste(browser, signed)
    assert says(again, "try.wrong", "faults.REPLAYED", "ok.key")
    assert KEY.thumbprint not in again.text
    body = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "client_assertion": signed}
    refused = await browser.post("/oauth/token", body)
    assert (refused.status, "used before" in refused.text) == (401, True)


async def test_a_stranger_cannot_tell_units_that_are_there_from_those_that_are_not(known: Pages) -> None:
    browser = known.browser()
    answers = set()
    for unit in (UNIT, "jt-sydost", "sd-atlantis", "' OR 1=1 --"):
        shown = await paste(browser, assertion(unit, STRANGE_KEY, at=START))
        answers.add(re.sub(r"[0-9a-f]{64}", "#", shown.text))
    assert len(answers) == 1
    assert known.hub.attempts.list_latest(UNIT) == []


async def test_the_form_must_be_ours_and_nobody_tries_without_end(known: Pages) -> None:
    browser, stranger = known.browser(), known.browser()
    assert (await stranger.post("/connection", {"csrf": "x" * 64, "assertion": made()})).status == 403
    page = await browser.get("/connection")
    assert (await browser.post("/connection", {"csrf": "x" * 64, "assertion": made()})).status == 403
    away = await browser.post("/connection", {"csrf": page.token, "assertion": ""}, Origin="https://elsewhere.example")
    assert away.status == 403
    seen = [(await browser.post("/connection", {"csrf": page.token, "assertion": "x"})).status for _ in range(121)]
    assert (set(seen[:-1]), seen[-1]) == ({200}, 429)
    alarms = [row for row in known.hub.reader.list_audit(AuditQuery(limit=100)) if row.action == "limit_reached"]
    assert [(row.actor, row.code) for row in alarms] == [("hub", "trials")]


async def test_what_was_pasted_is_in_no_address_cookie_or_log(known: Pages, capfd: pytest.CaptureFixture[str]) -> None:
    secret = b64(b"a secret that somebody pasted by mistake")
    shown = await paste(known.browser(), f"-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----")
    assert secret not in shown.text + str(shown.headers) + str(shown.cookies)
    assert secret not in "".join(capfd.readouterr())
    assert "'self'" in shown.headers["Content-Security-Policy"]
    assert shown.headers["Cache-Control"] == "no-store"


async def test_requests_for_tokens_are_shown_with_their_reason_and_the_clock_of_the_unit(known: Pages) -> None:
    browser, admin = known.browser(), await known.signed_in("admin")

    async def ask(signed: str) -> int:
        form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "client_assertion": signed}
        return (await browser.post("/oauth/token", form)).status

    assert await ask(made(aud="x", iat=AT - 7)) == 401
    known.pass_time(timedelta(seconds=1))
    assert await ask(made(iat=AT - 2)) == 200
    listed = await admin.get("/admin/connections")
    assert says(listed, "unit.given")
    one = await admin.get(f"/admin/connections/{UNIT}")
    assert says(one, "unit.given", "refused.audience")
    assert "3 s efter navets" in told(one)
    assert "7 s efter navets" in told(one)
    assert (await admin.get("/admin/connections/sd-atlantis")).status == 404


async def test_strangers_cannot_push_out_what_the_unit_did(known: Pages) -> None:
    browser = known.browser()
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION}
    assert (await browser.post("/oauth/token", form | {"client_assertion": made()})).status == 200
    for _ in range(12):
        await browser.post("/oauth/token", form | {"client_assertion": assertion(UNIT, STRANGE_KEY, at=START)})
    found = known.hub.attempts.list_latest(UNIT)
    assert sorted(each.fault or "given" for each in found) == ["given", *["key"] * 5]


def test_every_fault_has_its_step_and_every_word_of_the_log_its_text() -> None:
    assert sorted(fault for faults in examining.STEPS.values() for fault in faults) == sorted(Fault)
    for fault in Fault:
        assert SWEDISH.find(f"connection.faults.{fault.name}")
        assert SWEDISH.find(f"connection.refused.{fault.name.lower()}")
    for step in examining.STEPS:
        assert SWEDISH.find(f"connection.steps.{step}")
        assert SWEDISH.find(f"connection.ok.{step}")


@pytest.mark.parametrize("text", ["é" * 100, "\0", "a" * 9000, "a.b.c", "[" * 5000, "..", "\ud7ff.a.b"])
def test_anything_can_be_pasted(text: str) -> None:
    steps = examining.take_steps(text, (Fault.MALFORMED,), datetime.fromtimestamp(AT).astimezone())
    assert [step.ok for step in steps] == [False, *[None] * 6]
