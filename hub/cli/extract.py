"""`samverkan audit extract|check-extract`: the register extract for a person, and whether one is genuine."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli import operating, options, terminal
from hub.cli.faults import Failed, WrongUse


def extract(
    person_file: Annotated[
        str,
        typer.Option(
            "--person-file",
            metavar="FILE",
            help="A file with the personal number in its first line, and perhaps the name in the second.",
        ),
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="WORD", help="Why: register_extract, say. It is logged.")],
    reference: Annotated[
        str | None, typer.Option("--reference", metavar="TEXT", help="The diary number. It is logged.")
    ] = None,
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", help="Where the files go. [dim]Default: registerutdrag[/dim]")
    ] = "registerutdrag",
    masked: Annotated[
        bool, typer.Option("--masked", help="The person has protected data: name units by their kind only.")
    ] = False,
    hub: options.HubUrl = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Make the register extract of a person (GDPR art. 15) at the running hub: JSON, PDF and signature.

    The number is never given on the command line, where others of the machine could see it."""
    settings = options.load_settings(config, data_dir=data_dir)
    number, name = read_person(person_file)
    body = {"number": number, "name": name, "reason": reason, "masked": masked}
    body |= {} if reference is None else {"reference": reference}
    answer = operating.call(settings, hub, "POST", "v1", "audit", "extract", body=body)
    folder = Path(out)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = {name: base64.b64decode(content) for name, content in answer["files"].items()}
    for file_name, content in {**files, _signature_name(): answer["signature"].encode()}.items():
        (folder / file_name).write_bytes(content)
    told = {"extract": answer["extract"], "folder": str(folder), "files": sorted([*files, _signature_name()])}
    if json:
        terminal.show_json(told)
    else:
        terminal.say(f"Register extract {told['extract']} in {folder}: {', '.join(told['files'])}.")


def check_extract(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="The files of an extract.")],
    key: Annotated[
        str | None,
        typer.Option(
            "--key", metavar="FILE", help="What `samverkan audit key --json` shows. [dim]Default: our own[/dim]"
        ),
    ] = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Check that the files of an extract are those that the hub signed. Ends with 1 where they are not."""
    from hub.extract import making, signing

    settings = options.load_settings(config, data_dir=data_dir)
    place = Path(folder)
    files = {name: (place / name).read_bytes() for name in (making.JSON_NAME, making.PDF_NAME)}
    signature = (place / making.SIGNATURE_NAME).read_text("ascii", errors="replace").strip()
    try:
        told = signing.check(signature, files, _read_key(key, settings))
    except signing.SignatureWrong as wrong:
        raise Failed(str(wrong)) from None
    if json:
        terminal.show_json({"extract": told["extract"], "made_at": told["made_at"], "genuine": True})
    else:
        terminal.say(f"Genuine: extract {told['extract']}, made at {told['made_at']}.")


def _signature_name() -> str:
    from hub.extract import making

    return making.SIGNATURE_NAME


def read_person(file: str) -> tuple[str, str]:
    lines = [line.strip() for line in Path(file).read_text("utf-8").splitlines() if line.strip()]
    if not 1 <= len(lines) <= 2:
        raise WrongUse("--person-file takes a file with the personal number, and perhaps the name in a second line.")
    return lines[0], lines[1] if len(lines) == 2 else ""


def _read_key(file: str | None, settings: Any) -> dict[str, Any]:
    from hub import bootstrap_log
    from schemas import strict_json

    if file is None:
        return bootstrap_log.open_document_key(settings).public_jwk()
    try:
        found: dict[str, Any] = strict_json.loads(Path(file).read_bytes())["documents"]
    except (strict_json.NotJson, KeyError, TypeError):
        raise WrongUse(f"{file} is not what `samverkan audit key --json` shows.") from None
    return found
