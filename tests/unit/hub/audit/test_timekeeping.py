"""The times in the log grow, or the log says that the clock went back."""

from __future__ import annotations

from datetime import timedelta

from hub.audit.entry import AuditAction
from hub.audit.recording import RecordEvent
from hub.clock import FixedClock
from hub.service import Hub
from hub.store.records import AuditQuery

SECOND = timedelta(seconds=1)


async def actions_after(hub: Hub, *steps: timedelta) -> list[str]:
    """What the log has got when something happens after each step of the clock."""
    begin, time = hub.reader.audit_size(), hub.clock
    assert isinstance(time, FixedClock)
    for step in steps:
        time.advance(step)
        await hub.group.submit(RecordEvent(AuditAction.RULES_CHANGED, {}))
    return [row.action for row in hub.reader.list_audit(AuditQuery(after=begin - 1, limit=100))]


async def test_a_clock_that_goes_back_by_more_than_clocks_may_differ_is_told_first(hub: Hub) -> None:
    assert await actions_after(hub, -61 * SECOND, SECOND) == ["clock_went_back", "rules_changed", "rules_changed"]


async def test_a_clock_that_goes_on_or_back_a_little_is_not_told(hub: Hub) -> None:
    assert await actions_after(hub, 3600 * SECOND, -60 * SECOND) == ["rules_changed"] * 2


async def test_small_steps_back_are_told_when_they_have_become_a_large_one(hub: Hub) -> None:
    told = await actions_after(hub, -50 * SECOND, -50 * SECOND, -50 * SECOND)
    assert told == ["rules_changed", "clock_went_back", "rules_changed", "rules_changed"]
