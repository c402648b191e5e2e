"""Writes docs/reference/refusal-codes.md from the rules and the interface, so that page and hub say the same.

Run it after changing either: .venv/bin/python scripts/write_refusal_codes.py
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

from hub.api.problems import CALL_PROBLEMS

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "routing" / "rules" / "refusals.toml"
PAGE = ROOT / "docs" / "reference" / "refusal-codes.md"
HEAD = """\
# Refusal codes

What stands in `code` of a refusal, and what the one who sent the message reads. Codes are wire values: never
renamed, never used again for something else. This page is written from `routing/rules/refusals.toml` and
`hub/api/problems.py` by `scripts/write_refusal_codes.py`; change the texts there.

The hub refuses to pass on; it makes no decision in the law's sense. Who disagrees asks the authority that
holds the information for a formal decision (OSL 2009:400 6:5, 6:7).

| code | status | what happened | what to do |
| --- | --- | --- | --- |
"""
OF_CALLS = """
## Codes of the call itself

What stands in `code` when a call fails before any rule of the field is asked.

| code | status | what happened | what to do |
| --- | --- | --- | --- |
"""


def render() -> str:
    """The page: refusals in the order of the rules, then the codes of calls in the order of their statuses."""
    rows = tomllib.loads(RULES.read_text(encoding="utf-8"))["refusal"]
    refusals = [(row["code"], row["status"], row["title_sv"], row["advice_sv"]) for row in rows]
    calls = sorted(((code, *told) for code, told in CALL_PROBLEMS.items()), key=lambda row: (row[1], row[0]))
    return HEAD + _lines(refusals) + OF_CALLS + _lines(calls)


def _lines(rows: Iterable[tuple[str, int, str, str]]) -> str:
    return "".join(
        f"| `{code}` | {status} | {_cell(happened)} | {_cell(advice)} |\n" for code, status, happened, advice in rows
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
