"""`samverkan attach`: a file to a hub, and the words by which a message takes it along."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import faults, options, terminal
from hub.cli.faults import WrongUse
from hub.cli.send import ask

if TYPE_CHECKING:
    from hub.client.answers import Attachment
    from hub.client.client import HubClient

TYPES = {".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


def attach(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A PDF, PNG or JPEG.", show_default=False)],
    unit: Annotated[str, typer.Option("--as", metavar="UNIT", help="The unit that will send it.")],
    holds: Annotated[
        str, typer.Option("--holds", metavar="CATEGORIES", help="What it tells of, such as HE+PL; for the event.")
    ],
    hub: options.HubUrl = None,
    token: options.Token = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Upload a file, and print what an event's `attachments` says of it. Its name stays here."""
    from hub.client.answers import Problem
    from hub.client.errors import FileRefused
    from schemas import envelope

    media_type = TYPES.get(file.suffix.lower())
    if media_type is None or not file.is_file():
        raise WrongUse(f"{file} is no file that ends in {', '.join(TYPES)}.")
    settings = options.load_settings(config, data_dir=data_dir)

    async def upload(client: HubClient) -> Attachment:
        with file.open("rb") as opened:
            return await client.upload(opened, media_type)

    try:
        answer = ask(settings, hub, token, unit, upload)
    except FileRefused as refused:
        terminal.note(f"The hub does not take the file: {refused.code}.")
        raise typer.Exit(faults.ANSWER_IS_NO) from None
    if isinstance(answer, Problem):
        terminal.note(f"The hub says no: {answer.title}. {answer.detail or ''}")
        raise typer.Exit(faults.ANSWER_IS_NO)
    said = envelope.write_attached({answer.attachment: holds.split("+")})
    if json:
        terminal.show_json({**answer.model_dump(mode="json"), "attachments": said})
    else:
        terminal.say(said or "")
