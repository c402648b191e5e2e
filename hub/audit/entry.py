"""One entry of the tamper-evident log: canonical JSON (RFC 8785) and its Merkle leaf (RFC 6962 2.1, RFC 9162
2.1.1).

An entry names things and never tells what they hold: units, ids, codes, categories, field paths, and
commitments that only the holder of the case's key can open. The guard below leaves out whatever is no such
name, because an entry can never be taken back.

Leaves are public, entries are not: so each entry has a salt, without which whoever knows most of an entry could
try what the rest must be.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import orjson

from hub.audit import merkle
from hub.store import records
from hub.telemetry import redaction

LEFT_OUT: Final = "[left out]"
# An entry bundle of C2SP tlog-tiles writes the length of an entry in 16 bits.
LARGEST_ENTRY: Final = 65_535
_LARGEST_NUMBER: Final = 2**53 - 1  # beyond it RFC 8785 has no exact form
_DEEPEST: Final = 6
_CUTS: Final = (100, 20, 0)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_WORD: Final = re.compile(r"[A-Za-z0-9_./:*~@+$#-]{0,256}")
_IDENTIFIER: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}|(?:sha256:)?[0-9a-f]{64}"
)


class AuditAction(StrEnum):
    """What an entry tells of. Wire values: never renamed, never reused; `docs/reference/audit-events.md`
    explains."""

    MESSAGE_ACCEPTED = "message_accepted"
    MESSAGE_REFUSED = "message_refused"
    DELIVERY_DISCLOSED = "delivery_disclosed"
    DELIVERY_WITHHELD = "delivery_withheld"
    DELIVERY_ACKNOWLEDGED = "delivery_acknowledged"
    DELIVERY_HANDLED = "delivery_handled"
    ATTACHMENT_UPLOADED = "attachment_uploaded"
    ATTACHMENT_ATTACHED = "attachment_attached"
    ATTACHMENT_FETCHED = "attachment_fetched"
    CONSENT_RECORDED = "consent_recorded"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_ENDED = "consent_ended"
    PERSON_PROTECTED = "person_protected"
    PERSON_HELD = "person_held"
    CASE_RELEASED = "case_released"
    PROTECTION_FREQUENT = "protection_frequent"
    CLOSED_UNKNOWN = "closed_unknown"
    OSL_10_2_USED = "osl_10_2_used"
    OSL_10_2_FREQUENT = "osl_10_2_frequent"
    DEADLINE_DUE = "deadline_due"
    DELIVERY_RECALLED = "delivery_recalled"
    DELIVERY_EXPIRED = "delivery_expired"
    DELIVERY_DEAD = "delivery_dead"
    DELIVERY_RETRIED = "delivery_retried"
    DELIVERY_DROPPED = "delivery_dropped"
    WEBHOOK_CHANGED = "webhook_changed"
    AMQP_ACCOUNT_CHANGED = "amqp_account_changed"
    PARTY_KEY_ADDED = "party_key_added"
    PARTY_KEY_REVOKED = "party_key_revoked"
    TOKEN_ISSUED = "token_issued"  # noqa: S105 - the name of an event
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - the name of an event
    CONNECTION_TRIED = "connection_tried"
    DOCUMENT_MADE = "document_made"
    LOG_EXPORTED = "log_exported"
    EXTRACT_MADE = "extract_made"
    CHANGE_PROPOSED = "change_proposed"
    CHANGE_REJECTED = "change_rejected"
    RULES_CHANGED = "rules_changed"
    STAFF_CHANGED = "staff_changed"
    STAFF_REMOVED = "staff_removed"
    STAFF_SIGNED_IN = "staff_signed_in"
    STAFF_SIGNED_OUT = "staff_signed_out"
    STAFF_SESSION_ENDED = "staff_session_ended"
    STAFF_SIGN_IN_REFUSED = "staff_sign_in_refused"
    STAFF_LOOKED = "staff_looked"
    STAFF_ACTED = "staff_acted"
    LIMIT_REACHED = "limit_reached"
    DIRECTORY_CHANGED = "directory_changed"
    ERASED = "erased"
    RETENTION_RUN = "retention_run"
    LEGAL_HOLD_PLACED = "legal_hold_placed"
    LEGAL_HOLD_LIFTED = "legal_hold_lifted"
    KEY_ROTATED = "key_rotated"
    BACKUP_MADE = "backup_made"
    BACKUP_RESTORED = "backup_restored"
    LOG_RESUMED = "log_resumed"
    CLOCK_WENT_BACK = "clock_went_back"
    HUB_STARTED = "hub_started"
    HUB_STOPPED = "hub_stopped"


def build(
    index: int,
    at: datetime,
    action: AuditAction,
    actor: str,
    *,
    unit: str | None = None,
    type: str | None = None,
    message_id: str | None = None,
    case_id: str | None = None,
    code: str | None = None,
    detail: Mapping[str, Any] | None = None,
    salt: str = "",
) -> records.AuditRow:
    """The entry at `index`. `actor` is a unit id, `hub` or `staff:<id>`; `unit` whom it concerns, when another.
    Without a `salt` a new one is made.

    `case_id` goes into the row's index only; the entry itself has a commitment in `detail["case_ref"]`.
    `detail` adds names to the entry (version, payload, rule, rulebook, basis, categories, withheld,
    recipients ...). A text in it that is no name, id, path or digest, and the case id wherever it stands, is
    written as `[left out]`: what a sender wrote can make an entry poorer, never make it fail. Raises
    `ValueError` for mistakes of the hub's own: a detail that repeats one of the entry's names, or holds what
    has no canonical form.
    """
    told: dict[str, Any] = {
        "seq": index,
        "t": _instant(at),
        "action": action.value,
        "actor": _word(actor),
        "unit": unit and _word(unit),
        "type": type and _word(type),
        "message": message_id and _word(message_id),
        "code": code and _word(code),
        "salt": salt or os.urandom(16).hex(),
    }
    if detail:
        if not told.keys().isdisjoint(detail):
            raise ValueError("a detail repeats one of the entry's own names")
        told |= _members(detail, 0)
    entry = _fitting({name: value for name, value in told.items() if value is not None})
    if case_id:  # also where a sender has used the case id as an id of its own
        entry = entry.replace(case_id.encode(), LEFT_OUT.encode())
    return records.AuditRow(
        index=index,
        entry=entry,
        leaf=merkle.leaf_hash(entry),
        at=at,
        action=told["action"],
        actor=told["actor"],
        unit=told["unit"],
        type=told["type"],
        message_id=told["message"],
        case_id=case_id,
        code=told["code"],
    )


def canonical(document: Mapping[str, Any]) -> bytes:
    """RFC 8785 for what an entry can hold: ASCII names and words, whole numbers, truth values, null."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def _fitting(document: Mapping[str, Any]) -> bytes:
    """The entry; when a sender has managed to make it too large, with its lists cut as far as needed."""
    entry = canonical(document)
    for most in _CUTS:
        if len(entry) <= LARGEST_ENTRY:
            break
        entry = canonical(_cut(document, most))
    return entry


