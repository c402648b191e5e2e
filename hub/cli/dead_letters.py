"""`samverkan dead-letters`: copies that could not be delivered, and what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import lookups, operating, options, program, terminal
from hub.cli.faults import Failed, WrongUse

if TYPE_CHECKING:
    from hub.settings import Settings

group = program.new_group("Copies that could not be delivered.")

Unit = Annotated[str | None, typer.Option("--unit", metavar="UNIT", help="Only those for this unit.")]
Type = Annotated[str | None, typer.Option("--type", metavar="TYPE", help="Only messages of this type.")]
Cause = Annotated[
    str | None, typer.Option("--cause", metavar="CAUSE", help="Only by this cause: push_exhausted, poison, unroutable.")
]


@group.callback()
def _dead_letters() -> None:
    """Copies that could not be delivered."""


@group.command("list", epilog="Example: samverkan dead-letters list --unit jt-sydost")
def list_letters(
    unit: Unit = None,
    type: Type = None,
    cause: Cause = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, metavar="NUMBER", help="As many at most.")] = 50,
    reason: Annotated[
        str, typer.Option("--reason", metavar="WORD", help="Why you look, as in the control room; logged.")
    ] = "operation",
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """List dead letters, the oldest first. The look is logged."""
    settings = options.load_settings(config, data_dir=data_dir)
    given = {"unit": unit, "type": type, "cause": cause, "limit": str(limit), "reason": reason}
    query = {name: value for name, value in given.items() if value is not None}
    _show(_call(settings, hub, "GET", query=query)["items"], json=json)


@group.command("retry", epilog="Example: samverkan dead-letters retry --unit jt-sydost --most 500 --dry-run")
def retry(
    delivery: Annotated[
        str | None, typer.Argument(metavar="[DELIVERY]", help="One delivery; without it all that fit.")
    ] = None,
    unit: Unit = None,
    type: Type = None,
    cause: Cause = None,
    most: Annotated[int, typer.Option("--most", min=1, max=1000, metavar="NUMBER", help="As many at most.")] = 100,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell which.")] = False,
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Put dead letters on their way again, under the same ids: one, or the oldest that fit."""
    settings = options.load_settings(config, data_dir=data_dir)
    narrowing = {"unit": unit, "type": type, "cause": cause}
    if delivery is not None:
        if dry_run or any(narrowing.values()):
            raise WrongUse("One DELIVERY is retried as it is: leave the other options out.")
        _call(settings, hub, "POST", lookups.read_id(delivery, "DELIVERY"), "retry")
        terminal.say("On its way again.")
        return
    body = {name: value for name, value in narrowing.items() if value is not None}
    found = _call(settings, hub, "POST", "retry", body={**body, "most": most, "dry_run": dry_run})["items"]
    _show(found, json=json)
    if not json:
        terminal.say(f"{len(found)} would be on their way again." if dry_run else f"{len(found)} on their way again.")


@group.command("drop", epilog="Example: samverkan dead-letters drop 0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11 --reason test")
def drop(
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="The delivery.")],
    reason: Annotated[
        str,
        typer.Option(
            "--reason", metavar="WORD", help="sent_otherwise, sent_again, outdated, recipient_gone or test; logged."
        ),
    ],
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Give one dead letter up for good. Its sender keeps the state `dead`."""
    settings = options.load_settings(config, data_dir=data_dir)
    _call(settings, hub, "POST", lookups.read_id(delivery, "DELIVERY"), "drop", body={"reason": reason})
    if json:
        terminal.show_json({"delivery": delivery, "dropped": True})
    else:
        terminal.say("Dropped.")


def _call(settings: Settings, url: str | None, method: str, *path: str, **parts: Any) -> Any:
    from hub.client import errors

    try:
        return operating.call(settings, url, method, "v1", "admin", "dead-letters", *path, **parts)
    except errors.Refused as refused:
        if refused.status == 404:
            raise Failed("There is no such dead letter, or not any more.") from None
        accepted = "; ".join(f"{fault.pointer.rpartition('/')[2]}: {fault.detail}" for fault in refused.errors)
        raise WrongUse(accepted or refused.title) from None


def _show(found: list[dict[str, Any]], *, json: bool) -> None:
    if json:
        terminal.show_json(found)
        return
    titles = ("delivery", "type", "from", "to", "cause", "attempts", "died")
    names = ("delivery", "type", "sender", "unit", "cause", "attempts", "died")
    terminal.show_table(titles, [[str(each[name]) for name in names] for each in found])
