"""A message that its sender has signed: every covered part altered, dropped, doubled; evidence; receipt (S5)."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms

from tests.security.conftest import BuildTown
from tests.support import events, persons
from tests.support import field as fields
from tests.support.agency import Key, register
from tests.support.field import Field
from tests.support.party import BATCH, STRUCTURED, Answer, Party

UNIT = "sd-farsta"
KEYS = {"Ed25519": Key(), "ES256": Key.on_p256()}
NAMES = {"Ed25519": "ed25519", "ES256": "ecdsa-p256-sha256"}
COVERED = ("@method", "@target-uri", "content-digest", "content-type")


@dataclass
class Message:
    """A request as its sender signs it, written by hand after RFC 9421 2.5 and not with the hub's library."""

    url: str
    body: bytes
    key: Key = field(default_factory=lambda: KEYS["Ed25519"])
    method: str = "POST"
    media_type: str = STRUCTURED
    covered: tuple[str, ...] = COVERED
    label: str = "sig1"
    at: int = field(default_factory=lambda: int(fields.now().timestamp()))
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return f"sha-256=:{base64.b64encode(hashlib.sha256(self.body).digest()).decode()}:"

    def values(self) -> dict[str, str]:
        return {
            "@method": self.method,
            "@target-uri": self.url,
            "content-digest": self.digest,
            "content-type": self.media_type,
        }

    def input(self) -> str:
        right = {
            "created": self.at,
            "expires": self.at + 120,
            "nonce": events.new_id(),
            "keyid": self.key.thumbprint,
            "tag": "samverkan-message",
        }
        named = {name: value for name, value in (right | self.parameters).items() if value is not ...}
        written = "".join(
            f';{name}="{value}"' if isinstance(value, str) else f";{name}={value}" for name, value in named.items()
        )
        return "(" + " ".join(f'"{name}"' for name in self.covered) + ")" + written

    def headers(self) -> dict[str, str]:
        given, values = self.input(), self.values()
        lines = [f'"{name}": {values[name]}' for name in self.covered] + [f'"@signature-params": {given}']
        signature = base64.b64encode(self.key.sign("\n".join(lines).encode())).decode()
        return {
            "Content-Type": self.media_type,
            "Content-Digest": self.digest,
            "Signature-Input": f"{self.label}={given}",
            "Signature": f"{self.label}=:{signature}:",
        }


@pytest.fixture
async def party(field: Field) -> Party:
    party = field.party(UNIT)
    for key in KEYS.values():
        await register(party, key)
    return party


def consent(party: Party) -> bytes:
    """A message that is taken whenever it comes."""
    body = events.consent(at=fields.now(), recorder=UNIT, person=persons.BO, edges=[events.edge("sdn-farsta", "amn")])
    return json.dumps(party.event("consent.recorded", body)).encode()


def message(party: Party, **changes: Any) -> Message:
    return Message(party.hub.url + "/v1/messages", consent(party), **changes)


async def send(party: Party, headers: dict[str, str] | list[tuple[str, str]], body: bytes) -> Answer:
    listed = list(headers.items()) if isinstance(headers, dict) else headers
    listed = [*listed, ("Authorization", f"Bearer {party.token}")]
    async with party.session.post(party.hub.url + "/v1/messages", data=body, headers=listed) as response:
        return Answer(response.status, response.headers, await response.read())


@pytest.mark.parametrize("name", KEYS)
async def test_a_signed_message_is_taken_and_its_evidence_is_there_for_its_sender_only(
    field: Field, party: Party, name: str
) -> None:
    signed = message(party, key=KEYS[name], parameters={"alg": NAMES[name]})
    headers = signed.headers()
    answer = await send(party, headers, signed.body)
    assert answer.status == 202, answer.body
    path = f"/v1/messages/{answer.json['id']}/evidence"
    evidence = (await party.call("GET", path)).json
    assert base64.b64decode(evidence["body"]) == signed.body
    assert evidence["headers"]["Signature"] == headers["Signature"]
    assert (evidence["target_uri"], evidence["key"]["kid"]) == (signed.url, KEYS[name].thumbprint)
    assert (await field.party("sd-bromma").call("GET", path)).status == 404


