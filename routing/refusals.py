"""The closed list of reasons why a message, or one recipient's copy of it, is refused.

Codes are wire values: never renamed, never reused. Their Swedish texts and HTTP status stand in `rules/refusals.toml`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RefusalCode(StrEnum):
    """Why the hub says no. The value is what stands in receipts, problems and the audit log."""

    SCHEMA_INVALID = "SCHEMA_INVALID"
    SCHEMA_UNKNOWN = "SCHEMA_UNKNOWN"
    UNKNOWN_UNIT = "UNKNOWN_UNIT"
    UNIT_CLOSED = "UNIT_CLOSED"
    SENDER_NOT_ALLOWED = "SENDER_NOT_ALLOWED"
    SELF_REFERRAL = "SELF_REFERRAL"
    RECIPIENT_NOT_ALLOWED = "RECIPIENT_NOT_ALLOWED"
    WRONG_CATCHMENT = "WRONG_CATCHMENT"
    NO_AGREEMENT = "NO_AGREEMENT"
    STATE_CONFLICT = "STATE_CONFLICT"
    STALE_VERSION = "STALE_VERSION"
    NOT_APPROVED = "NOT_APPROVED"
    DUPLICATE = "DUPLICATE"
    DUPLICATE_CASE = "DUPLICATE_CASE"
    NO_BASIS = "NO_BASIS"
    CONSENT_MISSING = "CONSENT_MISSING"
    CONSENT_EXPIRED = "CONSENT_EXPIRED"
    CONSENT_WITHDRAWN = "CONSENT_WITHDRAWN"
    CONSENT_NOT_COVERING = "CONSENT_NOT_COVERING"
    PROTECTED_IDENTITY = "PROTECTED_IDENTITY"
    THIRD_PARTY_DATA = "THIRD_PARTY_DATA"
    PURPOSE_NOT_ALLOWED = "PURPOSE_NOT_ALLOWED"
    OUT_OF_REMIT = "OUT_OF_REMIT"
    PARTICIPANT_ABSENT = "PARTICIPANT_ABSENT"
    PERSON_ID_INVALID = "PERSON_ID_INVALID"
    AGE_RULE = "AGE_RULE"
    CONFLICT_OF_INTEREST = "CONFLICT_OF_INTEREST"
    FREE_TEXT_BLOCKED = "FREE_TEXT_BLOCKED"
    EXPIRED = "EXPIRED"
    TOO_LARGE = "TOO_LARGE"
    COULD_NOT_BE_DELIVERED = "COULD_NOT_BE_DELIVERED"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason, with what may be told about it. Never a value from the message.

    `pointers` are RFC 6901 pointers into the event (`/data/content/...`); `about` names the category,
    recipient or successor that the code speaks of, when there is one.
    """

    code: RefusalCode
    rule: str
    about: str | None = None
    pointers: tuple[str, ...] = ()
