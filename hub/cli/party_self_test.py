"""`samverkan party self-test`: the whole way of an agency's connection, run where the agency is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hub.cli import options, terminal
from hub.cli.faults import Failed, WrongUse

if TYPE_CHECKING:
    from hub.client.credentials import ClientCredentials


def self_test(
    unit: Annotated[str, typer.Argument(metavar="UNIT", help="The unit's id.")],
    key: Annotated[str, typer.Option("--key", metavar="FILE", help="The unit's private key (PEM). It stays here.")],
    kid: Annotated[str | None, typer.Option("--kid", metavar="KID", help="The key's name at the hub.")] = None,
    dpop: Annotated[bool, typer.Option("--dpop", help="Ask for a token that is bound to a key.")] = False,
    hub: options.HubUrl = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Get a token as the unit and tell what is right and wrong with the connection. Needs the unit's key only."""
    from hub.client.credentials import ClientCredentials, KeyNotUsable, PrivateKey

    address = hub or options.address_of(options.load_settings(config))
    try:
        private = PrivateKey.load(Path(key))
    except OSError as fault:
        raise WrongUse(f"{key} cannot be read: {fault.strerror}.") from None
    except KeyNotUsable as fault:
        raise WrongUse(f"{fault}.") from None
    credentials = ClientCredentials(address, unit, private, kid=kid, dpop=dpop)
    told = asyncio.run(_ask(address, credentials))
    if json:
        terminal.show_json(told)
    else:
        terminal.show_table(("check", "", "what", "to do"), [_cells(check) for check in told["checks"]])
    if not told["ok"]:
        raise typer.Exit(1)


async def _ask(address: str, credentials: ClientCredentials) -> Any:
    import aiohttp

    from hub.client import errors
    from hub.client.calling import Line, Patience
    from hub.clock import SystemClock

    try:
        await credentials()
    except errors.TokenRefused as refused:
        raise Failed(
            f"No token: {refused.error}: {refused.told}. Step by step, in a browser: {address.rstrip('/')}/connection"
        ) from None
    except errors.HubUnavailable as absent:
        raise Failed(f"The hub at {address} does not answer ({absent.reason}). {_find_step(absent.reason)}") from None
    except errors.AnswerNotUnderstood as strange:
        raise Failed(f"What answers at {address} is no hub of this version ({strange}).") from None
    time = SystemClock().now().isoformat()
    async with aiohttp.ClientSession() as session:
        line = Line(session, address, credentials, Patience(attempts=2))
        return (await line.call("GET", "v1", "self-test", query={"time": time})).document


# Kinds of errors of aiohttp's client, as `HubUnavailable` names them, and at which step of the way they come.
_STEPS: Final[Mapping[str, str]] = {
    "ClientConnectorDNSError": "DNS: the name leads to no address from here; check its spelling.",
    "ClientConnectorCertificateError": "TLS: the certificate is not trusted here, or is another host's.",
    "ClientConnectorSSLError": "TLS: no common version (it takes TLS 1.2 and later), or no TLS at that port.",
    "ClientConnectorError": "Connection: nobody listens there, or a firewall says no.",
    "ConnectionTimeoutError": "Connection: nothing answers; a firewall may swallow the packets.",
    "ServerDisconnectedError": "Connection: it was closed at once; that port may want TLS, or a client certificate.",
}


def _find_step(reason: str) -> str:
    return _STEPS.get(reason, "See its /readyz, or ask who keeps it.")


def _cells(check: dict[str, Any]) -> list[terminal.Shown]:
    mark = {True: terminal.Cell("ok"), False: terminal.Cell("fault", "red"), None: terminal.Cell("-")}[check["ok"]]
    return [check["check"], mark, check["said"], check["todo"]]
