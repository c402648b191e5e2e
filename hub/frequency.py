"""How often a unit does what should be rare, counted in the log itself: so it outlives a start and spans processes.

Whoever passes the threshold is not stopped: an alarm tells people to look, once in each window.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import structlog

from hub.audit.entry import AuditAction
from hub.ledger import Ledger
from hub.store.records import AuditRow
from hub.telemetry.metrics import Metrics

log = structlog.get_logger()

ALARMS: Final = frozenset({AuditAction.OSL_10_2_FREQUENT.value, AuditAction.PROTECTION_FREQUENT.value})


def count(ledger: Ledger, code: str, unit: str, hours: int) -> int:
    """How many entries with this code the unit has caused within the last hours, this group's own among them."""
    since = ledger.at - timedelta(hours=hours)
    own = sum(row.code == code and row.actor == unit for row in ledger.changes.audit)
    return ledger.group.count_audit(code, unit, since) + own


def tell(ledger: Ledger, alarm: AuditAction, unit: str, *, times: int, hours: int) -> None:
    """Writes the alarm into the log, if it does not stand there already for this window."""
    code = alarm.value.upper()
    if count(ledger, code, unit, hours) == 0:
        ledger.audit(alarm, unit, code=code, detail={"times": times, "hours": hours})


def raise_alarms(entries: Iterable[AuditRow], metrics: Metrics) -> None:
    """For people who watch the numbers and the log of the process; after the commit, so that it is true."""
    for row in entries:
        if row.action in ALARMS:
            metrics.alarms.labels(alarm=row.action).inc()
            log.warning(row.action, unit=row.actor)
