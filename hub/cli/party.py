"""`samverkan party`: the units of the directory."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import options, party_amqp, party_key, party_self_test, program, terminal, units, webhooks
from hub.cli.faults import WrongUse

if TYPE_CHECKING:
    from routing.directory import Directory, Unit

group = program.new_group("The units that messages go between.")
group.add_typer(webhooks.group, name="webhook")
group.add_typer(party_amqp.group, name="amqp")


group.add_typer(party_key.group, name="key")
group.command("self-test", epilog="Example: samverkan party self-test sd-farsta --key farsta.pem")(
    party_self_test.self_test
)


@group.callback()
def _party() -> None:
    """The units that messages go between."""


@group.command("list", epilog="Example: samverkan party list --kind sd --on 2026-03-01")
def list_units(
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="Units open that day, or all. [dim]Default: today[/dim]")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="KIND", help="Only this kind: sd, jt, af, fk, rg, team ...")
    ] = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """List the units, with the jobbtorg of each stadsdel and the FINSAM team of both."""
    from routing import directory

    settings = options.load_settings(config)
    known = directory.load(settings.directory_dir)
    day = _read_day(on)
    rows = [_row(known, unit, day or units.today()) for unit in known.list_units(day) if kind in (None, unit.kind)]
    if kind is not None:
        _refuse_unknown_kind(known, kind)
    if json:
        terminal.show_json({"on": day.isoformat() if day else "all", "items": rows})
        return
    titles = ("unit", "kind", "authority", "name", "jobbtorg", "team", "valid", "verified")
    terminal.show_table(titles, [_cells(row) for row in rows])


def _read_day(text: str | None) -> date | None:
    """None stands for every day."""
    if text is None:
        return units.today()
    if text == "all":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongUse("--on takes a date (YYYY-MM-DD) or all.") from None


def _refuse_unknown_kind(known: Directory, kind: str) -> None:
    kinds = sorted({unit.kind for unit in known.list_units()})
    if kind not in kinds:
        raise WrongUse(f"--kind takes one of {', '.join(kinds)}.")


def _row(known: Directory, unit: Unit, on: date) -> dict[str, Any]:
    return {
        "unit": unit.unit_id,
        "kind": unit.kind,
        "authority": unit.authority,
        "name": unit.name,
        "jobbtorg": known.find_catchment(unit.unit_id, on) if unit.kind == "sd" else None,
        "team": known.find_team_for(unit.unit_id, on) if unit.kind in ("sd", "jt") else None,
        "valid_from": unit.valid_from.isoformat() if unit.valid_from else None,
        "valid_to": unit.valid_to.isoformat() if unit.valid_to else None,
        "successors": list(unit.successors),
        "verified": unit.verified,
    }


def _cells(row: dict[str, Any]) -> list[terminal.Shown]:
    begins, ends = row["valid_from"], row["valid_to"]
    valid = f"{begins or ''}..{ends or ''}" if begins or ends else ""
    verified = terminal.Cell("yes") if row["verified"] else terminal.Cell("no", "yellow")
    plain = [row[name] for name in ("unit", "kind", "authority", "name", "jobbtorg", "team")]
    return [*plain, valid, verified]
