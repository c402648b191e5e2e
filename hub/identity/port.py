"""The authenticator's contract: an Authorization header in, a unit out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Reason(StrEnum):
    """Why a caller is not let in: for the log and the audit. The caller only learns that the answer is no."""

    MISSING = "missing"
    NOT_BEARER = "not_bearer"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    HEADER = "header"
    TYPE = "type"
    KEY = "key"
    SIGNATURE = "signature"
    CLAIMS = "claims"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    LIFETIME = "lifetime"
    NOT_STAFF = "not_staff"
    NOT_A_UNIT = "not_a_unit"
    UNKNOWN_STAFF = "unknown_staff"
    NO_SESSION = "no_session"
    SESSION_OVER = "session_over"
    NOT_BOUND = "not_bound"
    BINDING = "binding"
    PROOF = "proof"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"


class NotAuthenticated(Exception):
    """The caller has no valid token. Holds the reason and nothing of the token; `told` is what the caller may hear of a
    proof of its own making."""

    def __init__(self, reason: Reason, told: str | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.told = told


class BindingKind(StrEnum):
    """What a token is bound to: the names of RFC 7800's `cnf`."""

    KEY = "jkt"
    CERTIFICATE = "x5t#S256"


@dataclass(frozen=True, slots=True)
class Binding:
    """The one holder of a token: whoever has the key (RFC 9449) or the certificate (RFC 8705) with this thumbprint."""

    kind: BindingKind
    thumbprint: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, for as long as the token counts."""

    unit_id: str
    token_id: str
    expires_at: datetime
    scopes: frozenset[str] = frozenset()
    binding: Binding | None = None


@dataclass(frozen=True, slots=True)
class StaffCaller:
    """A member of the staff calls; who that is and what the person may do, the table tells at each call."""

    staff_id: str
    token_id: str
    expires_at: datetime


class NotAllowed(Exception):
    """The caller is known, and has not the role that this asks for."""


class ScopeMissing(NotAllowed):
    """The unit may do this, its token may not."""

    def __init__(self, scope: str) -> None:
        super().__init__(scope)
        self.scope = scope


class Authenticator(Protocol):
    """Safe to call for every request; the answer may come from a cache, the times never do."""

    def authenticate(self, authorization_header: str | None, at: datetime) -> Caller:
        """The unit that calls at the instant `at`, if it is also the one that the token is bound to: that is for the
        caller of this method to check. Raises `NotAuthenticated`, also for a token of the staff."""

    def authenticate_staff(self, authorization_header: str | None, at: datetime) -> StaffCaller:
        """The member of the staff who calls. Raises `NotAuthenticated`, also for a unit's token."""
