"""`samverkan party key`: the public keys and certificates by which units prove who they are."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import operating, options, program, terminal
from hub.cli.faults import Failed, WrongUse

if TYPE_CHECKING:
    from hub.settings import Settings

group = program.new_group("Keys and certificates of the units.")

Unit = Annotated[str, typer.Argument(metavar="UNIT", help="The unit's id; `samverkan party list` has them all.")]
File = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="A public key (PEM or JWK; Ed25519, or EC on P-256) or a certificate (PEM). Never a private key.",
    ),
]
Name = Annotated[
    str | None, typer.Option("--name", metavar="KID", help="What the unit calls the key in `kid`, if it does.")
]


@group.callback()
def _party_key() -> None:
    """Keys and certificates of the units."""


@group.command("list", epilog="Example: samverkan party key list sd-farsta")
def list_keys(
    unit: Annotated[str | None, typer.Argument(metavar="UNIT", help="Only this unit.")] = None,
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """List keys and certificates, also those that do not count yet or no longer."""
    settings = options.load_settings(config, data_dir=data_dir)
    query = {} if unit is None else {"unit": unit}
    found = _call(settings, hub, "GET", "v1", "admin", "parties", "keys", query=query)
    if json:
        terminal.show_json(found)
        return
    titles = ("unit", "key", "kind", "name", "begins", "ends", "counts")
    terminal.show_table(titles, [_cells(each) for each in found["items"]])


@group.command("add", epilog="Example: samverkan party key add sd-farsta farsta.pub.pem --name 2026-1")
def add(
    unit: Unit,
    file: File,
    name: Name = None,
    begins: Annotated[str | None, typer.Option("--begins", metavar="TIME", help="From when it counts.")] = None,
    ends: Annotated[str | None, typer.Option("--ends", metavar="TIME", help="Until when it counts.")] = None,
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Add a key or a certificate beside those that the unit has."""
    body = {**read_file(file), "name": name, "begins": begins, "ends": ends}
    _add(options.load_settings(config, data_dir=data_dir), hub, unit, body, json=json)


@group.command("rotate", epilog="Example: samverkan party key rotate sd-farsta new.pub.pem --overlap-days 7")
def rotate(
    unit: Unit,
    file: File,
    name: Name = None,
    overlap_days: Annotated[
        int, typer.Option("--overlap-days", metavar="DAYS", help="How long the old ones still count, 0-90.")
    ] = 7,
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Put a key or a certificate in the place of the unit's others of that kind, which count on for some days."""
    if not 0 <= overlap_days <= 90:
        raise WrongUse("--overlap-days takes 0 to 90.")
    body = {**read_file(file), "name": name, "overlap_seconds": overlap_days * 86_400}
    _add(options.load_settings(config, data_dir=data_dir), hub, unit, body, json=json)


@group.command("revoke", epilog="Example: samverkan party key revoke sd-farsta wUYqsz7ExMgAj28tsMW1BQc-aOg")
def revoke(
    unit: Unit,
    key: Annotated[str, typer.Argument(metavar="KEY", help="The thumbprint, from `samverkan party key list`.")],
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Revoke a key or a certificate at once. Tokens that were given for it end within 15 minutes."""
    settings = options.load_settings(config, data_dir=data_dir)
    _call(settings, hub, "DELETE", "v1", "admin", "parties", unit, "keys", key)
    if json:
        terminal.show_json({"revoked": key})
    else:
        terminal.say("Revoked.")


def read_file(name: str) -> dict[str, Any]:
    """What the file holds, as the hub takes it: `jwk` or `certificate`. Raises `WrongUse`."""
    try:
        content = Path(name).read_bytes()
    except OSError as fault:
        raise WrongUse(f"{name} cannot be read: {fault.strerror}.") from None
    if b"PRIVATE KEY" in content:
        raise WrongUse(f"{name} holds a private key: it stays with the unit. Give the public one.")
    if b"BEGIN CERTIFICATE" in content:
        return {"certificate": content.decode("ascii", "replace")}
    return {"jwk": _jwk_of_pem(name, content) if b"BEGIN PUBLIC KEY" in content else _jwk_of_json(name, content)}


def _jwk_of_pem(name: str, content: bytes) -> dict[str, str]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": _encode(key.public_bytes_raw())}
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        numbers = key.public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": _encode(numbers.x.to_bytes(32)), "y": _encode(numbers.y.to_bytes(32))}
    raise WrongUse(f"{name} holds no Ed25519 key and no EC key on P-256.")


def _jwk_of_json(name: str, content: bytes) -> Any:
    from schemas import strict_json

    try:
        jwk = strict_json.loads(content)
    except strict_json.NotJson:
        raise WrongUse(f"{name} is neither PEM nor JSON.") from None
    if not isinstance(jwk, dict) or "d" in jwk or "k" in jwk:
        raise WrongUse(f"{name} holds no public JWK: an object without its private members.")
    return jwk


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _cells(key: dict[str, Any]) -> list[terminal.Shown]:
    counts = terminal.Cell("yes") if key["counts"] else terminal.Cell("no", "yellow")
    plain = [key[name] for name in ("unit", "key", "kind", "name", "begins")]
    return [*plain, key["ends"] or "", counts]


def _add(settings: Settings, hub: str | None, unit: str, body: dict[str, Any], *, json: bool) -> None:
    given = {name: value for name, value in body.items() if value is not None}
    key = _call(settings, hub, "POST", "v1", "admin", "parties", unit, "keys", body=given)
    if json:
        terminal.show_json(key)
    else:
        terminal.say(f"{key['key']}  {key['kind']}")


def _call(settings: Settings, hub: str | None, method: str, *path: str, **parts: Any) -> Any:
    from hub.client import errors

    try:
        return operating.call(settings, hub, method, *path, **parts)
    except ValueError:
        raise WrongUse("That is no unit id, no thumbprint or no address of a hub.") from None
    except errors.Refused as refused:
        places = ", ".join(sorted({fault.pointer for fault in refused.problem.errors}))
        raise Failed(f"The hub says no: {refused.problem.code}{' at ' + places if places else ''}.") from None
