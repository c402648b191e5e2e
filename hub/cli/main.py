"""`samverkan`: every command of the hub. What a command needs is loaded when it runs, so that help is at once."""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Annotated

import typer

from hub.cli import (
    attach,
    audit,
    backup,
    case,
    dead_letters,
    doctor,
    key,
    party,
    program,
    retention,
    rules_compared,
    schemas,
    send,
    serve,
    staff,
    token,
    witness,
    worker,
)

app = typer.Typer(
    cls=program.Program,
    help="A hub through which authorities plan together for one person at a time.",
    epilog="Every setting is a flag, a SAMVERKAN_* variable or a row in samverkan.toml, in that order. "
    "Exit codes: 0 done, 1 the answer is no, 2 wrong use.",
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

app.command("serve", epilog="Example: samverkan serve --port 8080 --data-dir var --demo")(serve.serve)
app.command("worker", epilog="Example: samverkan worker --data-dir /var/lib/samverkan")(worker.worker)
app.command("migrate", epilog="Example: samverkan migrate --data-dir /var/lib/samverkan")(serve.migrate)
app.command("token", epilog="Example: samverkan token sd-farsta --ttl 900")(token.token)
app.command("send", epilog="Example: samverkan send message.json --as sd-farsta")(send.send)
app.command("attach", epilog="Example: samverkan attach intyg.pdf --as sd-farsta --holds HE")(attach.attach)
app.add_typer(party.group, name="party")
app.add_typer(staff.group, name="staff")
app.add_typer(rules_compared.group, name="rules")
app.add_typer(schemas.group, name="schemas")
app.add_typer(case.group, name="case")
app.add_typer(audit.group, name="audit")
app.command("witness", epilog="Example: samverkan witness --name fk.example/w1 --policy logs.policy --port 8090")(
    witness.witness
)
app.add_typer(dead_letters.group, name="dead-letters")
app.add_typer(retention.group, name="retention")
app.add_typer(key.group, name="key")
app.command("backup", epilog="Example: samverkan backup /backup/2026-11-26 --keys-to /safe/2026-11-26")(backup.backup)
app.command("restore", epilog="Example: samverkan restore /backup/2026-11-26 --data-dir /var/lib/samverkan")(
    backup.restore
)
app.command("doctor", epilog="Example: samverkan doctor --data-dir /var/lib/samverkan")(doctor.doctor)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"samverkan {metadata.version('samverkan')}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """A hub through which authorities plan together for one person at a time."""


def run() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal or pipe that knows no å shows its code instead of ending the command.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    app(prog_name="samverkan")
