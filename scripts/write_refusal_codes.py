"""Writes docs/reference/refusal-codes.md from the rules, so that page and hub say the same.

Run it after changing the rules: .venv/bin/python scripts/write_refusal_codes.py
"""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "routing" / "rules" / "refusals.toml"
PAGE = ROOT / "docs" / "reference" / "refusal-codes.md"
HEAD = """\
# Refusal codes

What stands in `code` of a refusal, and what the one who sent the message reads. Codes are wire values: never
renamed, never used again for something else. This page is written from `routing/rules/refusals.toml` by
`scripts/write_refusal_codes.py`; change the text there.

The hub refuses to pass on; it makes no decision in the law's sense. Who disagrees asks the authority that
holds the information for a formal decision (OSL 2009:400 6:5, 6:7).

| code | status | what happened | what to do |
| --- | --- | --- | --- |
"""


def render() -> str:
    """The page, in the order of the rules."""
    rows = tomllib.loads(RULES.read_text(encoding="utf-8"))["refusal"]
    lines = (
        f"| `{row['code']}` | {row['status']} | {_cell(row['title_sv'])} | {_cell(row['advice_sv'])} |" for row in rows
    )
    return HEAD + "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