class HubKey(HTTPSignatureKeyResolver):
    def __init__(self, keys: list[dict[str, str]]) -> None:
        self._keys = {key["kid"]: key for key in keys}

    def resolve_public_key(self, key_id: str) -> Any:
        raw = base64.urlsafe_b64decode(self._keys[key_id]["x"] + "=")
        return ed25519.Ed25519PublicKey.from_public_bytes(raw)


@dataclass
class Seen:
    """The answer and its request, as the library of a recipient of the receipt sees them."""

    status_code: int
    headers: Any
    request: Any


@dataclass
class Sent:
    method: str
    url: str
    headers: dict[str, str]


async def test_the_receipt_is_signed_by_the_hub_as_the_answer_to_this_message(field: Field, party: Party) -> None:
    signed = message(party)
    headers = signed.headers()
    answer = await send(party, headers, signed.body)
    keys = (await field.get("/.well-known/jwks.json")).json["keys"]
    assert len(keys) == 2
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=HubKey(keys))
    parts = ("@status", "content-digest", "content-type", '"content-digest";req', '"signature";req')

    def verify(given: Answer, request_headers: dict[str, str]) -> None:
        seen = Seen(given.status, dict(given.headers), Sent("POST", signed.url, request_headers))
        (found,) = verifier.verify(seen, expect_tag="samverkan-receipt", require_components=parts, body=given.body)
        assert found.label == "hub"

    verify(answer, headers)
    for altered in (
        Answer(200, answer.headers, answer.body),
        Answer(answer.status, answer.headers, answer.body.replace(b"accepted", b"rejected")),
    ):
        with pytest.raises(Exception, match=r".*"):
            verify(altered, headers)
    with pytest.raises(Exception, match=r".*"):
        verify(answer, message(party).headers())


async def test_an_unsigned_message_has_no_evidence_and_no_signed_receipt(party: Party) -> None:
    answer = await party.post(consent(party))
    assert answer.status == 202
    assert "Signature" not in answer.headers
    assert (await party.call("GET", f"/v1/messages/{answer.json['id']}/evidence")).status == 404


Mutation = Callable[[Message], tuple[Any, bytes]]


def altered(name: str, value: str) -> Mutation:
    return lambda signed: ({**signed.headers(), name: value}, signed.body)


def replaced(name: str, pattern: str, by: str) -> Mutation:
    """Patterns pass over what stands there by chance as it is to become."""

    def mutate(signed: Message) -> tuple[Any, bytes]:
        headers = signed.headers()
        changed = re.sub(pattern, by, headers[name], count=1)
        assert changed != headers[name]
        return {**headers, name: changed}, signed.body

    return mutate


def without(name: str) -> Mutation:
    return lambda signed: ({each: value for each, value in signed.headers().items() if each != name}, signed.body)


def with_(**changes: Any) -> Mutation:
    def mutate(signed: Message) -> tuple[Any, bytes]:
        for name, value in changes.items():
            setattr(signed, name, value)
        return signed.headers(), signed.body

    return mutate


def parameter(name: str, value: Any) -> Mutation:
    return with_(parameters={name: value})


def times(created: int, expires: int) -> Mutation:
    def mutate(signed: Message) -> tuple[Any, bytes]:
        signed.parameters = {"created": signed.at + created, "expires": signed.at + expires}
        return signed.headers(), signed.body

    return mutate


def other_body(signed: Message) -> tuple[Any, bytes]:
    return signed.headers(), signed.body.replace(b'"specversion"', b' "specversion"')


