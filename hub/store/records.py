"""What the store keeps, as plain frozen data. No SQL, no personal data in clear: bodies arrive sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any

from hub.store import kept
from hub.store.attachments import StoredAttachment, StoredPart
from hub.store.dead_letters import DeadLetter
from hub.store.directory_sets import DirectorySet, Standing
from hub.store.history import Sample, StoredDirectory, StoredRulebook
from hub.store.parties import PartyKey
from hub.store.people import Draft, Session, StaffMember
from hub.store.signed import StoredEvidence
from hub.store.webhooks import Push, Webhook
from routing.case import Case
from schemas.frozen import dataclass


class DeliveryState(StrEnum):
    """How far one recipient's copy has come. Shown to the sender."""

    PENDING = "pending"
    NOTIFIED = "notified"
    READ = "read"
    HANDLED = "handled"
    REFUSED = "refused"
    EXPIRED = "expired"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class MessageKey:
    """Unique for ever: the source's own id for the message."""

    source: str
    message_id: str


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """An accepted message. `sealed` is nonce + AES-256-GCM ciphertext under the data key of `lane_id`.

    `lane_id` is the case id, or the consent id for a consent that belongs to no case. `envelope` holds the
    event's attributes except data; `receipt` is the answer that the sender got, to be given again.
    """

    key: MessageKey
    lane_id: str
    case_id: str | None
    type: str
    version: str
    sender: str
    fingerprint: bytes
    recorded_at: datetime
    expires_at: datetime | None
    envelope: Mapping[str, Any]
    receipt: Mapping[str, Any]
    sealed: bytes | None
    erased_at: datetime | None = None
    """When the body went by schedule; None also for one that went with its key."""


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """One recipient's copy, or the refusal of it (state `refused`: never listed in an inbox).

    `sequence` counts from 1 per lane and unit without gaps; None for a refused copy. `basis` and `withheld` are
    shown to the sender only. `note` is the recipient's word to the sender, sealed like a body.
    """

    delivery_id: str
    key: MessageKey
    lane_id: str
    unit_id: str
    kind: str
    sequence: int | None
    state: DeliveryState
    verdict: str
    code: str | None
    rule: str
    basis: Mapping[str, Any] | None
    withheld: Sequence[str]
    recorded_at: datetime
    acked_at: datetime | None = None
    handled_at: datetime | None = None
    outcome: str | None = None
    note: bytes | None = None
    next_at: datetime | None = None
    """When somebody looks after the copy, should nobody have opened it by then."""


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case and its memory, sealed under the case's data key (None: nothing is remembered). What the case itself holds
    of it is not written, and not there when it is read. `next_at` is when its next deadline wants attention."""

    case: Case
    memory: bytes | None = None
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EarlierMessage:
    """An accepted message that another one speaks of. `recipients`: unit id -> kind, of those who got it."""

    key: MessageKey
    type: str
    sender: str
    case_id: str | None
    recipients: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoredConsent:
    """One version of a consent, sealed under the data key of its own id. `status` and narrowing are in clear.

    `told_days`: its end has been announced so many days before, None while it has not. `ended_at`: it was withdrawn,
    voided or lapsed before its last day."""

    consent_id: str
    version: int
    person_key: str
    recorded_by: str
    status: str
    valid_to: str
    recorded_at: datetime
    narrowing: Mapping[str, Sequence[str]]
    sealed: bytes
    told_days: int | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DataKey:
    """The wrapped key of one lane or consent. Destroying the row destroys everything sealed with it."""

    lane_id: str
    wrapped: bytes
    kek_id: str


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry of the tamper-evident log. `entry` (canonical JSON) is what the leaf commits to; the other
    columns are an index for people who look things up. No personal data in either."""

    index: int
    entry: bytes
    leaf: bytes
    at: datetime
    action: str
    actor: str
    unit: str | None = None
    type: str | None = None
    message_id: str | None = None
    case_id: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class LogNode:
    """A node of the Merkle tree over 256 ** level entries: one hash of a C2SP tile of that level (1 and up)."""

    level: int
    position: int
    hash: bytes


