"""The client library gets its own tokens from a hub and renews them, bound or not."""

from __future__ import annotations

import asyncio
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from hub.client.client import HubClient
from hub.client.credentials import ClientCredentials, KeyNotUsable, PrivateKey
from hub.client.errors import HubUnavailable, TokenRefused
from hub.client.signing import MessageSigner
from tests.support import events, persons
from tests.support.agency import Key, register
from tests.support.field import Field, now

PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8
BARE = serialization.NoEncryption()
UNIT = "sd-bromma"


def pem_of(key: Key) -> str:
    return key.private.private_bytes(PEM, PKCS8, BARE).decode()


@pytest.mark.parametrize("dpop", [False, True], ids=["bearer", "DPoP"])
@pytest.mark.parametrize("key", [Key(), Key.on_p256()], ids=lambda key: key.algorithm)
async def test_the_client_calls_as_its_unit(field: Field, key: Key, dpop: bool) -> None:
    await register(field.party(UNIT), key, name="2026-2")
    credentials = ClientCredentials(field.hub.url, UNIT, PrivateKey.read(pem_of(key)), kid="2026-2", dpop=dpop)
    async with HubClient(field.hub.url, credentials) as client:
        pages = await asyncio.gather(*(client.inbox() for _ in range(10)))
    assert len(pages) == 10


@pytest.mark.parametrize("named", [False, True], ids=["thumbprint", "name"])
@pytest.mark.parametrize("key", [Key(), Key.on_p256()], ids=lambda key: key.algorithm)
async def test_the_client_signs_what_it_sends_and_the_hub_keeps_it_as_evidence(
    field: Field, key: Key, named: bool
) -> None:
    party, name = field.party(UNIT), f"sign-{key.algorithm}-{named}"
    await register(party, key, name=name)
    private = PrivateKey.read(pem_of(key))
    credentials = ClientCredentials(field.hub.url, UNIT, private, dpop=True)
    signer = MessageSigner(private, name if named else None)
    edges = [events.edge("sdn-bromma", "amn")]
    event = party.event("consent.recorded", events.consent(at=now(), recorder=UNIT, person=persons.BO, edges=edges))
    async with HubClient(field.hub.url, credentials, signer=signer) as client:
        receipt = await client.send(event)
        assert not receipt.repeated
        assert (await client.send(event)).repeated  # signed anew: the nonce of the first counts no more
    evidence = await party.call("GET", f"/v1/messages/{event['id']}/evidence")
    assert evidence.status == 200, evidence.body
    assert evidence.json["key"]["kid"] == key.thumbprint


async def test_a_signature_is_made_for_the_bytes_and_the_address_that_are_sent(field: Field) -> None:
    private = PrivateKey.read(pem_of(Key()))
    made = MessageSigner(private, clock=lambda: 1_790_000_000.0).headers("POST", "text/x", b"{}", "https://h/v1/m")
    assert made["Content-Digest"] == "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:"
    assert 'created=1790000000;expires=1790000120;nonce="' in made["Signature-Input"]
    assert f'keyid="{private.thumbprint}";tag="samverkan-message"' in made["Signature-Input"]
    again = MessageSigner(private, clock=lambda: 1_790_000_000.0).headers("POST", "text/x", b"{}", "https://h/v1/m")
    assert again["Signature-Input"] != made["Signature-Input"]


async def test_a_token_is_kept_until_shortly_before_its_end(field: Field) -> None:
    key, at = Key(), [now().timestamp()]
    await register(field.party(UNIT), key)
    credentials = ClientCredentials(field.hub.url, UNIT, PrivateKey.read(pem_of(key)), clock=lambda: at[0])
    first = await credentials()
    assert await credentials() == first
    credentials.forget()
    second = await credentials()
    assert second != first
    at[0] += 869
    assert await credentials() == second
    at[0] += 2
    with pytest.raises(TokenRefused) as refused:  # a clock that is 15 minutes ahead
        await credentials()
    assert refused.value.error == "invalid_client"
    assert "clocks" in refused.value.told


async def test_a_scope_that_was_not_asked_for_is_not_given(field: Field) -> None:
    key = Key()
    await register(field.party(UNIT), key)
    credentials = ClientCredentials(field.hub.url, UNIT, PrivateKey.read(pem_of(key)), scope="inbox:read")
    payload = (await credentials()).split(".")[1]
    import base64

    assert json.loads(base64.urlsafe_b64decode(payload + "=="))["scope"] == "inbox:read"


async def test_a_hub_that_is_not_there_is_told_so() -> None:
    credentials = ClientCredentials("http://127.0.0.1:1", UNIT, PrivateKey.generate())
    with pytest.raises(HubUnavailable):
        await credentials()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "rubbish",
        rsa.generate_private_key(65537, 2048).private_bytes(PEM, PKCS8, BARE).decode(),
        ec.generate_private_key(ec.SECP384R1()).private_bytes(PEM, PKCS8, BARE).decode(),
        Key().private.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode(),
    ],
    ids=["nothing", "rubbish", "RSA", "another curve", "a public key"],
)
def test_what_is_no_key_of_ours_is_told_at_once(content: str) -> None:
    with pytest.raises(KeyNotUsable):
        PrivateKey.read(content)
