"""The token endpoint (RFC 6749 4.4): client credentials with `private_key_jwt`, and what clients find out alone.

Errors here have the form of RFC 6749 5.2, which every OAuth library reads, and not that of the other calls. The words
beside the error are about the caller's own assertion; who cannot sign as the unit learns nothing about the unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

import structlog
from aiohttp import hdrs, web

from hub.api.answers import PRIVATE, answer, read_body
from hub.api.keys import hub_of
from hub.api.presenting import DPOP, base_of, certificate_of, proof_of, use_of
from hub.identity import assertions, dpop, jws, scopes
from hub.identity.attempts import Attempt
from hub.identity.party_keys import GrantToken, RefuseToken, UseOnce
from hub.identity.port import Binding, BindingKind
from hub.identity.scopes import Scope
from hub.service import Hub
from hub.store.parties import KeyKind, PartyKey

log = structlog.get_logger()

LONGEST_LIFE: Final = timedelta(minutes=15)
GRANT: Final = "client_credentials"
FORM: Final = "application/x-www-form-urlencoded"
_LARGEST_FORM: Final = 32_768
_TAKEN: Final = frozenset({"grant_type", "client_assertion_type", "client_assertion", "client_id", "scope"})


@dataclass(frozen=True, slots=True)
class TokenError(Exception):
    """An answer of RFC 6749 5.2. `told` is ASCII, for the developer."""

    error: str
    told: str
    unit_id: str | None = None
    issued_at: datetime | None = None

    def response(self) -> web.Response:
        status = 401 if self.error == "invalid_client" else 400
        return answer({"error": self.error, "error_description": self.told}, status)


async def give_token(request: web.Request) -> web.Response:
    """A token for the unit that signs the assertion, bound to its DPoP key or its certificate when it shows one."""
    try:
        return await _give(request)
    except TokenError as refused:
        log.info("token_refused", error=refused.error, reason=refused.told)
        await _record(hub_of(request), refused)
        return refused.response()


async def _give(request: web.Request) -> web.Response:
    hub = hub_of(request)
    form = await _read_form(request)
    asked = _scopes(form.get("scope"))
    proven, keys = await hub.store.ask(lambda: _prove(hub, form))
    binding, proof = _bind(request, proven, keys)
    granted = await hub.group.submit(
        GrantToken(
            UseOnce("assertion", proven.unit_id, proven.jti, proven.ends_at),
            proven.key_id,
            scopes.write(asked),
            binding.kind.name.lower() if binding else None,
            use_of(proof) if proof else None,
        )
    )
    if not granted:
        raise TokenError("invalid_client", assertions.Fault.REPLAYED.value, proven.unit_id, proven.issued_at)
    hub.attempts.note(proven.unit_id, _attempt(hub, proven.issued_at, key=proven.key_id))
    life = min(LONGEST_LIFE, hub.settings.token_ttl_max)
    token = hub.issuer.issue(proven.unit_id, life, hub.clock.now(), scopes=asked, binding=binding)
    given = {
        "access_token": token,
        "token_type": DPOP if proof else "Bearer",
        "expires_in": int(life.total_seconds()),
        "scope": scopes.write(asked),
    }
    return answer(given, headers={**PRIVATE, "Pragma": "no-cache"})


async def _read_form(request: web.Request) -> dict[str, str]:
    if request.content_type != FORM:
        raise TokenError("invalid_request", f"the body must be {FORM}")
    if request.headers.get(hdrs.AUTHORIZATION):
        raise TokenError("invalid_request", "authenticate by client_assertion only, without an Authorization header")
    body = await read_body(request)
    if len(body) > _LARGEST_FORM:
        raise TokenError("invalid_request", f"the body may have {_LARGEST_FORM} bytes")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=20)
    except ValueError:
        raise TokenError("invalid_request", f"the body must be {FORM}") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise TokenError("invalid_request", "a parameter stands twice")
    if form.get("grant_type") != GRANT:
        raise TokenError("unsupported_grant_type", f"grant_type must be {GRANT}")
    return {name: value for name, value in form.items() if name in _TAKEN}


def _scopes(text: str | None) -> frozenset[Scope]:
    try:
        return scopes.read(text)
    except scopes.UnknownScope:
        raise TokenError("invalid_scope", "scope takes, with spaces between: " + " ".join(Scope)) from None


def _prove(hub: Hub, form: dict[str, str]) -> tuple[assertions.Proven, list[PartyKey]]:
    """Who the caller is, with the credentials of that unit."""
    assertion = form.get("client_assertion")
    if form.get("client_assertion_type") != assertions.TYPE or not assertion:
        raise TokenError("invalid_client", f"client_assertion and client_assertion_type={assertions.TYPE} are needed")
    unit_id = None
    try:
        unit_id = assertions.client_of(assertion)
        keys = hub.reader.list_party_keys([unit_id]) if hub.directory.find_unit(unit_id) else []
        proven = assertions.verify(assertion, keys, issuer=hub.settings.issuer, at=hub.clock.now())
    except assertions.NotTaken as refused:
        raise TokenError("invalid_client", refused.fault.value, unit_id, assertions.issued_at(assertion)) from None
    if form.get("client_id", unit_id) != unit_id:
        raise TokenError("invalid_client", assertions.Fault.SUBJECT.value, unit_id)
    return proven, keys


def _bind(
    request: web.Request, proven: assertions.Proven, keys: list[PartyKey]
) -> tuple[Binding | None, dpop.Proof | None]:
    """What the token is bound to: the key of a DPoP proof, else the certificate of the connection."""
    hub, certificate = hub_of(request), certificate_of(request)
    at = hub.clock.now()
    known = {key.key_id for key in keys if key.kind is KeyKind.CERTIFICATE and key.counts_at(at)}
    if known and certificate not in known:
        told = "the connection shows none of the certificates that the unit has registered"
        raise TokenError("invalid_client", told, proven.unit_id, proven.issued_at)
    if request.headers.getall(DPOP, []):
        try:
            proof = proof_of(request)
        except dpop.NotProven as fault:
            raise TokenError("invalid_dpop_proof", fault.fault.value, proven.unit_id, proven.issued_at) from None
        return Binding(BindingKind.KEY, proof.thumbprint), proof
    if certificate is not None:
        return Binding(BindingKind.CERTIFICATE, certificate), None
    if hub.settings.require_bound_tokens:
        told = "this hub binds every token: send a DPoP proof or show a certificate"
        raise TokenError("invalid_request", told, proven.unit_id, proven.issued_at)
    return None, None


async def _record(hub: Hub, refused: TokenError) -> None:
    """For units that exist, and not without end: whoever asks in vain must not be able to fill the log."""
    unit_id = refused.unit_id
    if unit_id is None or hub.directory.find_unit(unit_id) is None:
        return
    hub.attempts.note(unit_id, _attempt(hub, refused.issued_at, fault=_word(refused.told)))
    if hub.limits.is_worth_telling("token", unit_id, hub.clock.now()):
        await hub.group.submit(RefuseToken(unit_id, _word(refused.told)))


def _attempt(hub: Hub, issued_at: datetime | None, *, fault: str | None = None, key: str | None = None) -> Attempt:
    at = hub.clock.now()
    return Attempt(at, fault, key, None if issued_at is None else at - issued_at)


def _word(told: str) -> str:
    faults = {fault.value: fault.name.lower() for fault in assertions.Fault}
    return faults.get(told, "binding")


async def show_metadata(request: web.Request) -> web.Response:
    """RFC 8414: what a client library needs to find its way."""
    hub = hub_of(request)
    base = base_of(request)
    return answer(
        {
            "issuer": hub.settings.issuer,
            "token_endpoint": f"{base}/oauth/token",
            "jwks_uri": f"{base}/.well-known/jwks.json",
            "grant_types_supported": [GRANT],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": list(jws.NAMES),
            "dpop_signing_alg_values_supported": list(jws.NAMES),
            "tls_client_certificate_bound_access_tokens": hub.settings.tls_client_ca is not None
            or bool(hub.settings.trusted_proxies),
            "scopes_supported": [scope.value for scope in Scope],
            "service_documentation": f"{base}/docs",
        },
        headers={"Cache-Control": "public, max-age=300"},
    )


async def show_keys(request: web.Request) -> web.Response:
    """The hub's own public keys (RFC 7517): what it signs tokens and receipts with."""
    keys: list[dict[str, Any]] = [key.public_jwk() for key in hub_of(request).issuer.keys]
    return answer({"keys": keys}, headers={"Cache-Control": "public, max-age=300"})
