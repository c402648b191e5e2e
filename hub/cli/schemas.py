"""`samverkan schemas`: the catalogue of message types."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import faults, options, program, terminal, units
from hub.cli.faults import WrongUse

if TYPE_CHECKING:
    from schemas.registry import MessageType, Registry

group = program.new_group("The types of messages.")


@group.command("list", epilog="Example: samverkan schemas list --json")
def list_types(json: options.Json = False) -> None:
    """List every type and version."""
    from schemas import registry

    types = registry.packaged().list_types()
    if json:
        rows = [
            {"type": found.name, "version": found.version, "title": {"sv": found.title_sv, "en": found.title_en}}
            for found in types
        ]
        terminal.show_json({"items": rows})
        return
    terminal.show_table(
        ("type", "version", "title", "in English"),
        [(found.name, found.version, found.title_sv, found.title_en) for found in types],
    )


@group.command("show", epilog="Example: samverkan schemas show referral.submitted 1.0 --json")
def show(
    type: Annotated[str, typer.Argument(metavar="TYPE", help="The type, e.g. referral.submitted.")],
    version: Annotated[
        str | None, typer.Argument(metavar="VERSION", help="The version. [dim]Default: the newest[/dim]")
    ] = None,
    json: options.Json = False,
) -> None:
    """Show one type: its fields with their categories. With --json the schema itself, as it is published."""
    from schemas import registry

    found = _find_type(registry.packaged(), type, version)
    if json:
        terminal.show_json(found.document)
        return
    terminal.show_fields(
        [
            ("type", f"{found.name} {found.version}"),
            ("title", f"{found.title_sv} ({found.title_en})"),
            ("description", found.description_sv),
            ("dataschema", f"/schemas/{found.name}/{found.version}"),
        ]
    )
    rows = [
        (
            leaf.pointer,
            leaf.category or "by message",
            ", ".join(sorted(leaf.facets)),
            "yes" if leaf.required else "",
            "yes" if leaf.free_text else "",
        )
        for leaf in found.leaves
    ]
    terminal.show_table(("field", "category", "facet", "required", "free text"), rows)


def _find_type(known: Registry, name: str, version: str | None) -> MessageType:
    from schemas import envelope, registry

    name = name.removeprefix(envelope.TYPE_PREFIX)
    try:
        return known.get_type(name, version)
    except registry.UnknownSchema:
        versions = [found.version for found in known.list_types() if found.name == name]
    if versions:
        raise WrongUse(f"{name} has no such version; it has {', '.join(versions)}.")
    near = units.close_to(name, sorted({found.name for found in known.list_types()}))
    hint = f"did you mean {near}?" if near else "`samverkan schemas list` shows them all."
    raise WrongUse(f"There is no type {name}; {hint}")


@group.command("check", epilog="Example: samverkan schemas check schemas")
def check(
    directory: Annotated[
        str | None,
        typer.Argument(
            metavar="DIR", help="A folder with messages/ and parts/. [dim]Default: the packaged schemas[/dim]"
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Check that the schemas are fit to be published, and that nothing published has changed."""
    from schemas import check as checking

    folder = Path(directory) if directory is not None else None
    if folder is not None and not (folder / "messages").is_dir():
        raise WrongUse(f"{directory} is no directory of schemas: it has no folder messages.")
    found = checking.check(folder, lambda versions: terminal.watched(versions, "Checking"))
    if json:
        rows = [{"file": fault.file, "pointer": fault.pointer, "fault": fault.detail} for fault in found]
        terminal.show_json({"faults": rows})
    elif found:
        for fault in found:
            terminal.say(f"{fault.file}: {fault.pointer or '/'}: {fault.detail}", "red")
        terminal.note(f"{len(found)} fault{'s' if len(found) > 1 else ''}.")
    else:
        terminal.say("ok", "green")
    if found:
        raise typer.Exit(faults.ANSWER_IS_NO)
