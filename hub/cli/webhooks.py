"""`samverkan party webhook`: where a unit's claim checks are pushed to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import operating, options, program, terminal
from hub.cli.faults import Failed, WrongUse

if TYPE_CHECKING:
    from hub.settings import Settings

group = program.new_group("Where a unit's claim checks are pushed to.")

Unit = Annotated[str, typer.Argument(metavar="UNIT", help="The unit's id.")]


@group.callback()
def _webhooks() -> None:
    """Where a unit's claim checks are pushed to."""


@group.command("set", epilog="Example: samverkan party webhook set jt-sydost https://vaxel.example.se/samverkan")
def set_webhook(
    unit: Unit,
    url: Annotated[str, typer.Argument(metavar="URL", help="The endpoint; https.")],
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Register the endpoint, or change its address. A new one's signing secret is printed, once."""
    settings = options.load_settings(config, data_dir=data_dir)
    _tell(_call(settings, hub, "PUT", unit, body={"url": url}), json=json)


@group.command("show", epilog="Example: samverkan party webhook show jt-sydost")
def show(
    unit: Unit,
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Show the endpoint, and whether it takes what it gets."""
    settings = options.load_settings(config, data_dir=data_dir)
    found = _call(settings, hub, "GET", unit)
    if json:
        terminal.show_json(found)
        return
    names = ("url", "state", "ended_by", "changed", "failures", "failing_since", "rests_until")
    terminal.show_table(("", ""), [[name, str(found[name] or "")] for name in names])


@group.command("rotate", epilog="Example: samverkan party webhook rotate jt-sydost")
def rotate(
    unit: Unit,
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Make a new signing secret and print it, once. The old one counts beside it for 24 hours."""
    settings = options.load_settings(config, data_dir=data_dir)
    _tell(_call(settings, hub, "POST", unit, "secret"), json=json)


@group.command("remove", epilog="Example: samverkan party webhook remove jt-sydost")
def remove(
    unit: Unit,
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Push nothing to the unit any more. Its mailbox has everything."""
    settings = options.load_settings(config, data_dir=data_dir)
    _call(settings, hub, "DELETE", unit)
    if json:
        terminal.show_json({"unit": unit, "state": "removed"})
        return
    terminal.say("Removed.")


def _tell(found: dict[str, Any], *, json: bool) -> None:
    if json:
        terminal.show_json(found)
        return
    terminal.note(f"{found['unit']}: {found['state']}.")
    if secret := found.get("secret"):
        terminal.note("The secret that signs what is sent there; it is not shown again:")
        terminal.show_secret(secret)


def _call(settings: Settings, url: str | None, method: str, unit: str, *path: str, body: Any = None) -> Any:
    from hub.client import errors

    try:
        return operating.call(settings, url, method, "v1", "admin", "parties", unit, "webhook", *path, body=body)
    except ValueError:
        raise WrongUse("A unit's id is like jt-sydost, and --hub an address such as http://127.0.0.1:8080.") from None
    except errors.Refused as refused:
        if refused.status == 404:
            raise Failed(f"{unit} is no unit, or has no webhook.") from None
        raise WrongUse("; ".join(fault.detail for fault in refused.errors) or refused.title) from None
