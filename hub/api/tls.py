"""TLS ended by the hub itself: TLS 1.2 or 1.3, and callers' certificates where the settings name who signs them."""

from __future__ import annotations

import ssl
from pathlib import Path

from hub.settings import Settings, SettingWrong


def build_context(settings: Settings) -> ssl.SSLContext | None:
    """None without a certificate: plain HTTP. Raises `SettingWrong` for files that cannot be used.

    A caller may come without a certificate (people at the pages do), but not with one that nobody vouches for."""
    if settings.tls_cert is None or settings.tls_key is None:
        if settings.tls_cert is not settings.tls_key or settings.tls_client_ca is not None:
            raise SettingWrong("tls_cert and tls_key must both be set, or neither they nor tls_client_ca.")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # TLS 1.2 without what RFC 9325 4.2 advises against.
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    _load_chain(context, settings.tls_cert, settings.tls_key)
    if settings.tls_client_ca is not None:
        context.verify_mode = ssl.CERT_OPTIONAL
        _load_authorities(context, settings.tls_client_ca)
    return context


def _load_chain(context: ssl.SSLContext, cert: Path, key: Path) -> None:
    try:
        context.load_cert_chain(cert, key, password=_refuse_password)
    except OSError as fault:  # also ssl.SSLError
        raise SettingWrong(
            f"tls_cert or tls_key cannot be used: {fault.strerror or 'not a matching PEM pair'}."
        ) from None


def _refuse_password() -> str:
    """A key that asks for one would make the start wait at a terminal that nobody looks at."""
    return ""


def _load_authorities(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(path)
    except OSError as fault:
        raise SettingWrong(f"tls_client_ca cannot be used: {fault.strerror or 'no PEM certificates'}.") from None
