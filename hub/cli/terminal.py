"""What a command prints. Tables and colours for a person at a terminal; piped, the same in plain columns.

Everything passes the same guard as a log line: nothing that steers a terminal or looks like a personal number.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from hub.telemetry import redaction

NOTHING: Final = "-"

Step = TypeVar("Step")


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of text with a style, in the words of rich: `green`, `bold red`."""

    text: str
    style: str = ""


Shown = Cell | str | None


def is_terminal() -> bool:
    """True when standard output goes to a person."""
    return sys.stdout.isatty()


def say(text: str, style: str = "") -> None:
    """One line on standard output."""
    if style and is_terminal():
        _console().print(_text(Cell(redaction.clean_text(text), style)), soft_wrap=True)
    else:
        _write(redaction.clean_text(text))


def note(text: str) -> None:
    """One line on standard error: said beside the answer, never part of it."""
    sys.stderr.write(f"{redaction.clean_text(text)}\n")


def show_secret(text: str) -> None:
    """A token as it is, for a pipe or a variable."""
    _write(text)


def show_json(document: Any) -> None:
    """The document, and nothing else, on standard output."""
    import orjson

    _write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


def show_table(titles: Sequence[str], rows: Iterable[Sequence[Shown]]) -> None:
    """Rows under titles. Nothing is cut off, however narrow the terminal."""
    cells = [[_cell(entry) for entry in row] for row in rows]
    if not is_terminal():
        _print_plain([[Cell(title) for title in titles], *cells])
        return
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in cells:
        table.add_row(*map(_text, row))
    _console().print(table)


def show_fields(fields: Iterable[tuple[str, Shown]]) -> None:
    """One field per line, the names aligned."""
    rows = [(name, _cell(value)) for name, value in fields]
    width = max((len(name) for name, _ in rows), default=0)
    for name, cell in rows:
        if is_terminal():
            from rich.text import Text

            line = Text(f"{name:<{width}}  ", style="dim").append_text(_text(cell))
            _console().print(line, soft_wrap=True)
        else:
            _write(f"{name:<{width}}  {cell.text}")


def _print_plain(rows: Sequence[Sequence[Cell]]) -> None:
    widths = [max(len(cell.text) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(f"{cell.text:<{width}}" for cell, width in zip(row, widths, strict=True))
        _write(line.rstrip())


def _write(line: str) -> None:
    # Flushed, so that a pipe that was closed is met here and not when the interpreter ends.
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _cell(shown: Shown) -> Cell:
    cell = shown if isinstance(shown, Cell) else Cell(shown or "")
    return Cell(redaction.clean_text(cell.text) or NOTHING, cell.style)


def _text(cell: Cell) -> Any:
    from rich.text import Text

    return Text(cell.text, style=cell.style)  # a Text is never read as markup


def _console() -> Any:
    from rich.console import Console

    # Made anew each time: standard output may be another one than at the last call.
    return Console(highlight=False)


def watched(steps: Sequence[Step], doing: str) -> Iterable[Step]:
    """Goes through the steps; whoever waits at a terminal sees how far it is, on standard error."""
    if not sys.stderr.isatty():
        return steps
    from rich.console import Console
    from rich.progress import track

    return track(steps, doing, console=Console(stderr=True), transient=True)


@contextlib.contextmanager
def retries_told() -> Iterator[None]:
    """Says on standard error that a call is tried again; stamina's own hook would log to standard output."""
    from stamina import instrumentation

    def tell(details: instrumentation.RetryDetails) -> None:
        note(f"The hub does not answer; trying again in {details.wait_for:.1f} s ...")

    usual = instrumentation.get_on_retry_hooks()
    instrumentation.set_on_retry_hooks([tell])
    try:
        yield
    finally:
        instrumentation.set_on_retry_hooks(usual)
