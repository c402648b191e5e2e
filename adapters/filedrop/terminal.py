"""What a person sees: a table of numbers that moves, or plain lines where nobody watches."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from adapters.filedrop.tally import Done, Tally

Show = Callable[[Tally, str | None], None]


@contextlib.contextmanager
def open_terminal(console: Console) -> Iterator[Show]:
    """Gives the function that shows a tally; ends the moving table on the way out."""
    if not console.is_terminal:
        yield lambda tally, line: _print(console, line)
        return
    last = ""
    with Live(Text(""), console=console, auto_refresh=False) as live:

        def show(tally: Tally, line: str | None) -> None:
            nonlocal last
            last = line or last
            live.update(Group(_table(tally), Text(last, overflow="ellipsis", no_wrap=True)), refresh=True)

        yield show


def _print(console: Console, line: str | None) -> None:
    if line is not None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _table(tally: Tally) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in (*Done, "waiting"):
        table.add_column(str(name), justify="right")
    table.add_row(*(str(tally.counts[done]) for done in Done), str(tally.waiting))
    return table
