"""`samverkan backup` and `samverkan restore`: the data of either engine, beside a running hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.cli import options, terminal
from hub.cli.faults import Failed


def backup(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    keys_to: Annotated[
        str | None,
        typer.Option("--keys-to", metavar="DIR", help="Copy the key files too, to another place than the database."),
    ] = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Copy the database, whole and as of now, while the hub runs. Keys are kept apart.

    Of PostgreSQL with its own pg_dump, which must be on this machine."""
    from hub import backup as backups
    from hub.clock import SystemClock

    settings = options.load_settings(config, data_dir=data_dir)
    try:
        made = backups.make(
            settings.data_dir,
            Path(folder),
            SystemClock().now(),
            keys_to=Path(keys_to) if keys_to else None,
            database_url=settings.database_url,
        )
    except backups.BackupWrong as wrong:
        raise Failed(str(wrong)) from None
    if json:
        terminal.show_json(made)
        return
    terminal.say(f"Backed up to {folder}: {made['log_size']} entries of the log.")
    if keys_to is None:
        terminal.say("The key files are not in it; without them nothing can be read (--keys-to).")


def restore(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A folder that `samverkan backup` made.")],
    keys_from: Annotated[
        str | None,
        typer.Option("--keys-from", metavar="DIR", help="Take the key files that are missing from there."),
    ] = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Put a backup into a data directory without a database, or into an empty database of PostgreSQL's.

    What was erased since is erased again at the start."""
    from hub import backup as backups

    settings = options.load_settings(config, data_dir=data_dir)
    try:
        made = backups.restore(
            Path(folder),
            settings.data_dir,
            keys_from=Path(keys_from) if keys_from else None,
            database_url=settings.database_url,
        )
    except backups.BackupWrong as wrong:
        raise Failed(str(wrong)) from None
    if json:
        terminal.show_json(made)
    else:
        terminal.say(f"Restored the backup of {made['made']} to {settings.data_dir}. Start the hub there.")
