"""`samverkan-adapter filedrop`: from the words on the command line to a running adapter."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer
from rich.console import Console

from adapters.filedrop import filing, folder, lock, running, terminal
from adapters.filedrop.incoming import Incoming
from adapters.filedrop.journal import Journal, JournalDamaged
from adapters.filedrop.outgoing import Outgoing
from adapters.filedrop.stopping import Stop
from adapters.filedrop.tally import Tally
from adapters.filedrop.tokens import CommandToken, FileToken, FixedToken, TokenSource, TokenUnavailable
from hub.client.calling import Patience
from hub.client.client import HubClient

TOKEN_VARIABLE: Final = "SAMVERKAN_TOKEN"  # noqa: S105 - the variable's name, not its value
DEFAULT_STATE: Final = ".samverkan"
_UNIT: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,63}")
_NEARBY: Final = frozenset({"localhost", "127.0.0.1", "::1"})
# A short patience: the adapter itself tries again, and says so meanwhile.
_PATIENCE: Final = Patience(attempts=3, total=timedelta(seconds=10))

EPILOG: Final = """Example: samverkan-adapter filedrop --unit sd-farsta --hub http://127.0.0.1:8080
--in /srv/samverkan/in --out /srv/samverkan/out --token-file /etc/samverkan/token"""


class WrongUse(Exception):
    """What was asked for cannot be done. One sentence for the person at the keyboard."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line asks for."""

    unit: str
    hub: str
    watched: Path
    target: Path
    state: Path
    poll_seconds: float
    once: bool


def filedrop(
    unit: Annotated[str, typer.Option(help="The unit that sends and receives, such as sd-farsta.")],
    hub: Annotated[str, typer.Option(metavar="URL", help="The hub's address.")],
    watched: Annotated[
        Path, typer.Option("--in", metavar="DIR", help="Where the case system puts messages to be sent.")
    ],
    target: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where messages that arrive are written.")],
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file with the bearer token, read anew each time.")
    ] = None,
    token_command: Annotated[
        str | None, typer.Option(metavar="CMD", help="A command that prints a bearer token.")
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help=f"What must not be forgotten; {DEFAULT_STATE} inside --in when not given."),
    ] = None,
    poll: Annotated[
        float, typer.Option(min=0.1, max=3600, metavar="SECONDS", help="How often --in is looked at.")
    ] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Send and fetch what is there, then end.")] = False,
) -> None:
    """Join a case system that can only read and write files.

    Put a message into --in by renaming it to a name that ends in .json: a CloudEvent, or its short form
    {"type": "plan.proposed", "subject": CASE, "in_reply_to": MESSAGE, "data": {...}}. It moves to sent, refused or bad
    inside --in, with the hub's answer beside it. What arrives is written into --out. To tell what came of it, put
    DELIVERY.handled.json with {"outcome": "handled"} into --in.

    The token comes from --token-file, --token-command or the variable SAMVERKAN_TOKEN. Ends with 0 when all is done, 1
    when something was refused, bad or has to wait, 2 after wrong use.
    """
    try:
        tokens = choose_tokens(token_file, token_command, os.environ.get(TOKEN_VARIABLE))
        order = check_order(unit, hub, watched, target, state, poll_seconds=poll, once=once)
        with lock.hold(order.state):
            code = asyncio.run(carry_out(order, tokens, Console()))
    except (WrongUse, TokenUnavailable) as fault:
        raise _end(str(fault), 2) from None
    except lock.Locked:
        raise _end("Another adapter is using this state folder; two would send every file twice.", 2) from None
    except JournalDamaged as fault:
        raise _end(str(fault), 1) from None
    except OSError as fault:
        # Its text names a file, and that name may hold a personal number.
        raise _end(f"A folder cannot be used: {fault.strerror or type(fault).__name__}.", 1) from None
    raise typer.Exit(code)


def choose_tokens(file: Path | None, command: str | None, variable: str | None) -> TokenSource:
    """The one source that is named; the variable counts when neither flag is given. Raises `WrongUse`."""
    if file is not None and command is not None:
        raise WrongUse("Give either --token-file or --token-command, not both.")
    if file is not None:
        return FileToken(file)
    if command is not None:
        try:
            words = shlex.split(command)
        except ValueError:
            words = []
        if not words:
            raise WrongUse("--token-command is no command.")
        return CommandToken(words)
    if variable:
        return FixedToken(variable)
    raise WrongUse(f"No token: give --token-file or --token-command, or set {TOKEN_VARIABLE}.")


def check_order(
    unit: str, hub: str, watched: Path, target: Path, state: Path | None, *, poll_seconds: float, once: bool
) -> Order:
    """Raises `WrongUse`."""
    if _UNIT.fullmatch(unit) is None:
        raise WrongUse("--unit is the id of a unit: small letters, digits and hyphens.")
    if urlsplit(hub).scheme not in ("http", "https") or not urlsplit(hub).hostname:
        raise WrongUse("--hub is an address that begins with http:// or https://.")
    watched, target = watched.resolve(), target.resolve()
    state = state.resolve() if state is not None else watched / DEFAULT_STATE
    taken = [watched, target, state, *(watched / place for place in filing.PLACES)]
    if len(set(taken)) < len(taken):
        raise WrongUse(
            "--in, --out and --state must be folders of their own, and none of sent, refused and bad in --in."
        )
    if any(path.exists() and not path.is_dir() for path in taken):
        raise WrongUse("--in, --out and --state must be folders.")
    return Order(unit, hub, watched, target, state, poll_seconds, once)


async def carry_out(order: Order, tokens: TokenSource, console: Console) -> int:
    """Runs the adapter; the exit code."""
    stop = Stop()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.ask)
    for path in (order.watched, order.target):
        folder.prepare(path)
    journal = Journal(order.state, order.unit)
    journal.forget_files_taken_away(order.watched, datetime.now(UTC))
    done = True
    with terminal.open_terminal(console) as show:
        tally = Tally(show)
        _greet(order, tally)
        async with HubClient(order.hub, tokens, patience=_PATIENCE) as hub:
            outgoing = Outgoing(hub, order.watched, journal, order.unit, tally)
            incoming = Incoming(hub, order.target, journal, tally)
            if order.once:
                done = await running.run_once(outgoing, incoming, tally, stop)
            else:
                await running.follow(outgoing, incoming, tokens, stop, order.poll_seconds)
        tally.say(f"ended: {tally.summary()}")
    return 0 if done else 1


def _greet(order: Order, tally: Tally) -> None:
    address = urlsplit(order.hub)
    tally.say(f"{order.unit} at {address.scheme}://{address.hostname}{f':{address.port}' if address.port else ''}")
    if address.scheme == "http" and address.hostname not in _NEARBY:
        tally.say("warning: http to another machine, so token and messages travel unprotected; use https")


def _end(sentence: str, code: int) -> typer.Exit:
    print(sentence, file=sys.stderr)  # noqa: T201 - the command's answer to the person who called it
    return typer.Exit(code)
