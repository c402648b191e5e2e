"""`samverkan case`: what the hub knows of one case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hub.cli import entries, faults, looking, lookups, options, program, terminal

if TYPE_CHECKING:
    from hub.store.records import AuditRow
    from routing.case import Case

group = program.new_group("Cases, by their id. Metadata only.")
MOST_ENTRIES: Final = 1000


@group.callback()
def _case() -> None:
    """Cases, by their id. Metadata only."""


@group.command("show", epilog="Example: samverkan case show 0b5f4a1e-54cf-4d0e-9c8e-3f2a9f0c7d11")
def show(
    case_id: Annotated[str, typer.Argument(metavar="ID", help="The case id, as it stands in receipts (a UUID).")],
    reason: looking.Why = looking.USUAL,
    reference: looking.Reference = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Show a case's state, parties and plans, and what the log tells of it. Nothing about the person.

    The look is noted for the log, with its reason."""
    from hub.store.records import AuditQuery

    settings = options.load_settings(config, data_dir=data_dir)
    wanted = lookups.read_id(case_id, "case show")
    note = looking.look("case", looking.read_reason(reason, reference), {}, case_id=wanted)
    with looking.looking(settings, note) as reader:
        stored = reader.find_cases([wanted]).get(wanted)
        case = stored.case if stored is not None else None
        log = reader.list_audit(AuditQuery(case_id=wanted, limit=MOST_ENTRIES))
    if case is None:
        terminal.note("There is no case with this id.")
        raise typer.Exit(faults.ANSWER_IS_NO)
    if json:
        terminal.show_json({**_describe(case), "log": [entries.columns(row) for row in log]})
    else:
        _show(case, log)


def _describe(case: Case) -> dict[str, Any]:
    """The case without the key of its person."""
    request = case.reporting_request
    return {
        "case": case.case_id,
        "state": case.state,
        "finsam_state": case.finsam_state,
        "suspended": case.suspended,
        "opened": lookups.show_instant(case.opened_at),
        "closed": lookups.show_instant(case.closed_at),
        "stadsdel": case.responsible_stadsdel,
        "jobbtorg": case.responsible_jobbtorg,
        "team": case.team,
        "parties": sorted(case.parties),
        "plans": {
            plan: {"latest": chain.latest, "in_force": chain.in_force} for plan, chain in sorted(case.plans.items())
        },
        "reporting_request": {"items": sorted(request.items), "until": request.until.isoformat()} if request else None,
    }


def _show(case: Case, log: list[AuditRow]) -> None:
    told = _describe(case)
    fields: list[tuple[str, terminal.Shown]] = [(name, told[name]) for name in ("case", "state", "finsam_state")]
    if case.suspended:
        fields.append(("suspended", terminal.Cell("yes, people take over", "yellow")))
    fields += [(name, told[name]) for name in ("opened", "closed", "stadsdel", "jobbtorg", "team")]
    fields.append(("parties", ", ".join(told["parties"])))
    for plan, chain in told["plans"].items():
        in_force = f"version {chain['in_force']} in force" if chain["in_force"] else "none in force"
        fields.append(("plan", f"{plan}: {in_force}, latest {chain['latest']}"))
    if request := told["reporting_request"]:
        fields.append(("reports asked", f"{', '.join(request['items'])} until {request['until']}"))
    terminal.show_fields(fields)
    terminal.say("")
    entries.show(log)
    if len(log) == MOST_ENTRIES:
        terminal.note(f"More than {MOST_ENTRIES} entries: `samverkan audit show --case ID --after INDEX` goes on.")