def digest_of_other_body(signed: Message) -> tuple[Any, bytes]:
    headers, body = signed.headers(), signed.body + b" "
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return {**headers, "Content-Digest": f"sha-256=:{digest}:"}, body


def doubled(name: str) -> Mutation:
    return lambda signed: ([*(headers := signed.headers()).items(), (name, headers[name])], signed.body)


def two_signatures(signed: Message) -> tuple[Any, bytes]:
    first, signed.label = signed.headers(), "sig2"
    second = signed.headers()
    both = {name: f"{first[name]}, {second[name]}" for name in ("Signature-Input", "Signature")}
    return {**first, **both}, signed.body


def signature_of_another_message(signed: Message) -> tuple[Any, bytes]:
    other = Message(signed.url, signed.body + b"\n", signed.key)
    return {**signed.headers(), "Signature": other.headers()["Signature"]}, signed.body


BAD: dict[str, Mutation] = {
    "another media type": altered("Content-Type", "application/cloudevents+json; charset=utf-8"),
    "no media type covered": with_(covered=("@method", "@target-uri", "content-digest")),
    "no digest covered": with_(covered=("@method", "@target-uri", "content-type")),
    "no address covered": with_(covered=("@method", "content-digest", "content-type")),
    "no method covered": with_(covered=("@target-uri", "content-digest", "content-type")),
    "nothing covered": with_(covered=()),
    "only the digest covered": with_(covered=("content-digest",)),
    "a part covered twice": with_(covered=(*COVERED, "@method")),
    "another method was signed": with_(method="PUT"),
    "another address was signed": with_(url="https://other.example/v1/messages"),
    "another path was signed": with_(url="http://127.0.0.1/v1/rules/explain"),
    "the address with a query was signed": with_(url="http://127.0.0.1/v1/messages?x=1"),
    "another body": other_body,
    "another body with its digest": digest_of_other_body,
    "no digest": without("Content-Digest"),
    "an empty digest": altered("Content-Digest", ""),
    "a digest by MD5": altered("Content-Digest", "md5=:AAAAAAAAAAAAAAAAAAAAAA==:"),
    "two digests": doubled("Content-Digest"),
    "no signature": without("Signature"),
    "no input": without("Signature-Input"),
    "an empty signature": altered("Signature", "sig1=::"),
    "a signature that is a text": altered("Signature", 'sig1="AAAA"'),
    "a flipped signature": replaced("Signature", "(=:A*)[^A]", r"\1A"),
    "another label": replaced("Signature", "sig1", "sig2"),
    "the signature of another message": signature_of_another_message,
    "the signature twice": doubled("Signature"),
    "the input twice": doubled("Signature-Input"),
    "two signatures": two_signatures,
    "created altered": replaced("Signature-Input", r"created=(\d)", r"created=9"),
    "expires altered": replaced("Signature-Input", r"expires=\d+", "expires=4102444800"),
    "the nonce altered": replaced("Signature-Input", '(nonce="_*)[^_]', r"\1_"),
    "the key altered": replaced("Signature-Input", '(keyid="_*)[^_]', r"\1_"),
    "the tag altered": replaced("Signature-Input", "samverkan-message", "samverkan-receipt"),
    "the order of the parts altered": replaced("Signature-Input", '"@method" "@target-uri"', '"@target-uri" "@method"'),
    "no created": parameter("created", ...),
    "no expires": parameter("expires", ...),
    "no nonce": parameter("nonce", ...),
    "a short nonce": parameter("nonce", "short"),
    "no key": parameter("keyid", ...),
    "another's key": with_(key=Key()),
    "no tag": parameter("tag", ...),
    "another tag": parameter("tag", "other"),
    "an unknown parameter": parameter("x", 1),
    "the wrong algorithm": parameter("alg", "hmac-sha256"),
    "created is a text": parameter("created", "now"),
    "expired": times(-200, -80),
    "made an hour ago": times(-3600, 60),
    "made tomorrow": times(86_400, 86_520),
    "made to last": times(0, 3600),
    "ended before it began": times(0, -1),
    "rubbish": altered("Signature-Input", "rubbish"),
}


