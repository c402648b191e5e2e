"""When somebody looks after a copy that nobody opens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from routing.unread import Look, Step, UnreadRule, look

CAME = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULE = UnreadRule("t19", "Oläst", 5, 30)


def after(**parts: float) -> datetime:
    return CAME + timedelta(**parts)


@pytest.mark.parametrize(
    ("expires_at", "at", "expected"),
    [
        (None, after(days=5, microseconds=-1), Look(Step.WAIT, after(days=5))),
        (None, after(days=5), Look(Step.REMIND, after(days=30))),
        (None, after(days=30, microseconds=-1), Look(Step.REMIND, after(days=30))),
        (None, after(days=30), Look(Step.RETURN)),
        (after(days=2), after(days=2, microseconds=-1), Look(Step.WAIT, after(days=2))),
        (after(days=2), after(days=2), Look(Step.EXPIRE)),
        (after(days=9), after(days=5), Look(Step.REMIND, after(days=9))),
        (after(days=9), after(days=9), Look(Step.EXPIRE)),
        (after(days=99), after(days=5), Look(Step.REMIND, after(days=30))),
        (after(days=99), after(days=30), Look(Step.RETURN)),
    ],
)
def test_the_senders_end_goes_first_then_a_reminder_then_back(
    expires_at: datetime | None, at: datetime, expected: Look
) -> None:
    assert look(RULE, CAME, expires_at, at) == expected


@pytest.mark.parametrize("days", [0, 3, 5, 9, 30, 60])
def test_the_looks_come_to_an_end(days: int) -> None:
    expires_at = after(days=days) if days else None
    at, steps = RULE.first_look(CAME, expires_at), []
    for _ in range(5):
        found = look(RULE, CAME, expires_at, at)
        steps.append(found.step)
        if found.next_at is None:
            break
        assert found.next_at > at
        at = found.next_at
    assert steps[-1] in (Step.RETURN, Step.EXPIRE)
    assert steps[:-1] in ([], [Step.REMIND])
