"""`samverkan send`, and what `samverkan rules explain` shares with it: a message from a file to a hub."""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from hub.cli import faults, options, terminal, verdicts
from hub.cli.faults import Failed, WrongUse

if TYPE_CHECKING:
    from hub.client.answers import Problem, Receipt
    from hub.client.client import HubClient
    from hub.settings import Settings

A = TypeVar("A")
LIFE_OF_TOKEN = timedelta(minutes=5)
LARGEST_FILE = 16 * 1024 * 1024

MessageFile = Annotated[
    str, typer.Argument(metavar="FILE", help="A CloudEvent in JSON (structured mode); - reads standard input.")
]


def send(
    file: MessageFile,
    unit: Annotated[str, typer.Option("--as", metavar="UNIT", help="The sending unit.")],
    hub: options.HubUrl = None,
    token: options.Token = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Post a message and print the receipt. What is missing of id, source and time is filled in."""
    settings = options.load_settings(config, data_dir=data_dir)
    event = complete(read_event(file), unit)
    answer = ask(settings, hub, token, unit, lambda client: client.send(event))
    if json:
        terminal.show_json(as_document(answer))
    else:
        _show(answer, settings)
    end_with(answer)


def _show(answer: Receipt | Problem, settings: Settings) -> None:
    from hub.client.answers import Problem

    texts = verdicts.load_texts(settings)
    if isinstance(answer, Problem):
        verdicts.show_problem(answer)
    else:
        again = " before: this is the same receipt again" if answer.repeated else ""
        terminal.say(f"Accepted{again}", "bold green")
        verdicts.show_receipt_head(answer)
    verdicts.show_table(answer.recipients, texts)
    if not isinstance(answer, Problem):
        verdicts.show_warnings(answer.warnings, texts)


def read_event(file: str) -> dict[str, Any]:
    """The JSON object in a file. Raises `WrongUse` without a word of what the file holds."""
    from schemas import strict_json

    name = "standard input" if file == "-" else file
    try:
        document = strict_json.loads(_read(file))
    except OSError as error:
        raise WrongUse(f"{name} cannot be read: {error.strerror}.") from None
    except strict_json.NotJson as error:
        raise WrongUse(f"{name} is not JSON ({error.reason.replace('_', ' ')}).") from None
    if not isinstance(document, dict):
        raise WrongUse(f"{name} holds no message: a message is one JSON object.")
    return document


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read(LARGEST_FILE)
    with Path(file).open("rb") as opened:
        return opened.read(LARGEST_FILE)


def complete(event: dict[str, Any], unit: str) -> dict[str, Any]:
    """The event with what the sender's system would have set, and a note about what was filled in."""
    from hub import clock
    from schemas import envelope

    given = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": f"/units/{unit}",
        "time": envelope.write_instant(clock.SystemClock().now()),
    }
    missing = {name: value for name, value in given.items() if event.get(name) is None}
    if missing:
        told = ", ".join(f"{name} {value}" for name, value in missing.items())
        terminal.note(f"Filled in: {told}")
    return {**event, **missing}


def ask(
    settings: Settings,
    url: str | None,
    token: str | None,
    unit: str,
    question: Callable[[HubClient], Awaitable[A]],
) -> A | Problem:
    """The hub's answer, also when it is no. Raises `Failed` when there is none."""
    from hub.cli import token as tokens
    from hub.client import client, errors
    from hub.client.calling import Patience

    address = url or options.address_of(settings)
    bearer = token or tokens.issue(settings, unit, min(LIFE_OF_TOKEN, settings.token_ttl_max))
    # A person waits: a hub that is not there is told soon.
    patience = Patience(attempts=4, total=timedelta(seconds=15))

    async def call() -> A:
        async with client.HubClient(address, bearer, patience=patience) as speaking:
            return await question(speaking)

    try:
        with terminal.retries_told():
            return asyncio.run(call())
    except ValueError:
        raise WrongUse("--hub takes the address of a hub, e.g. http://127.0.0.1:8080.") from None
    except errors.Refused as refused:
        return refused.problem
    except errors.NotAuthenticated:
        raise Failed(
            f"The hub at {address} does not accept the token: it has ended, or was made with the key of another hub."
        ) from None
    except errors.HubUnavailable as absent:
        if absent.reason.isdigit():
            told = (
                f"The hub at {address} cannot take it now (status {absent.reason}): try again later, and see its log."
            )
        else:
            told = f"The hub at {address} does not answer ({absent.reason}): is it running, and is --hub right?"
        raise Failed(f"{told} Sending the same id again is safe.") from None
    except errors.AnswerNotUnderstood as strange:
        raise Failed(f"What answers at {address} is no hub of this version ({strange}).") from None


def as_document(answer: Receipt | Problem) -> dict[str, Any]:
    """The receipt or the problem document as the hub gave it."""
    from hub.client.answers import Problem

    document = answer.model_dump(mode="json")
    if isinstance(answer, Problem):
        return {name: value for name, value in document.items() if value is not None}
    return document


def end_with(answer: Receipt | Problem) -> None:
    """Ends the command: 0 for a receipt, 1 for a refusal."""
    from hub.client.answers import Problem

    if isinstance(answer, Problem):
        raise typer.Exit(faults.ANSWER_IS_NO)
