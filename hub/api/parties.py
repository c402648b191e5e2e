"""Agencies' credentials over HTTP: for administrators, and for `samverkan party key` on the hub's own machine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from hub.api import bodies
from hub.api.answers import answer, known_parameters
from hub.api.keys import hub_of, staff_of
from hub.api.looking import REASON_NAMES, record_usual_look
from hub.api.problems import Problem, call_problem
from hub.identity import jws
from hub.identity.party_keys import AddKey, RevokeKey
from hub.service import Hub
from hub.store.parties import KeyKind, PartyKey
from schemas.registry import Fault

_NAMES: Final = frozenset({"jwk", "certificate", "name", "begins", "ends", "overlap_seconds"})
LONGEST_OVERLAP: Final = timedelta(days=90)


async def list_keys(request: web.Request) -> web.Response:
    """The credentials of one unit, or of all: also those that do not count yet or no longer."""
    known_parameters(request, "unit", *REASON_NAMES)
    hub, unit_id = hub_of(request), request.query.get("unit")
    await record_usual_look(request, "party_keys", unit=unit_id)
    units = None if unit_id is None else [unit_id]
    keys = await hub.store.ask(lambda: hub.reader.list_party_keys(units))
    return answer({"items": [_row(key, hub.clock.now()) for key in keys]})


async def add_key(request: web.Request) -> web.Response:
    """Another credential of a unit; with `overlap_seconds` in the place of those that it has of that kind."""
    hub = hub_of(request)
    unit_id = request.match_info["unit"]
    if hub.directory.find_unit(unit_id) is None:
        raise call_problem("NOT_FOUND")
    given = await _read_body(request)
    key = _read_key(hub, unit_id, given)
    overlap = _read_overlap(given)
    stored = await hub.group.submit(AddKey(staff_of(request).actor, key, overlap))
    return answer(_row(stored, hub.clock.now()), 201)


async def revoke_key(request: web.Request) -> web.Response:
    """A credential counts no more. Tokens that were given for it end within 15 minutes."""
    hub, place = hub_of(request), request.match_info
    if not await hub.group.submit(RevokeKey(staff_of(request).actor, place["unit"], place["key"])):
        raise call_problem("NOT_FOUND")
    return web.Response(status=204)


def _row(key: PartyKey, at: datetime) -> dict[str, Any]:
    return {
        "unit": key.unit_id,
        "key": key.key_id,
        "kind": key.kind.value,
        "name": key.name,
        "jwk": None if key.jwk is None else dict(key.jwk),
        "begins": key.begins_at.isoformat(),
        "ends": key.ends_at.isoformat() if key.ends_at else None,
        "counts": key.counts_at(at),
    }


async def _read_body(request: web.Request) -> dict[str, Any]:
    given = await bodies.read_json(request)
    if not isinstance(given, dict) or not given.keys() <= _NAMES:
        raise _wrong("", "Ett objekt med " + ", ".join(sorted(_NAMES)))
    return given


def _read_key(hub: Hub, unit_id: str, given: Mapping[str, Any]) -> PartyKey:
    now = hub.clock.now()
    if ("jwk" in given) == ("certificate" in given):
        raise _wrong("", "Antingen jwk eller certificate.")
    begins_at = _read(given, "begins", _instant) or now
    ends_at = _read(given, "ends", _instant)
    if ends_at is not None and ends_at <= max(begins_at, now):
        raise _wrong("/ends", "En tidpunkt efter nu och efter begins.")
    name = _read(given, "name", _name)
    if "certificate" in given:
        thumbprint = _read(given, "certificate", _certificate)
        assert thumbprint is not None
        return PartyKey(unit_id, thumbprint, KeyKind.CERTIFICATE, name, None, begins_at, ends_at)
    key = _read(given, "jwk", _jwk)
    assert key is not None
    return PartyKey(unit_id, key.thumbprint, KeyKind.JWK, name, key.jwk, begins_at, ends_at)


def _read_overlap(given: Mapping[str, Any]) -> timedelta | None:
    seconds = given.get("overlap_seconds")
    if seconds is None:
        return None
    if type(seconds) is not int or not 0 <= seconds <= LONGEST_OVERLAP.total_seconds():
        raise _wrong("/overlap_seconds", f"Sekunder, 0 till {LONGEST_OVERLAP.total_seconds():.0f}.")
    return timedelta(seconds=seconds)


def _read(given: Mapping[str, Any], name: str, read: Callable[[Any], Any]) -> Any:
    """What stands under the name, None where nothing does. Raises the problem that names the place."""
    value = given.get(name)
    if value is None and name not in ("jwk", "certificate"):
        return None
    try:
        return read(value)
    except (ValueError, TypeError, AttributeError):
        raise _wrong(f"/{name}", _ACCEPTED[name]) from None


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError
    return at


def _name(text: str) -> str:
    if not (1 <= len(text) <= 100 and text.isascii() and text.isprintable()):
        raise ValueError
    return text


def _jwk(jwk: Mapping[str, Any]) -> jws.PublicKey:
    return jws.public_key(jwk)


def _certificate(text: str) -> str:
    """The thumbprint of a certificate in PEM."""
    der = x509.load_pem_x509_certificate(text.encode()).public_bytes(serialization.Encoding.DER)
    return jws.encode(hashlib.sha256(der).digest())


_ACCEPTED: Final = {
    "begins": "En tidpunkt med tidszon (RFC 3339).",
    "ends": "En tidpunkt med tidszon (RFC 3339).",
    "name": "Nyckelns namn (kid) hos enheten: skrivbar ASCII, högst 100 tecken.",
    "jwk": "En publik nyckel som JWK: Ed25519, eller EC på P-256. Aldrig den privata delen.",
    "certificate": "Ett certifikat i PEM.",
}


def _wrong(pointer: str, accepted: str) -> Problem:
    return call_problem("KEY_WRONG", [Fault(pointer, "format", accepted)])
