"""The little Markdown that the reference documents are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with its cells escaped; without rows the word "None."."""
    lines = [_row(row) for row in rows]
    if not lines:
        return "None."
    return "\n".join([_row(head), _row(["---"] * len(head)), *lines])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def codes(values: Iterable[object]) -> str:
    """Wire values, each in code."""
    return ", ".join(f"`{value}`" for value in values)


def heading(level: int, text: str, anchor: str) -> str:
    """A heading with an anchor of its own: what a renderer makes of å, ä and ö differs from place to place."""
    return f'{"#" * level} <a id="{anchor}"></a>{text}'
