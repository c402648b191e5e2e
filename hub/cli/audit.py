"""`samverkan audit`: what the log tells."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Final

import typer

from hub.cli import audit_log, entries, extract, lookups, options, program, terminal

if TYPE_CHECKING:
    from hub.store.port import Reader
    from hub.store.records import AuditQuery, AuditRow

group = program.new_group("The tamper-evident log.")
PAGE: Final = 1000


group.command("key", epilog="Example: samverkan audit key --data-dir /var/lib/samverkan")(audit_log.key)
group.command("verify", epilog="Example: samverkan audit verify log-files --vkey hub.vkey --checkpoint last.txt")(
    audit_log.verify
)
group.command("export", epilog="Example: samverkan audit export --tiles log-files")(audit_log.export)
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
    unit: Annotated[
        str | None, typer.Option("--unit", metavar="UNIT", help="Entries of this unit: as actor, concerned, recipient.")
    ] = None,
    type: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Entries about messages of a type.")
    ] = None,
    message: Annotated[str | None, typer.Option("--message", metavar="ID", help="Entries about one message.")] = None,
    case: Annotated[str | None, typer.Option("--case", metavar="ID", help="Entries about one case.")] = None,
    code: Annotated[str | None, typer.Option("--code", metavar="CODE", help="Entries with this refusal code.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Entries from this day or instant on.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, metavar="NUMBER", help="As many at most.")] = 100,
    after: Annotated[
        int | None,
        typer.Option("--after", min=-1, metavar="INDEX", help="Entries behind this one; -1 is the beginning."),
    ] = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Show entries, the newest last: those at the end of the log, or from --since or --after on."""
    from hub.store.records import AuditQuery
    from schemas import envelope

    settings = options.load_settings(config, data_dir=data_dir)
    query = AuditQuery(
        type=type.removeprefix(envelope.TYPE_PREFIX) if type else None,
        message_id=lookups.read_id(message, "--message") if message else None,
        case_id=lookups.read_id(case, "--case") if case else None,
        code=code.upper() if code else None,
        since=lookups.read_instant(since, "--since") if since else None,
        after=after,
        limit=PAGE,
    )
    with lookups.reading(settings) as reader:
        rows, more = _find(reader, query, unit, limit)
    if json:
        terminal.show_json({"items": [entries.document(row) for row in rows], "next": rows[-1].index if more else None})
        return
    entries.show(rows)
    if more:
        terminal.note(f"There are more: --after {rows[-1].index}")


def _find(reader: Reader, query: AuditQuery, unit: str | None, limit: int) -> tuple[list[AuditRow], bool]:
    """Up to `limit` entries in the order of the log, and whether more follow."""
    fitting = (row for row in _pages(reader, query) if unit is None or _concerns(row, unit))
    if query.since is not None or query.after is not None:
        found = list(islice(fitting, limit + 1))
        return found[:limit], len(found) > limit
    if query == type(query)(limit=PAGE) and unit is None:
        # Nothing narrows, so where the last ones begin is known without reading the others.
        first = reader.audit_size() - limit
        return reader.list_audit(replace(query, after=max(first, 0) - 1, limit=limit)), False
    return list(deque(fitting, maxlen=limit)), False


def _pages(reader: Reader, query: AuditQuery) -> Iterator[AuditRow]:
    """Every entry that fits, read page by page."""
    while page := reader.list_audit(query):
        yield from page
        query = replace(query, after=page[-1].index)


def _concerns(row: AuditRow, unit: str) -> bool:
    """True also for a sender and for the recipients of a message, who stand in the entry itself only."""
    if unit in (row.actor, row.unit):
        return True
    recipients = entries.read(row).get("recipients", [])
    return any(isinstance(one, dict) and one.get("unit") == unit for one in recipients)
