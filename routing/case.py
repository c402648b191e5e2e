"""A case as the decisions see it: a snapshot, never changed in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class PlanChain:
    """The versions of one plan. The version in force stays so until a later one is approved (rule R04)."""

    latest: int = 0
    in_force: int | None = None


@dataclass(frozen=True, slots=True)
class ReportingRequest:
    """The stadsdel's standing request for reports (SoL 2025:400 15:9), made with the referral `request_id`."""

    request_id: str
    items: frozenset[str]
    until: date


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of one planning case. `person_key` is a keyed hash; no personal data is here.

    `state` is None for a FINSAM case without a jobbtorg case, `finsam_state` None for the opposite.
    """

    case_id: str
    person_key: str | None
    state: str | None
    finsam_state: str | None
    opened_at: datetime
    parties: frozenset[str] = frozenset()
    responsible_stadsdel: str | None = None
    responsible_jobbtorg: str | None = None
    team: str | None = None
    plans: Mapping[str, PlanChain] = field(default_factory=dict)
    reporting_request: ReportingRequest | None = None
    suspended: bool = False
    closed_at: datetime | None = None

    def is_party(self, unit_id: str) -> bool:
        return unit_id in self.parties
