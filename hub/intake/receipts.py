"""What the sender is told: the receipt of an accepted message, and the rows about each recipient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from hub.store.records import AuditRow
from routing.decision import Ruling
from routing.rulebook import Rulebook
from routing.warnings import Warned


@lru_cache(maxsize=64)
def timestamp(at: datetime) -> str:
    """An instant as RFC 3339 in UTC with milliseconds. A group's messages all ask for the same one, hence the cache."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def recipient_row(ruling: Ruling, delivery_id: str | None = None) -> dict[str, Any]:
    """One recipient of a receipt or problem. Names of fields, never values."""
    basis = ruling.basis
    return {
        "unit": ruling.unit,
        "verdict": ruling.verdict.value,
        "code": ruling.code.value if ruling.code else None,
        "about": ruling.about,
        "rule": ruling.rule,
        "basis": None if basis is None else {"code": basis.code, "consent": basis.consent_id, "version": basis.version},
        "withheld": list(ruling.withheld),
        "delivery": delivery_id,
    }


def receipt(
    *,
    message_id: str,
    source: str,
    case_id: str | None,
    recorded_at: datetime,
    rulebook: Rulebook,
    recipients: list[dict[str, Any]],
    warnings: Sequence[Warned],
    log: AuditRow | None,
) -> Mapping[str, Any]:
    """The answer to an accepted message; a dry run has no log entry."""
    return {
        "id": message_id,
        "source": source,
        "case": case_id,
        "status": "accepted",
        "recordedtime": timestamp(recorded_at),
        "rulebook": rulebook.digest,
        "recipients": recipients,
        "warnings": [{"code": each.code, "pointer": each.pointer} for each in warnings],
        "log": None if log is None else {"index": log.index, "leaf": log.leaf.hex()},
    }
