"""The options that several commands share, and the settings that follow from them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from hub.settings import Settings

FILE: Final = "samverkan.toml"

DataDir = Annotated[
    str | None,
    typer.Option("--data-dir", metavar="DIR", help="Where the database and the key files are. [dim]Default: var[/dim]"),
]
Config = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="A file of settings. [dim]Default: samverkan.toml in the working directory, if there is one[/dim]",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Plain JSON on standard output, and nothing else there.")]
HubUrl = Annotated[
    str | None,
    typer.Option(
        "--hub",
        metavar="URL",
        envvar="SAMVERKAN_HUB",
        show_envvar=True,
        help="The hub to ask. [dim]Default: the one that the settings describe[/dim]",
    ),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="TOKEN",
        envvar="SAMVERKAN_TOKEN",
        show_envvar=True,
        help="A bearer token. [dim]Default: one made with the key in the data directory[/dim]",
    ),
]


def load_settings(config: str | None, **flags: object) -> Settings:
    """The settings of this call, from flags, environment and file. Raises `SettingWrong`."""
    from hub import settings

    return settings.load(flags, os.environ, find_file(config))


def find_file(config: str | None) -> Path | None:
    """The file of settings that counts: the one that was named, else the one in the working directory."""
    if config is not None:
        return Path(config)
    return Path(FILE) if Path(FILE).is_file() else None


def address_of(settings: Settings) -> str:
    """Where the hub of these settings is reached from this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - not listened on here
    if settings.tls_cert is None:
        return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    # A certificate is for a name, seldom for an address.
    return settings.public_url or f"https://{f'[{host}]' if ':' in host else host}:{settings.port}"
