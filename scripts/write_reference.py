"""Writes the reference documents that come from schemas and rules: the catalogue, and the lifecycle with its drawing.

Run it after changing a schema or a rule: .venv/bin/python scripts/write_reference.py
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hub.reference import catalogue, lifecycle

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"


def render() -> Mapping[str, str]:
    """File name -> content, in docs/reference."""
    sources = catalogue.packaged()
    return {
        "catalogue.md": catalogue.render(sources),
        "lifecycle.md": lifecycle.render(sources.rulebook, sources.rules),
        "lifecycle.svg": lifecycle.draw(sources.rulebook),
    }


if __name__ == "__main__":
    for name, text in render().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