@pytest.mark.parametrize("name", BAD)
async def test_an_altered_signature_is_refused_and_nothing_is_taken(party: Party, name: str) -> None:
    headers, body = BAD[name](message(party))
    answer = await send(party, headers, body)
    assert (answer.status, answer.code) == (403, "SIGNATURE_WRONG"), answer.body
    assert answer.json["errors"][0]["pointer"] == "/headers/Signature"
    assert (await party.sent(json.loads(body)["id"])).status == 404


def test_there_are_enough_alterations() -> None:
    assert len(BAD) >= 40


async def test_a_nonce_counts_once_but_the_same_message_may_come_again(party: Party) -> None:
    signed = message(party, parameters={"nonce": events.new_id()})
    headers = signed.headers()
    assert (await send(party, headers, signed.body)).status == 202
    again = await send(party, headers, signed.body)
    assert (again.status, again.json["status"]) == (200, "accepted")
    other = message(party, parameters=dict(signed.parameters))
    assert (await send(party, other.headers(), other.body)).status == 409


async def test_a_batch_is_not_signed(party: Party) -> None:
    body = b"[" + consent(party) + b"]"
    signed = Message(party.hub.url + "/v1/messages", body, media_type=BATCH)
    answer = await send(party, signed.headers(), body)
    assert (answer.status, answer.code) == (403, "SIGNATURE_WRONG")


async def test_a_unit_that_must_sign_is_asked_to_and_others_are_not(build_town: BuildTown) -> None:
    town = await build_town(signed_by=UNIT)
    at = town.clock.now()
    body = events.consent(at=at, recorder=UNIT, person=persons.BO, edges=[events.edge("sdn-farsta", "amn")])
    refused = await town.party(UNIT).send("consent.recorded", body)
    assert (refused.status, refused.code) == (403, "SIGNATURE_MISSING")
    bromma = events.consent(at=at, recorder="sd-bromma", person=persons.BO, edges=[events.edge("sdn-bromma", "amn")])
    assert (await town.party("sd-bromma").send("consent.recorded", bromma)).status == 202
    party = town.party(UNIT)
    await register(party, KEYS["Ed25519"])
    raw = json.dumps(party.event("consent.recorded", body)).encode()
    signed = Message(town.url + "/v1/messages", raw, at=int(at.timestamp()))
    headers = {**signed.headers(), "Content-Type": STRUCTURED}
    assert (await party.call("POST", "/v1/messages", data=raw, headers=headers)).status == 202


async def test_evidence_lies_sealed_and_dies_with_its_message(build_town: BuildTown) -> None:
    town = await build_town()
    party, at = town.party(UNIT), town.clock.now()
    await register(party, KEYS["Ed25519"])
    body = events.consent(at=at, recorder=UNIT, person=persons.BO, edges=[events.edge("sdn-farsta", "amn")])
    raw = json.dumps(party.event("consent.recorded", body)).encode()
    signed = Message(town.url + "/v1/messages", raw, at=int(at.timestamp()))
    answer = await party.call("POST", "/v1/messages", data=raw, headers=signed.headers())
    assert answer.status == 202, answer.body
    message_id = answer.json["id"]
    stored = town.hub.reader.find_evidence(f"/units/{UNIT}", message_id)
    assert stored is not None
    assert persons.BO.number.encode() not in stored.sealed
    protected = events.data("referral.submitted", at=at, person=persons.BO, handling={"protected_identity": "unknown"})
    protected["handling"]["protected_identity"] = "sekretessmarkering"
    await party.send("referral.submitted", protected)
    town.clock.advance(timedelta(seconds=1))
    assert town.hub.reader.find_evidence(f"/units/{UNIT}", message_id) is None
    assert (await party.call("GET", f"/v1/messages/{message_id}/evidence")).status == 404
