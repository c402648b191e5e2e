"""A hub's clock in a test's hands: `FAULTS_CLOCK` names a file with the seconds by which it is wrong."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

VARIABLE = "FAULTS_CLOCK"


def install() -> None:
    if name := os.environ.get(VARIABLE):
        from hub import clock

        wrong_by = Path(name)
        clock.SystemClock.now = lambda self: datetime.now(UTC) + read(wrong_by)  # type: ignore[method-assign]


def read(wrong_by: Path) -> timedelta:
    return timedelta(seconds=float(wrong_by.read_text()))


def write(wrong_by: Path, by: timedelta) -> None:
    draft = wrong_by.with_suffix(".draft")
    draft.write_text(str(by.total_seconds()))
    draft.replace(wrong_by)
