"""What a caller shows beside its token: a certificate in the connection, a DPoP proof; and the address that it called.

A certificate counts from the TLS connection, or from the `Client-Cert` header (RFC 9440) of a proxy whose address the
settings name. Whoever else sends that header, or one like it, has sent text.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from aiohttp import hdrs, web

from hub.api import forwarding
from hub.api.keys import hub_of
from hub.identity import dpop, jws, tokens
from hub.identity.party_keys import UseOnce
from hub.identity.port import BindingKind, Caller, NotAuthenticated, Reason

DPOP = "DPoP"
CLIENT_CERT = "Client-Cert"


def address_of(request: web.Request) -> str:
    """The address that was called, as the settings or this side of the connection know it; never the Host header."""
    return base_of(request) + request.rel_url.raw_path


def base_of(request: web.Request) -> str:
    """The hub's own address, without a slash at its end."""
    return (hub_of(request).settings.public_url or _own_address(request)).rstrip("/")


def _own_address(request: web.Request) -> str:
    assert request.transport is not None
    host, port = request.transport.get_extra_info("sockname")[:2]
    scheme = "https" if request.transport.get_extra_info("sslcontext") else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def certificate_of(request: web.Request) -> str | None:
    """The thumbprint of the caller's certificate (RFC 8705 3.1); None when it shows none that counts."""
    raw = _certificate(request)
    return None if raw is None else jws.encode(hashlib.sha256(raw).digest())


def _certificate(request: web.Request) -> bytes | None:
    if request.transport is None:
        return None
    ssl = request.transport.get_extra_info("ssl_object")
    if ssl is not None and (shown := ssl.getpeercert(binary_form=True)):
        return bytes(shown)
    peer = request.transport.get_extra_info("peername")
    if peer and forwarding.is_among(peer[0], hub_of(request).settings.trusted_proxies):
        return _forwarded(request.headers.getall(CLIENT_CERT, []))
    return None


def _forwarded(headers: list[str]) -> bytes | None:
    """RFC 9440 2.2: one byte sequence (RFC 8941 3.3.5) with the certificate in DER."""
    if len(headers) != 1 or not (headers[0].startswith(":") and headers[0].endswith(":") and len(headers[0]) > 2):
        return None
    try:
        return base64.b64decode(headers[0][1:-1], validate=True)
    except (binascii.Error, ValueError):
        return None


def proof_of(request: web.Request, token: str | None = None) -> dpop.Proof:
    """The DPoP proof of this call, not yet used up. Raises `dpop.NotProven`."""
    return dpop.verify(
        request.headers.getall(DPOP, []),
        method=request.method,
        url=address_of(request),
        at=hub_of(request).clock.now(),
        token=token,
    )


async def check_holder(request: web.Request, caller: Caller) -> None:
    """Whether who calls is the one whom the token is bound to. Raises `NotAuthenticated`."""
    if caller.binding is None:
        if hub_of(request).settings.require_bound_tokens:
            raise NotAuthenticated(Reason.NOT_BOUND)
    elif caller.binding.kind is BindingKind.CERTIFICATE:
        if certificate_of(request) != caller.binding.thumbprint:
            raise NotAuthenticated(Reason.BINDING)
    else:
        await _check_proof(request, caller.binding.thumbprint)


async def _check_proof(request: web.Request, thumbprint: str) -> None:
    _, token = tokens.split_header(request.headers.get(hdrs.AUTHORIZATION))
    try:
        proof = proof_of(request, token)
    except dpop.NotProven as fault:
        raise NotAuthenticated(Reason.PROOF, fault.fault.value) from None
    if proof.thumbprint != thumbprint:
        raise NotAuthenticated(Reason.PROOF, dpop.Fault.BINDING.value)
    if not await hub_of(request).group.submit(use_of(proof)):
        raise NotAuthenticated(Reason.PROOF, dpop.Fault.REPLAYED.value)


def use_of(proof: dpop.Proof) -> UseOnce:
    return UseOnce("dpop", proof.thumbprint, proof.jti, proof.ends_at)
