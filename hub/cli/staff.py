"""`samverkan staff`: who may sign in to the team's desk and the control room, and with which roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import operating, options, program, terminal
from hub.cli.faults import Failed, WrongUse

if TYPE_CHECKING:
    from hub.settings import Settings

group = program.new_group("Who may sign in, and with which roles.")


@group.callback()
def _staff() -> None:
    """Who may sign in, and with which roles."""


@group.command(
    "add",
    epilog="Example: samverkan staff add Eva --iss https://idp.example --sub 7f3a --role handlaggare:sd-farsta",
)
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What colleagues call the person.")],
    iss: Annotated[
        str, typer.Option("--iss", metavar="URL", help="Who vouches: the provider's issuer, to the letter.")
    ],
    sub: Annotated[str, typer.Option("--sub", metavar="SUBJECT", help="What the provider calls the person.")],
    role: Annotated[
        list[str],
        typer.Option(
            "--role",
            metavar="ROLE",
            help="handlaggare:UNIT, team_coordinator:TEAM, administrator, auditor or data_officer. May be repeated.",
        ),
    ],
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Add a member of the staff, or give the one with the same issuer and subject another name and other roles."""
    from hub.identity import roles

    settings = options.load_settings(config, data_dir=data_dir)
    try:
        given = [str(roles.read_grant(text)) for text in role]
    except roles.WrongGrant as wrong:
        raise WrongUse(str(wrong)) from None
    body = {"iss": iss, "sub": sub, "name": name, "roles": given}
    member = _call(settings, hub, "PUT", "v1", "admin", "staff", body=body)
    if json:
        terminal.show_json(member)
    else:
        terminal.say(f"{member['staff']}  {', '.join(member['roles'])}")


@group.command("list", epilog="Example: samverkan staff list")
def list_members(
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """List everybody who may sign in, and those who no longer may."""
    settings = options.load_settings(config, data_dir=data_dir)
    found = _call(settings, hub, "GET", "v1", "admin", "staff")
    if json:
        terminal.show_json(found)
        return
    titles = ("staff", "name", "roles", "issuer", "subject", "ended")
    rows = [
        [each["staff"], each["name"], ", ".join(each["roles"]), each["iss"], each["sub"], each["ended"] or ""]
        for each in found["items"]
    ]
    terminal.show_table(titles, rows)


@group.command("remove", epilog="Example: samverkan staff remove 3f0c2a9e-6a0d-4a57-9d43-0f0b6a1f7c11")
def remove(
    staff: Annotated[str, typer.Argument(metavar="ID", help="The member's id, from `samverkan staff list`.")],
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """End a member: no more signing in, and open sessions are over."""
    settings = options.load_settings(config, data_dir=data_dir)
    _call(settings, hub, "DELETE", "v1", "admin", "staff", staff)
    if json:
        terminal.show_json({"removed": staff})
    else:
        terminal.say("Removed.")


@group.command("sign-out", epilog="Example: samverkan staff sign-out 3f0c2a9e-6a0d-4a57-9d43-0f0b6a1f7c11")
def sign_out(
    staff: Annotated[str, typer.Argument(metavar="ID", help="The member's id, from `samverkan staff list`.")],
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """End all sessions of a member, who may sign in again."""
    settings = options.load_settings(config, data_dir=data_dir)
    told = _call(settings, hub, "DELETE", "v1", "admin", "staff", staff, "sessions")
    if json:
        terminal.show_json(told)
    else:
        terminal.say(f"Sessions ended: {told['ended']}.")


def _call(settings: Settings, hub: str | None, method: str, *path: str, body: Any = None) -> Any:
    from hub.client import errors

    try:
        return operating.call(settings, hub, method, *path, body=body)
    except ValueError:
        raise WrongUse("A member's id is a UUID, and --hub an address such as http://127.0.0.1:8080.") from None
    except errors.Refused as refused:
        places = ", ".join(sorted({fault.pointer for fault in refused.problem.errors}))
        raise Failed(f"The hub says no: {refused.problem.code}{' at ' + places if places else ''}.") from None
