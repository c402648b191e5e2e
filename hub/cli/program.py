"""The program as a whole: the one place where a fault becomes a line on standard error and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from hub.cli import faults


class Program(TyperGroup):
    """All commands. Whatever goes wrong in one of them ends here, in one line and without a traceback."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        def call() -> Any:
            words = list(sys.argv[1:] if args is None else args) or ["--help"]
            return super(Program, self).main(
                words, prog_name, complete_var, standalone_mode=False, windows_expand_args=windows_expand_args, **extra
            )

        if not standalone_mode:
            return call()
        try:
            answer = call()
        except typer.TyperException as error:
            # Its text may repeat what was typed, which may be anything.
            ending = faults.describe(faults.WrongUse(f"{error.format_message()} {_where_help_is(error)}"))
            sys.exit(_end(ending))
        except typer.Abort:
            sys.exit(_end(faults.Ending("Given up.", faults.ANSWER_IS_NO)))
        except Exception as error:  # noqa: BLE001 - the outermost place: no fault may end in a traceback
            sys.exit(_end(faults.describe(error)))
        # Without standalone mode, typer returns the code that a command chose.
        sys.exit(answer if isinstance(answer, int) else 0)


def _end(ending: faults.Ending) -> int:
    typer.echo(ending.line, err=True)
    return ending.code


def _where_help_is(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "samverkan"
    return f"Try `{path} --help`."


def new_group(help: str) -> typer.Typer:
    """A group of commands, e.g. `samverkan rules ...`."""
    return typer.Typer(help=help, no_args_is_help=False, add_completion=False, rich_markup_mode="rich")