class CheckpointKind(StrEnum):
    """`SIGNED` is the newest that was ever signed: nothing inconsistent with it may be. `PUBLISHED` is the newest
    that witnesses were asked about, and served."""

    SIGNED = "signed"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A signed note (C2SP signed-note, tlog-checkpoint) over the first `size` entries."""

    kind: CheckpointKind
    size: int
    root: bytes
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ClaimCheck:
    """What travels to a unit: where to fetch, nothing about the person."""

    delivery_id: str
    unit_id: str
    message_id: str
    type: str
    source: str
    case_id: str | None
    sequence: int
    recorded_at: datetime
    state: DeliveryState = DeliveryState.PENDING
    position: int = 0
    """Where it stands in the inbox: grows with acceptance; the cursor of a page."""


@dataclass(frozen=True, slots=True)
class DeliveryChange:
    """A step of one delivery. Fields left None stay as they are."""

    delivery_id: str
    state: DeliveryState | None = None
    acked_at: datetime | None = None
    handled_at: datetime | None = None
    outcome: str | None = None
    note: bytes | None = None
    code: str | None = None
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shred:
    """Everything of one person or case is made unreadable at once: keys and bodies go, and what linked them.

    `lanes` maps each lane id to the meaningless one that takes its place; `person_key` is replaced likewise."""

    lanes: Mapping[str, str]
    person_key: str | None = None
    replacement: str = ""
    consents: Sequence[str] = ()
    """Consents that go though others of the same person stay."""


@dataclass(slots=True)
class Changes:
    """Everything that one commit group writes. Written whole or not at all."""

    messages: list[StoredMessage] = field(default_factory=list)
    deliveries: list[StoredDelivery] = field(default_factory=list)
    cases: dict[str, StoredCase] = field(default_factory=dict)
    consents: list[StoredConsent] = field(default_factory=list)
    data_keys: list[DataKey] = field(default_factory=list)
    rewrapped: list[DataKey] = field(default_factory=list)
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)
    delivery_changes: list[DeliveryChange] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    audit: list[AuditRow] = field(default_factory=list)
    log_nodes: list[LogNode] = field(default_factory=list)
    checkpoints: list[StoredCheckpoint] = field(default_factory=list)
    person_entries: list[tuple[str, int]] = field(default_factory=list)
    directory_sets: list[DirectorySet] = field(default_factory=list)
    dropped_directory_sets: list[Standing] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    rulebooks: list[StoredRulebook] = field(default_factory=list)
    directories: list[StoredDirectory] = field(default_factory=list)
    shreds: list[Shred] = field(default_factory=list)
    staff: list[StaffMember] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    ended_sessions: list[str] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    dropped_drafts: list[str] = field(default_factory=list)
    webhooks: list[Webhook] = field(default_factory=list)
    removed_webhooks: list[str] = field(default_factory=list)
    pushed_anew: list[str] = field(default_factory=list)
    pushes: list[Push] = field(default_factory=list)
    finished_pushes: list[str] = field(default_factory=list)
    buried: list[DeadLetter] = field(default_factory=list)
    revived: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    erased_bodies: list[int] = field(default_factory=list)
    erased_metadata: list[int] = field(default_factory=list)
    holds: list[kept.Hold] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    tombstones: list[kept.Tombstone] = field(default_factory=list)
    retention_runs: list[kept.RetentionRun] = field(default_factory=list)
    forgotten_before: int = 0
    party_keys: list[PartyKey] = field(default_factory=list)
    evidence: list[StoredEvidence] = field(default_factory=list)
    used_ids: dict[str, datetime] = field(default_factory=dict)
    attachments: dict[str, StoredAttachment] = field(default_factory=dict)
    attachment_parts: list[StoredPart] = field(default_factory=list)
    dropped_attachments: list[str] = field(default_factory=list)
    swept_attachments: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A delivery together with its message."""

    delivery: StoredDelivery
    message: StoredMessage


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """What to look up in the log. Fields left None do not narrow. Newest last; `after` is an index."""

    unit: str | None = None
    type: str | None = None
    message_id: str | None = None
    case_id: str | None = None
    code: str | None = None
    since: datetime | None = None
    after: int | None = None
    limit: int = 100
