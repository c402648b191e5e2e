"""`samverkan audit`: what the log tells."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import audit_export, audit_log, audit_person, entries, extract, looking, options, program, terminal

if TYPE_CHECKING:
    from hub.audit.searching import Search
    from hub.store.port import Reader
    from hub.store.records import AuditRow

group = program.new_group("The tamper-evident log.")

group.command("key", epilog="Example: samverkan audit key --data-dir /var/lib/samverkan")(audit_log.key)
group.command("verify", epilog="Example: samverkan audit verify log-files --vkey hub.vkey --checkpoint last.txt")(
    audit_log.verify
)
group.command("export", epilog="Example: samverkan audit export --form csv --out log.csv --since 2026-11-01")(
    audit_export.export
)
group.command("person", epilog="Example: samverkan audit person --person-file person.txt --reason complaint")(
    audit_person.person
)
group.command("extract", epilog="Example: samverkan audit extract --person-file person.txt --reason register_extract")(
    extract.extract
)
group.command("check-extract", epilog="Example: samverkan audit check-extract registerutdrag")(extract.check_extract)
group.command("resume", epilog="Example: samverkan audit resume --size 1234")(audit_log.resume)


@group.callback()
def _audit() -> None:
    """The tamper-evident log."""


@group.command("show", epilog="Example: samverkan audit show --unit sd-farsta --since 2026-02-16 --limit 20")
def show(
    unit: looking.Unit = None,
    type: looking.Type = None,
    action: looking.Action = None,
    message: looking.Message = None,
    case: looking.Case = None,
    code: looking.Code = None,
    verdict: looking.Verdict = None,
    since: looking.Since = None,
    until: looking.Until = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, metavar="NUMBER", help="As many at most.")] = 100,
    after: Annotated[
        int | None,
        typer.Option("--after", min=-1, metavar="INDEX", help="Entries behind this one; -1 is the beginning."),
    ] = None,
    reason: looking.Why = looking.USUAL,
    reference: looking.Reference = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Show entries, the newest last: those at the end of the log, or from --since or --after on.

    That they were shown, and why, is in the log itself within a minute, or when the hub starts again."""
    settings = options.load_settings(config, data_dir=data_dir)
    wanted = looking.read_search(unit, type, action, message, case, code, verdict, since, until, after)
    note = looking.look(
        "log_search",
        looking.read_reason(reason, reference),
        {"by": looking.names_of(wanted)},
        message_id=wanted.query.message_id,
        case_id=wanted.query.case_id,
    )
    with looking.looking(settings, note) as reader:
        rows, more = _find(reader, wanted, limit)
    if json:
        terminal.show_json({"items": [entries.document(row) for row in rows], "next": rows[-1].index if more else None})
        return
    entries.show(rows)
    if more:
        terminal.note(f"There are more: --after {rows[-1].index}")


def _find(reader: Reader, wanted: Search, limit: int) -> tuple[list[AuditRow], bool]:
    """Up to `limit` entries in the order of the log, and whether more follow."""
    from hub.audit import searching

    fitting = searching.find_all(reader, wanted)
    if wanted.query.since is not None or wanted.query.after is not None:
        found = list(islice(fitting, limit + 1))
        return found[:limit], len(found) > limit
    if not looking.names_of(wanted):
        # Nothing narrows, so where the last ones begin is known without reading the others.
        first = reader.audit_size() - limit
        return reader.list_audit(replace(wanted.query, after=max(first, 0) - 1, limit=limit)), False
    return list(deque(fitting, maxlen=limit)), False
