"""`samverkan rules`: are the rules whole, and what would they decide?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import faults, options, program, send, terminal, verdicts
from hub.cli.faults import WrongUse

if TYPE_CHECKING:
    from hub.client.answers import Problem, Receipt
    from hub.reference.steps import Step
    from hub.settings import Settings

group = program.new_group("Rules and units as data.")
_SOURCE = re.compile(r"/units/([a-z0-9-]{1,64})")


@group.command("check", epilog="Example: samverkan rules check routing/rules")
def check(
    directory: Annotated[
        str | None,
        typer.Argument(
            metavar="DIR",
            help="Rule files, unit files or both, also in folders rules and directory. "
            "[dim]Default: those that the settings name, else the packaged ones[/dim]",
        ),
    ] = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Load and verify rulebook and directory. Names every fault with its file and row."""
    from routing import checks
    from schemas import registry

    settings = options.load_settings(config)
    rules, units = _find_folders(directory, settings)
    found = checks.check_rules(rules, units, registry.packaged())
    if json:
        rows = [{"file": fault.file, "row": fault.table, "fault": fault.detail} for fault in found]
        terminal.show_json({"faults": rows})
    elif found:
        for fault in found:
            terminal.say(str(fault), "red")
        terminal.note(f"{len(found)} fault{'s' if len(found) > 1 else ''}.")
    else:
        _praise(rules, units)
    if found:
        raise typer.Exit(faults.ANSWER_IS_NO)


def _find_folders(named: str | None, settings: Settings) -> tuple[Path | None, Path | None]:
    """Where the rules and the units are; None stands for those that are packaged."""
    if named is None:
        return settings.rules_dir, settings.directory_dir
    folder = Path(named)
    if not folder.is_dir():
        raise WrongUse(f"{named} is not a directory.")
    rules, units = folder / "rules", folder / "directory"
    if rules.is_dir() or units.is_dir():
        return (
            rules if rules.is_dir() else settings.rules_dir,
            units if units.is_dir() else settings.directory_dir,
        )
    has_units = (folder / "units.toml").exists()
    has_rules = any(folder.glob("types*.toml")) or (folder / "categories.toml").exists()
    # A folder with neither is read as rules, so that what is missing there is named.
    return (
        settings.rules_dir if has_units and not has_rules else folder,
        folder if has_units else settings.directory_dir,
    )


def _praise(rules: Path | None, units: Path | None) -> None:
    from routing import directory, rulebook

    book, known = rulebook.load(rules), directory.load(units)
    terminal.say("ok", "green")
    terminal.show_fields(
        [
            ("rules", f"{len(book.types)} types, {len(book.bases)} legal bases, {book.digest}"),
            ("directory", f"{len(known.list_units())} units, {known.digest}"),
        ]
    )


@group.command("explain", epilog="Example: samverkan rules explain message.json --as sd-farsta")
def explain(
    file: send.MessageFile,
    unit: Annotated[
        str | None,
        typer.Option("--as", metavar="UNIT", help="The sending unit. [dim]Default: the source in the file[/dim]"),
    ] = None,
    hub: options.HubUrl = None,
    token: options.Token = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Ask a running hub what it would decide, and why: each step, and each recipient. Nothing is stored or sent on."""
    settings = options.load_settings(config, data_dir=data_dir)
    event = send.read_event(file)
    caller = unit or _sender_of(event.get("source"))
    completed = send.complete(event, caller)
    answer = send.ask(settings, hub, token, caller, lambda client: client.explain(completed))
    found = _steps(completed, caller, answer, settings)
    if json:
        terminal.show_json({**send.as_document(answer), "steps": [step.as_json() for step in found]})
    else:
        _show(answer, settings)
        _show_steps(found)
    send.end_with(answer)


def _steps(event: dict[str, Any], caller: str, answer: Receipt | Problem, settings: Settings) -> list[Step]:
    """None where the rules or units of this machine cannot be read."""
    from hub.reference import steps
    from routing import directory, rule_files, rulebook

    try:
        book, units = rulebook.load(settings.rules_dir), directory.load(settings.directory_dir)
    except rule_files.RulesBroken:
        return []
    return steps.list_steps(event, caller, answer, book, units)


def _show_steps(found: list[Step]) -> None:
    if found:
        terminal.say("")
        rows = [(step.name, step.recipient or "all", step.result, step.looked_at) for step in found]
        terminal.show_table(("step", "for", "result", "looked at"), rows)


def _sender_of(source: object) -> str:
    named = _SOURCE.fullmatch(source) if isinstance(source, str) else None
    if named is None:
        raise WrongUse("The file names no sending unit (source): say it with --as UNIT.")
    return named[1]


def _show(answer: Receipt | Problem, settings: Settings) -> None:
    from hub.client.answers import Problem

    texts = verdicts.load_texts(settings)
    if isinstance(answer, Problem):
        verdicts.show_problem(answer)
    else:
        terminal.say("Would be accepted", "bold green")
        terminal.show_fields([("case", answer.case), ("rulebook", answer.rulebook)])
    verdicts.show_reasons(answer.recipients, texts)
    if not isinstance(answer, Problem):
        verdicts.show_warnings(answer.warnings, texts)
