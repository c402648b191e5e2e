"""`samverkan audit person`: what the log tells about one person, asked of the running hub, which knows the key."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli import extract, looking, operating, options, terminal
from hub.cli.faults import WrongUse

TITLES = ("index", "at", "action", "actor", "unit", "type", "code", "case", "message")


def person(
    person_file: Annotated[
        str, typer.Option("--person-file", metavar="FILE", help="A file with the personal number in its first line.")
    ],
    reason: Annotated[
        str, typer.Option("--reason", metavar="WORD", help="Why: complaint, say. It is logged, and there is no usual.")
    ],
    reference: looking.Reference = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, metavar="NUMBER", help="As many at most.")] = 100,
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Show the entries about a person, the newest last. The look and its reason are in the log before.

    The number is never given on the command line, where others of the machine could see it."""
    from hub.client import errors

    given = looking.read_reason(reason, reference)
    settings = options.load_settings(config, data_dir=data_dir)
    number, _ = extract.read_person(person_file)
    body = {"number": number, "limit": limit, **given.detail()}
    try:
        found = operating.call(settings, hub, "POST", "v1", "audit", "persons", body=body)
    except errors.Refused as refused:
        raise WrongUse(f"The hub says no: {refused.title}") from None
    if json:
        terminal.show_json(found)
        return
    rows = [["" if each[name] is None else str(each[name]) for name in TITLES] for each in found["items"]]
    terminal.show_table(TITLES, rows)
