"""`samverkan-adapter`: one command for each kind of neighbour."""

from __future__ import annotations

import sys

import typer

from adapters.filedrop import command

# Tracebacks with local variables would show messages.
app = typer.Typer(
    name="samverkan-adapter",
    help="Connects a case system to the hub in the format that the system has.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("filedrop", epilog=command.EPILOG)(command.filedrop)


@app.callback()
def choose() -> None:
    """Connects a case system to the hub in the format that the system has."""


def run() -> None:
    """The entry point. An error that nobody foresaw is told by its kind and place only: its text may hold a message."""
    try:
        app()
    except Exception as fault:  # noqa: BLE001 - the last stop before a traceback that would print the text
        place = fault.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f" in {place.tb_frame.f_globals.get('__name__')}:{place.tb_lineno}" if place is not None else ""
        print(f"Unexpected {type(fault).__name__}{where}.", file=sys.stderr)  # noqa: T201 - as above
        sys.exit(1)


if __name__ == "__main__":
    run()
