"""Signed messages in, signed receipts out (RFC 9421), and the evidence that a sender may ask for again."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import orjson
from aiohttp import web

from hub.api.answers import answer, path_id
from hub.api.asking import asking
from hub.api.keys import caller_of, hub_of
from hub.api.presenting import address_of
from hub.api.problems import Problem, call_problem
from hub.identity import message_signatures
from hub.identity.message_signatures import Evidence, ReceiptSigner, Request, WrongSignature
from hub.vault import evidence_aad
from schemas.registry import Fault


async def read_evidence(request: web.Request, body: bytes, *, is_batch: bool) -> Evidence | None:
    """The verified signature of the message, with the bytes that it covers; None for one that is not signed and need
    not be. Raises the problems SIGNATURE_MISSING and SIGNATURE_WRONG."""
    hub, unit_id = hub_of(request), caller_of(request).unit_id
    if not message_signatures.is_signed(request.headers):
        if hub.settings.signed_by & {unit_id, "*"}:
            raise call_problem("SIGNATURE_MISSING")
        return None
    if is_batch:
        raise _wrong("a batch is not signed as a whole: sign and send its messages one by one")
    keys = await hub.store.ask(lambda: hub.reader.list_party_keys([unit_id]))
    try:
        evidence = message_signatures.verify(_as_signed(request), body, keys, hub.clock.now())
    except WrongSignature as fault:
        raise _wrong(str(fault)) from None
    content = base64.b64encode(body).decode()
    return replace(evidence, document={**evidence.document, "body": content})


def sign_receipt(request: web.Request, response: web.Response) -> web.Response:
    """The same answer, signed as the answer to this request."""
    hub = hub_of(request)
    key = hub.issuer.receipt_key
    assert isinstance(response.body, bytes)
    headers = ReceiptSigner(key.private, key.key_id).sign(
        _as_signed(request), response.status, response.headers["Content-Type"], response.body, hub.clock.now()
    )
    response.headers.update(headers)
    return response


@asking
def show_evidence(request: web.Request) -> web.Response:
    """What the sender signed, whole: for whoever is to verify it."""
    hub = hub_of(request)
    source, message_id = f"/units/{caller_of(request).unit_id}", path_id(request, "id")
    stored = hub.reader.find_evidence(source, message_id)
    if stored is None:
        raise call_problem("NOT_FOUND")
    row = hub.reader.find_data_keys([stored.lane_id]).get(stored.lane_id)
    if row is None:
        raise call_problem("NOT_FOUND")
    aad = evidence_aad(stored.lane_id, source, message_id)
    document: dict[str, Any] = orjson.loads(hub.vault.unwrap(row).open(stored.sealed, aad=aad))
    return answer(document)


def _as_signed(request: web.Request) -> Request:
    query = f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
    return Request(request.method, address_of(request) + query, request.headers)


def _wrong(told: str) -> Problem:
    return call_problem("SIGNATURE_WRONG", [Fault("/headers/Signature", "signature", told)])
