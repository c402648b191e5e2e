"""`samverkan rules matrix` and `rules diff`: the rules as tables, and what a change of them changes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import faults, looking, options, rules_replayed, terminal
from hub.cli.faults import WrongUse
from hub.cli.rules import group as group

if TYPE_CHECKING:
    from routing.matrix import Arrival, Difference, Way
    from routing.rulebook import Rulebook


@group.command("matrix", epilog="Example: samverkan rules matrix plan.proposed")
def matrix(
    type_name: Annotated[str, typer.Argument(metavar="TYPE", help="A type of message, such as plan.proposed.")],
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Who may send a type to whom, for which purpose, on which basis, and which fields arrive at most."""
    from routing import matrix as tables
    from routing import rulebook
    from schemas import registry

    book = rulebook.load(options.load_settings(config).rules_dir)
    found = list(tables.list_arrivals(book, registry.packaged(), type_name))
    if not found:
        raise WrongUse(f"There is no type {type_name}: samverkan schemas list shows them all.")
    if json:
        terminal.show_json({"ways": [_as_json(arrival) for arrival in found]})
        return
    titles = ("version", "from", "to", "purpose", "when", "basis", "fields")
    terminal.show_table(titles, map(_row, found))


def _row(arrival: Arrival) -> list[str]:
    way = arrival.way
    fields = " ".join(f"{pointer}[{'|'.join(sorted(found))}]" for pointer, found in arrival.fields.items())
    return [way.version, way.sender, way.recipient, way.purpose, way.route, way.basis, fields]


def _as_json(arrival: Arrival) -> dict[str, Any]:
    return {**_way(arrival.way), "fields": {pointer: sorted(found) for pointer, found in arrival.fields.items()}}


def _way(way: Way) -> dict[str, Any]:
    return {
        "type": way.type,
        "version": way.version,
        "sender": way.sender,
        "recipient": way.recipient,
        "purpose": way.purpose,
        "when": way.route,
        "basis": way.basis,
    }


@group.command("diff", epilog="Example: samverkan rules diff rules.old rules.new")
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A folder of rule files, or [bold]packaged[/bold].")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The folder to compare it with, or [bold]packaged[/bold].")],
    replay: Annotated[
        bool,
        typer.Option(
            "--replay", help="Also over the stored past messages of this hub: which of them would be decided otherwise."
        ),
    ] = False,
    reason: looking.Why = looking.USUAL,
    reference: looking.Reference = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Every decision that changes, over the whole space of who, to whom, for what and on which basis.

    Ends with 1 when something does. With --replay it opens stored bodies and tells reasons only; the look is noted for
    the log."""
    from routing import matrix as tables
    from schemas import registry

    before, after = _load(old), _load(new)
    ways = list(tables.compare(before, after, registry.packaged()))
    steps = list(tables.compare_steps(before, after))
    if not json:
        _show(ways, steps)
    past = None
    if replay:
        settings, why = options.load_settings(config, data_dir=data_dir), looking.read_reason(reason, reference)
        past = rules_replayed.replay(settings, before, after, why, json=json)
    if json:
        told = {"ways": [_difference(each) for each in ways], "other": steps}
        terminal.show_json(told if past is None else {**told, "replay": past})
    if ways or steps or (past is not None and past["decisions"]):
        raise typer.Exit(faults.ANSWER_IS_NO)


def _load(name: str) -> Rulebook:
    from routing import rulebook

    if name == "packaged":
        return rulebook.load()
    folder = Path(name)
    inner = folder / "rules"
    if not folder.is_dir():
        raise WrongUse(f"{name} is not a directory.")
    return rulebook.load(inner if inner.is_dir() else folder)


def _show(ways: list[Difference], steps: list[str]) -> None:
    styles = {"opened": "yellow", "closed": "green", "changed": "cyan"}
    for each in ways:
        way = each.way
        terminal.say(
            f"{each.change}: {way.type} {way.version}, {way.sender} -> {way.recipient}, {way.purpose}, {way.basis}"
            + (f" ({way.route})" if way.route else ""),
            styles[each.change],
        )
        if each.change == "changed":
            for sign, pointers in (("+", each.more), ("-", each.fewer)):
                for pointer in pointers:
                    terminal.say(f"  {sign} {pointer}")
    for step in steps:
        terminal.say(f"changed: {step}", "cyan")
    counts = Counter(each.change for each in ways)
    told = ", ".join(f"{counts[change]} {change}" for change in styles if counts[change]) or "none"
    terminal.note(f"Ways: {told}. Other rules: {len(steps)} changed.")


def _difference(each: Difference) -> dict[str, Any]:
    return {"change": each.change, **_way(each.way), "more": list(each.more), "fewer": list(each.fewer)}
