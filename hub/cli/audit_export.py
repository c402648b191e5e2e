"""`samverkan audit export`: the log as static files, or its entries as one file for another program."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import looking, lookups, options, terminal
from hub.cli.faults import Failed, WrongUse

if TYPE_CHECKING:
    from hub.identity.reasons import Reason
    from hub.settings import Settings

STANDARD_OUTPUT = "-"


def export(
    tiles: Annotated[
        str | None, typer.Option("--tiles", metavar="DIR", help="The folder of the static files (C2SP tlog-tiles).")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--form", metavar="FORM", help="Entries as one file: csv, json or fhir (AuditEvent).")
    ] = None,
    out: Annotated[
        str, typer.Option("--out", metavar="FILE", help="With --form. [dim]Default: standard output[/dim]")
    ] = STANDARD_OUTPUT,
    unit: looking.Unit = None,
    type: looking.Type = None,
    action: looking.Action = None,
    message: looking.Message = None,
    case: looking.Case = None,
    code: looking.Code = None,
    verdict: looking.Verdict = None,
    since: looking.Since = None,
    until: looking.Until = None,
    reason: looking.Why = looking.USUAL,
    reference: looking.Reference = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Write the log to hand it over, or to keep it elsewhere: all of it as static files that anybody can verify
    (--tiles; again, only what is new is written), or entries for another program (--form, narrowed as with show).

    That it was exported, and why, is noted for the log."""
    given = looking.read_reason(reason, reference)
    settings = options.load_settings(config, data_dir=data_dir)
    wanted = looking.read_search(unit, type, action, message, case, code, verdict, since, until)
    if tiles is not None:
        if form is not None:
            raise WrongUse("Give --tiles DIR or --form FORM, not both.")
        if looking.names_of(wanted):
            raise WrongUse("Static files hold the whole log: nothing narrows them.")
        _show(_export_tiles(settings, Path(tiles), given), tiles, json=json)
        return
    from hub.audit import rendering, searching

    if form is None or form not in rendering.FORMS:
        raise WrongUse(f"Give --tiles DIR, or --form with one of {', '.join(rendering.FORMS)}.")
    if json and out == STANDARD_OUTPUT:
        raise WrongUse("--json tells what was written: give --out FILE too.")
    note = _note(form, looking.names_of(wanted), given)
    with looking.looking(settings, note) as reader:
        counted = _Counted(map(searching.document, searching.find_all(reader, wanted)))
        _write(rendering.FORMS[form].parts(counted), out)
    if out != STANDARD_OUTPUT:
        _show({"entries": counted.number, "form": form}, out, json=json)


class _Counted:
    """Passes documents on, and knows how many."""

    def __init__(self, documents: Iterable[Any]) -> None:
        self._documents = documents
        self.number = 0

    def __iter__(self) -> Any:
        for document in self._documents:
            self.number += 1
            yield document


def _note(form: str, by: list[str], given: Reason) -> Any:
    from hub.audit.entry import AuditAction
    from hub.audit.noting import Note

    return Note(AuditAction.LOG_EXPORTED, {"look": "log", "form": form, "by": by, **given.detail()})


def _export_tiles(settings: Settings, folder: Path, given: Reason) -> dict[str, Any]:
    from hub.audit import sources
    from hub.store.records import CheckpointKind

    with lookups.reading(settings) as reader:
        stored = reader.find_checkpoint(CheckpointKind.PUBLISHED)
        if stored is None:
            raise Failed("Nothing has been signed yet: start the hub once.")
        looking.leave(settings, _note("tiles", [], given))
        written = sources.export(sources.StoreSource(reader), folder, stored.size)
    return {"size": stored.size, "files": written}


def _write(parts: Iterable[str], out: str) -> None:
    """Readable by its owner only, wherever it is written to."""
    if out == STANDARD_OUTPUT:
        sys.stdout.writelines(parts)
        sys.stdout.flush()
        return
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.writelines(parts)


def _show(told: dict[str, Any], place: str, *, json: bool) -> None:
    if json:
        terminal.show_json(told)
    elif "size" in told:
        terminal.say(f"{told['size']} entries in {place}, {told['files']} files written.")
    else:
        terminal.say(f"{told['entries']} entries in {place}.")
