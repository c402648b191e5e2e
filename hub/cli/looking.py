"""Looks at the log from the machine itself: each is noted for the log, with its reason, before anything is shown."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import lookups
from hub.cli.faults import Failed, WrongUse

if TYPE_CHECKING:
    from hub.audit.noting import Note
    from hub.audit.searching import Search
    from hub.identity.reasons import Reason
    from hub.settings import Settings
    from hub.store.port import Reader

Unit = Annotated[
    str | None, typer.Option("--unit", metavar="UNIT", help="Entries of this unit: as actor, concerned, recipient.")
]
Type = Annotated[str | None, typer.Option("--type", metavar="TYPE", help="Entries about messages of a type.")]
Action = Annotated[str | None, typer.Option("--action", metavar="ACTION", help="Entries of a kind: message_refused.")]
Message = Annotated[str | None, typer.Option("--message", metavar="ID", help="Entries about one message.")]
Case = Annotated[str | None, typer.Option("--case", metavar="ID", help="Entries about one case.")]
Code = Annotated[str | None, typer.Option("--code", metavar="CODE", help="Entries with this refusal code.")]
Verdict = Annotated[
    str | None,
    typer.Option("--verdict", metavar="WORD", help="Any recipient's verdict: deliver, redact, refuse or manual."),
]
Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="Entries from this day or instant on.")]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Entries before this day or instant.")]
Why = Annotated[
    str,
    typer.Option("--reason", metavar="WORD", help="Why; it is logged: operation, supervision, fault_finding, incident"),
]
Reference = Annotated[
    str | None, typer.Option("--reference", metavar="TEXT", help="A diary number; it is logged, so nobody's name.")
]
USUAL = "operation"


def read_reason(code: str, reference: str | None) -> Reason:
    """Raises `WrongUse`."""
    from hub.identity import reasons

    try:
        return reasons.read(code, reference)
    except reasons.ReasonWrong as wrong:
        accepted = {
            "reason": f"one of {', '.join(reasons.REASONS)}",
            "reference": "at most 40 letters, digits and . / : -, and no personal number",
        }
        raise WrongUse(f"--{wrong.field} takes {accepted[wrong.field]}.") from None


def read_search(
    unit: str | None,
    type: str | None,
    action: str | None,
    message: str | None,
    case: str | None,
    code: str | None,
    verdict: str | None,
    since: str | None,
    until: str | None,
    after: int | None = None,
) -> Search:
    """What the options ask for. Raises `WrongUse`."""
    from hub.audit.searching import VERDICTS, Search
    from hub.store.records import AuditQuery
    from schemas import envelope

    if verdict is not None and verdict not in VERDICTS:
        raise WrongUse(f"--verdict takes one of {', '.join(VERDICTS)}.")
    query = AuditQuery(
        type=type.removeprefix(envelope.TYPE_PREFIX) if type else None,
        message_id=lookups.read_id(message, "--message") if message else None,
        case_id=lookups.read_id(case, "--case") if case else None,
        code=code.upper() if code else None,
        since=lookups.read_instant(since, "--since") if since else None,
        after=after,
    )
    return Search(query, unit, verdict, action, lookups.read_instant(until, "--until") if until else None)


def names_of(search: Search) -> list[str]:
    """By what it narrows: names only, for the log."""
    query = search.query
    given = {
        "action": search.action,
        "case": query.case_id,
        "code": query.code,
        "message": query.message_id,
        "since": query.since,
        "type": query.type,
        "unit": search.unit,
        "until": search.until,
        "verdict": search.verdict,
    }
    return [name for name, value in given.items() if value is not None]


def look(name: str, reason: Reason, detail: Mapping[str, Any], **ids: str | None) -> Note:
    """The note of a look, as the hub's own pages leave an entry."""
    from hub.audit.entry import AuditAction
    from hub.audit.noting import Note

    return Note(AuditAction.STAFF_LOOKED, {"look": name, **reason.detail(), **detail}, **ids)


@contextlib.contextmanager
def looking(settings: Settings, note: Note) -> Iterator[Reader]:
    """A reader, once the note is left. Raises `StoreUnavailable`, `Failed`."""
    with lookups.reading(settings) as reader:
        leave(settings, note)
        yield reader


def leave(settings: Settings, note: Note) -> None:
    """Leaves the note for the hub. Raises `Failed` where that cannot be done: then nothing else may be."""
    from hub.audit.noting import Notebook, NotNoted
    from hub.clock import SystemClock

    try:
        Notebook(settings.data_dir).write(note, SystemClock().now())
    except NotNoted as fault:
        raise Failed(str(fault)) from None