def _cut(value: Any, most: int) -> Any:
    """Lists keep their first items and tell how many more there were."""
    if isinstance(value, dict):
        return {name: _cut(item, most) for name, item in value.items()}
    if isinstance(value, list):
        kept = [_cut(item, most) for item in value[:most]]
        return kept if len(value) <= most else [*kept, {"left_out": len(value) - most}]
    return value


def _members(detail: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    if not _name_members(tuple(detail)):
        raise ValueError("a name in an entry is made of small letters, digits and underscores")
    return {
        name: _word(value) if type(value) is str else None if value is None else _plain(value, depth + 1)
        for name, value in detail.items()
    }


def _plain(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _word(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) <= _LARGEST_NUMBER:
        return value if len(str(value)) < 10 else _number(value)
    if depth > _DEEPEST:
        raise ValueError("an entry is nested too deep")
    # The exact class first: asking an abstract one is slow, and hardly anything else comes here.
    if type(value) is dict or isinstance(value, Mapping):
        return _members(value, depth)
    if isinstance(value, (list, tuple)):
        return [_word(item) if type(item) is str else _plain(item, depth + 1) for item in value]
    raise ValueError("an entry holds words, whole numbers, truth values, lists and objects")


def _number(value: int) -> int | str:
    return value if redaction.clean(value) == value else LEFT_OUT


def _word(text: str) -> str:
    if len(text) >= 32 and _IDENTIFIER.fullmatch(text) is not None:
        return text
    return text if _is_name(text) else LEFT_OUT


@functools.lru_cache(maxsize=1024)
def _name_members(names: tuple[object, ...]) -> bool:
    return all(isinstance(name, str) and _NAME.fullmatch(name) is not None for name in names)


@functools.lru_cache(maxsize=8192)
def _is_name(text: str) -> bool:
    """True for units, rules, paths, codes: few and used again and again, so the answer is kept."""
    return _WORD.fullmatch(text) is not None and redaction.clean_text(text) == text


@functools.lru_cache(maxsize=64)
def _instant(at: datetime) -> str:
    # The entries of one group have the same instant.
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
