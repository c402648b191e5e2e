"""A message as the decisions see it: the event's own words and nothing that needs a clock, a key or a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date, datetime
from typing import Any

from schemas import registry
from schemas.frozen import dataclass


@dataclass(frozen=True, slots=True)
class BasisClaim:
    """The sender's own assessment for one kind of recipient (OSL 2009:400; the sender answers for it)."""

    recipient_kind: str
    code: str
    consent_id: str | None = None
    request_id: str | None = None
    ground: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """One entry of `handling.to`: a unit, a role in the case, a team's coordinator, or one seat of a team."""

    unit: str | None = None
    role: str | None = None
    team: str | None = None
    seat: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A schema-valid message.

    `sender` is the unit id after the source has been matched with the caller. `person_key` is the keyed hash
    of the canonical number (None when the message carries no person); `born_on` comes from the same number.
    `sent_at` is the event's own time; `subject` is the case id that the sender gave; `answers` is the id of the
    message that this one answers (the event's `causationid`). `attached` are the files that go with it: attachment id
    -> the categories of information that the sender says it holds.
    """

    message_id: str
    message_type: registry.MessageType
    sender: str
    data: Mapping[str, Any]
    sent_at: datetime
    subject: str | None = None
    person_key: str | None = None
    born_on: date | None = None
    answers: str | None = None
    attached: Mapping[str, frozenset[str]] = field(default_factory=dict)
    type: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Asked two dozen times for each message: read once.
        object.__setattr__(self, "type", self.message_type.name)

    @property
    def handling(self) -> Mapping[str, Any]:
        handling: Mapping[str, Any] = self.data["handling"]
        return handling

    @property
    def content(self) -> Mapping[str, Any]:
        content: Mapping[str, Any] = self.data["content"]
        return content

    @property
    def purpose(self) -> str:
        return str(self.handling["purpose"])

    @property
    def disqualified(self) -> frozenset[str]:
        """The units that must not handle this person (jäv, förvaltningslagen 2017:900 16 §)."""
        return frozenset(self.handling.get("conflict_of_interest", ()))

    @property
    def speaks_of(self) -> tuple[str, ...]:
        """Ids of earlier messages without which this one cannot be judged."""
        corrected = self.content.get("corrects_message")
        return tuple(name for name in (self.answers, corrected) if name is not None)

    @property
    def cited_consents(self) -> frozenset[str]:
        """Ids of consents that the message names, in its bases or as its own matter."""
        cited = {claim["consent_id"] for claim in self.handling["basis"] if claim.get("consent_id")}
        own = self.content.get("consent_id")
        return frozenset(cited | {own} if own else cited)

    @property
    def addresses(self) -> tuple[Address, ...]:
        return tuple([Address(**entry) for entry in self.handling.get("to", ())])

    def claims_for(self, kind: str) -> list[BasisClaim]:
        """The bases that the sender claims toward one kind of recipient, in the sender's order."""
        return [
            BasisClaim(
                recipient_kind=kind,
                code=claim["code"],
                consent_id=claim.get("consent_id"),
                request_id=claim.get("request_id"),
                ground=claim.get("ground"),
                role=claim.get("assessed_by_role"),
            )
            for claim in self.handling["basis"]
            if claim["recipient_kind"] == kind
        ]
