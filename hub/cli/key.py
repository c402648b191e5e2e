"""`samverkan key`: the master key."""

from __future__ import annotations

import typer

from hub.cli import operating, options, program, terminal
from hub.cli.faults import Failed

group = program.new_group("The master key.")


@group.callback()
def _key() -> None:
    """The master key."""


@group.command("rotate", epilog="Example: samverkan key rotate")
def rotate(
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Take another master key and wrap all data keys with it, while the hub runs.

    With master_key_command the command must print the new key first and the old one after it."""
    from hub.client import errors

    settings = options.load_settings(config, data_dir=data_dir)
    try:
        done = operating.call(settings, hub, "POST", "v1", "admin", "keys", "rotate")
    except errors.Refused as refused:
        raise Failed(f"The hub says no: {refused.title}") from None
    if json:
        terminal.show_json(done)
    elif done["before"] == done["after"]:
        terminal.say("The key is the same as before: let the command print a new one first.")
        raise typer.Exit(1)
    else:
        terminal.say(f"{done['keys']} keys wrapped anew; {done['after']} counts, {done['before']} is gone.")
