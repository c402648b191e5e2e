"""`samverkan retention`: what is due to be erased (gallring), erasing it now, and holding something back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import lookups, operating, options, program, terminal
from hub.cli.faults import Failed, WrongUse

if TYPE_CHECKING:
    from hub.settings import Settings

group = program.new_group("What is erased when (gallring), and what is held back.")
WORDS = {
    "delivered_body": "body, delivered",
    "undelivered_body": "body, nobody waits any more",
    "dead_letter": "body, given up",
    "case": "case with its key",
    "person": "person without a case",
    "consent": "consent with its key",
    "metadata": "metadata",
}


@group.callback()
def _retention() -> None:
    """What is erased when (gallring), and what is held back."""


@group.command("run", epilog="Example: samverkan retention run --dry-run")
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what is due, and why.")] = False,
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Erase what is due by the rules, as the running hub does by itself once a day."""
    settings = options.load_settings(config, data_dir=data_dir)
    found = _call(settings, hub, "GET", "due") if dry_run else _call(settings, hub, "POST", "runs")
    if json:
        terminal.show_json(found)
    elif dry_run:
        _show_due(found)
    else:
        _show_counts(found["counts"])


@group.command("protocol", epilog="Example: samverkan retention protocol")
def protocol(
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Show what was erased when, the newest run first."""
    found = _call(options.load_settings(config, data_dir=data_dir), hub, "GET", "runs")
    if json:
        terminal.show_json(found)
        return
    terminal.show_table(
        ("began", "by", "erased"),
        [[each["began"], each["actor"], _sum_up(each["counts"])] for each in found["items"]],
    )


@group.command(
    "hold", epilog="Example: samverkan retention hold 0b5f4a1e-54cf-4d0e-9c8e-3f2a9f0c7d11 --reference dnr-2026-17"
)
def hold(
    subject: Annotated[str, typer.Argument(metavar="ID", help="A case, a consent, or a message.")],
    reference: Annotated[
        str, typer.Option("--reference", metavar="TEXT", help="A diary number; no personal data: it is logged.")
    ],
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Keep everything that is erased together with ID until the hold is released (legal hold)."""
    settings = options.load_settings(config, data_dir=data_dir)
    body = {"subject": lookups.read_id(subject, "hold"), "reference": reference}
    placed = _call(settings, hub, "PUT", "holds", body=body)
    if json:
        terminal.show_json(placed)
    else:
        terminal.say(f"Held since {placed['placed']}.")


@group.command("release", epilog="Example: samverkan retention release 0b5f4a1e-54cf-4d0e-9c8e-3f2a9f0c7d11")
def release(
    subject: Annotated[str, typer.Argument(metavar="ID", help="The same id as for the hold.")],
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Release a hold: the schedule counts again."""
    settings = options.load_settings(config, data_dir=data_dir)
    held = lookups.read_id(subject, "release")
    _call(settings, hub, "DELETE", "holds", held)
    if json:
        terminal.show_json({"subject": held, "state": "released"})
        return
    terminal.say("Released.")


@group.command("holds", epilog="Example: samverkan retention holds")
def holds(
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """List what is held back."""
    found = _call(options.load_settings(config, data_dir=data_dir), hub, "GET", "holds")
    if json:
        terminal.show_json(found)
        return
    rows = [[each["subject"], each["reference"], each["by"], each["placed"]] for each in found["items"]]
    terminal.show_table(("what", "reference", "by", "since"), rows)


def _show_due(found: dict[str, Any]) -> None:
    terminal.show_table(
        ("what", "id", "type", "due since", "held"),
        [
            [WORDS[each["kind"]], each["what"], each["type"], each["due"], "yes" if each["held"] else ""]
            for each in found["items"]
        ],
    )
    _show_counts(found["counts"])
    if found["held"]:
        terminal.say(f"{found['held']} held back.")


def _show_counts(counts: dict[str, int]) -> None:
    terminal.say(f"In all: {_sum_up(counts)}.")


def _sum_up(counts: dict[str, int]) -> str:
    return ", ".join(f"{WORDS[kind]}: {many}" for kind, many in counts.items()) or "nothing"


def _call(settings: Settings, hub: str | None, method: str, *path: str, body: Any = None) -> Any:
    from hub.client import errors

    try:
        return operating.call(settings, hub, method, "v1", "admin", "retention", *path, body=body)
    except errors.Refused as refused:
        if refused.status == 404:
            raise Failed("There is no such case, consent, message or hold.") from None
        accepted = "; ".join(f"{fault.pointer.rpartition('/')[2]}: {fault.detail}" for fault in refused.errors)
        raise WrongUse(accepted or refused.title) from None
