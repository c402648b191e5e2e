"""The store's contract. `tests/contract` runs it over every technology.

Reads and writes are synchronous and short; only the commit waits for the disk. All writing goes through one commit
group at a time (`hub/commit_group.py`): everything that a group writes becomes durable together or not at all.
Every method raises `StoreUnavailable` when the technology fails; nothing of an interrupted group remains.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol, TypeVar

from hub.store import attachments, kept, parties, people, records, signed, survey
from hub.store.dead_letters import DeadLetterQuery, DeadLetterView
from hub.store.directory_sets import DirectorySet, Standing
from hub.store.history import HistoryReader
from hub.store.webhooks import DuePush, Push, Webhook
from routing.case import Case

Answer = TypeVar("Answer")


class StoreUnavailable(Exception):
    """The store cannot take or give anything now. Nothing was accepted; trying again is safe."""


class Contended(StoreUnavailable):
    """Another process was in the way of this group. Nothing of it remains; carried out again it may succeed at once."""


class PushReader(Protocol):
    """What goes to the units' own endpoints."""

    def find_webhooks(self, unit_ids: Collection[str]) -> dict[str, Webhook]:
        """Also those that have ended."""

    def list_webhook_units(self) -> frozenset[str]:
        """Units whose endpoint is active."""

    def list_due_webhooks(self, at: datetime) -> list[Webhook]:
        """Active endpoints that do not rest at `at` and have something due, by unit."""

    def list_due_pushes(self, unit_id: str, at: datetime, *, limit: int) -> list[DuePush]:
        """What may be sent to the unit at `at`: nobody has leased it, and of each lane only the oldest; the longest
        overdue first."""

    def find_pushes(self, delivery_ids: Collection[str]) -> dict[str, Push]: ...

    def list_exhausted_pushes(self, before: datetime, *, limit: int) -> list[str]:
        """Ids of deliveries that have been on their way since `before` or longer, to endpoints that are failing."""

    def oldest_push_at(self) -> datetime | None: ...


class ReceivingReader(Protocol):
    """What recipients did not take."""

    def list_unread_due(self, at: datetime, *, limit: int) -> list[str]:
        """Ids of deliveries that nobody has read or acknowledged, and that want attention at `at` or did before; the
        longest overdue first."""

    def list_dead_letters(self, query: DeadLetterQuery) -> list[DeadLetterView]:
        """In the order in which they came in."""

    def count_dead_letters(self) -> int:
        """10,000 at most, which stands for many."""


class PersonReader(Protocol):
    """What the store has about one person: for the register extract."""

    def list_messages_about(self, case_ids: Collection[str], lane_ids: Collection[str]) -> list[records.StoredMessage]:
        """Messages of these cases, and messages of no case in these lanes, in the order of acceptance; no bodies."""

    def list_copies(self, keys: Collection[records.MessageKey]) -> list[records.StoredDelivery]:
        """Every recipient's copy or refusal of these messages."""

    def list_entries_about(self, message_ids: Collection[str]) -> list[records.AuditRow]:
        """Entries of the log about these messages, in its order."""

    def list_refusals_about(self, person_key: str, case_ids: Collection[str]) -> list[records.AuditRow]:
        """Entries about messages that were refused: those about the person, and those in these cases; no doubles."""


class FlowReader(Protocol):
    """What the control room asks: units, types, codes and numbers. Days are UTC, both ends count."""

    def list_edges(self, first: date, last: date) -> list[survey.Edge]: ...

    def list_edge_types(self, first: date, last: date, *, sender: str, unit: str) -> list[survey.TypeCount]: ...

    def list_days(self, first: date, last: date) -> list[survey.DayCount]: ...

    def search_copies(self, query: survey.CopyQuery) -> list[survey.CopyFound]:
        """Copies of accepted messages, the newest message first."""

    def find_announcements(self, delivery_ids: Collection[str]) -> dict[str, survey.Announcement]:
        """Of copies that their recipients have not acknowledged."""

    def list_refusals(self, query: survey.CopyQuery) -> list[records.AuditRow]:
        """Entries of messages that were refused as a whole, newest first; unit and verdict do not narrow."""

    def list_actions(self, actions: Collection[str], *, limit: int) -> list[records.AuditRow]:
        """Entries of the log with one of these actions, newest first."""

    def count_codes(self, codes: Collection[str], since: datetime) -> list[survey.CodeCount]:
        """Entries of the log with one of these codes, by code and who caused them."""

    def count_consents(self) -> list[survey.ConsentCount]:
        """Newest versions only."""

    def count_ending_consents(self, until: date) -> dict[str, int]:
        """Active ones whose last day is `until` or before, by the unit that recorded them."""


class RetentionReader(Protocol):
    """What gallring asks, page by page."""

    def last_message_position(self) -> int:
        """0 while there is no message."""

    def list_kept_bodies(self, *, after: int, until: int) -> list[kept.KeptBody]:
        """Messages with a body at these positions (`after` exclusive, `until` inclusive), oldest first."""

    def list_oldest_messages(self, *, after: int, limit: int) -> list[kept.KeptMetadata]:
        """With or without a body, in the order of acceptance, from position `after` (exclusive)."""

    def list_data_keys(self, *, after: str, limit: int) -> list[records.DataKey]:
        """In the order of their lane ids, from `after` (exclusive)."""

    def find_last_messages(self, lane_ids: Collection[str]) -> dict[str, datetime]:
        """When the last delivery in each lane was recorded; absent where there is none."""

    def list_cases_with_bodies(self, case_ids: Collection[str]) -> set[str]:
        """Those of the cases of which a message still has its body."""

    def find_lane_of(self, message_id: str) -> str | None:
        """The lane of an accepted message with this id."""

    def list_holds(self) -> list[kept.Hold]:
        """The oldest first."""

    def list_tombstones(self) -> list[kept.Tombstone]:
        """Of every data key that was ever destroyed."""

    def list_retention_runs(self, *, limit: int) -> list[kept.RetentionRun]:
        """The newest first."""


class AttachmentReader(Protocol):
    """Files that go with messages."""

    def find_attachments(self, attachment_ids: Collection[str]) -> dict[str, attachments.StoredAttachment]:
        """Also those that are gone, until their last part is."""

    def count_open_uploads(self, unit_id: str) -> attachments.OpenUploads:
        """What the unit has that no message has taken along, without what was refused or is gone."""

    def list_stale_attachments(self, at: datetime, *, limit: int) -> list[str]:
        """Ids of files to be taken away: those that are gone, then those whose time is over at `at`."""

    def list_part_numbers(self, attachment_id: str) -> list[int]:
        """The parts that have come, in their order."""

    def find_part(self, attachment_id: str, number: int) -> bytes | None:
        """Sealed."""


class Reader(
    AttachmentReader,
    FlowReader,
    HistoryReader,
    PersonReader,
    PushReader,
    ReceivingReader,
    RetentionReader,
    Protocol,
):
    """Questions that change nothing. Inside a group they see what earlier groups committed."""

    def find_messages(self, keys: Collection[records.MessageKey]) -> dict[records.MessageKey, records.StoredMessage]:
        """The accepted messages among `keys`, without their bodies (`sealed` is None)."""

    def find_cases(self, case_ids: Collection[str]) -> dict[str, records.StoredCase]: ...

    def find_cases_of(self, person_keys: Collection[str]) -> dict[str, list[Case]]:
        """All cases of these persons, open and closed, oldest first; without their memory."""

    def list_unread(self, lane_ids: Collection[str]) -> list[records.DeliveryView]:
        """Copies in these lanes that nobody has read yet, with their sealed bodies, oldest first."""

    def list_due_cases(self, at: datetime, *, limit: int) -> list[str]:
        """Ids of cases whose next deadline wants attention at `at` or did before, the longest overdue first."""

    def find_earlier(self, message_ids: Collection[str]) -> list[records.EarlierMessage]:
        """The accepted messages with these ids, whoever sent them, with those who got them."""

    def find_consents(
        self, *, person_keys: Collection[str] = (), consent_ids: Collection[str] = ()
    ) -> list[records.StoredConsent]:
        """The newest version of every consent of these persons, or with these ids; no doubles."""

    def list_ending_consents(self, until: str, *, told_days: int, limit: int) -> list[records.StoredConsent]:
        """Newest versions that are active, whose last day (ISO 8601) is `until` or before, and of which that has not
        been told `told_days` before or later; the soonest first."""

    def find_data_keys(self, lane_ids: Collection[str]) -> dict[str, records.DataKey]: ...

    def find_kek_id(self) -> str | None:
        """Which master key wrapped the data keys here; None while there are none."""

    def find_deliveries(self, delivery_ids: Collection[str]) -> dict[str, records.DeliveryView]:
        """With the message's sealed body."""

    def find_sequences(self, lanes: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """The last sequence number given per (lane id, unit id); absent where none was."""

    def audit_size(self) -> int:
        """How many entries the log has; the next entry's index."""

    def list_inbox(
        self,
        unit_id: str,
        *,
        limit: int,
        after: int = 0,
        states: Collection[records.DeliveryState] | None = None,
        at: datetime,
    ) -> list[records.ClaimCheck]:
        """Oldest first, from position `after` (exclusive). Without `states`: what is not acknowledged, handled,
        refused, expired at `at`, or dead."""

    def list_unpublished(self, *, limit: int) -> list[records.ClaimCheck]:
        """Claim checks that no transport has taken yet, oldest first."""

    def list_sent(
        self,
        unit_id: str,
        *,
        limit: int,
        before: int | None = None,
        case_id: str | None = None,
        type: str | None = None,
        since: datetime | None = None,
    ) -> list[tuple[int, records.StoredMessage]]:
        """Own sent messages without bodies, newest first, each with its position (the cursor `before`)."""

    def list_deliveries(self, key: records.MessageKey) -> list[records.StoredDelivery]:
        """Every recipient's copy or refusal of one message, in the receipt's order."""

    def list_received(
        self, unit_id: str, case_id: str, *, after: int = 0, limit: int | None = None
    ) -> list[records.ClaimCheck]:
        """What a unit got of one case, done or not, in order of sequence, behind the sequence number `after`."""

    def list_recent(self, unit_id: str, *, limit: int) -> list[records.ClaimCheck]:
        """What has come to a unit, in any state but refused, newest first."""

    def find_sealed(self, key: records.MessageKey) -> bytes | None:
        """The sealed body of one message; empty when it has been destroyed, None when there is no such message."""

    def list_audit(self, query: records.AuditQuery) -> list[records.AuditRow]:
        """In the order of the log, from its beginning or from `after` (exclusive)."""

    def find_staff(self, staff_ids: Collection[str]) -> dict[str, people.StaffMember]:
        """Also those who have ended."""

    def find_staff_by_subject(self, iss: str, sub: str) -> people.StaffMember | None:
        """The one whom `iss` calls `sub`, also when ended."""

    def list_staff(self) -> list[people.StaffMember]:
        """All, by name, also those who have ended."""

    def find_sessions(self, session_keys: Collection[str]) -> dict[str, people.Session]:
        """Also those whose time is over."""

    def list_sessions(self, staff_id: str, at: datetime) -> list[people.Session]:
        """One person's that are not over at `at`, the newest first."""

    def find_evidence(self, source: str, message_id: str) -> signed.StoredEvidence | None:
        """What the sender signed, sealed; None when it signed nothing or the message's body is gone."""

    def list_party_keys(self, unit_ids: Collection[str] | None = None) -> list[parties.PartyKey]:
        """The credentials of these units, or of all: also those that do not count yet or no longer; oldest first."""

    def find_used_ids(self, used_ids: Collection[str]) -> set[str]:
        """Those among `used_ids` that have been used, and are not forgotten."""

    def find_drafts(self, draft_ids: Collection[str]) -> dict[str, people.Draft]: ...
    def list_log_hashes(self, level: int, first: int, end: int) -> list[bytes]:
        """Hashes of the Merkle tree from position `first` on, before `end`: leaves at level 0, above them nodes over
        256 ** level entries each. Fewer than asked for where there are no more."""

    def list_log_entries(self, first: int, end: int) -> list[bytes]:
        """The entries themselves, as the leaves commit to them."""

    def find_directory_set(self, standing: Standing) -> DirectorySet | None: ...

    def count_audit(self, code: str, actor: str, since: datetime) -> int:
        """How many entries of the log have this code and this actor, from `since` on."""

    def find_checkpoint(self, kind: records.CheckpointKind) -> records.StoredCheckpoint | None: ...

    def count_by_state(self) -> Mapping[str, int]:
        """How many deliveries are in each state."""

    def oldest_unpublished_at(self) -> datetime | None: ...


class Group(Reader, Protocol):
    """One commit group under way."""

    def write(self, changes: records.Changes) -> None:
        """Adds rows; visible to the group's own later reads. Deliveries with a sequence get an outbox row each, which
        lives until the recipient's acknowledgement (`Changes.acknowledged`), not only until it is published. A delivery
        that comes in as `notified` counts as published with its commit.

        Raises `DuplicateMessage` when a message key is there already. A case, a consent version or a sequence takes
        the place of its earlier self; a data key or an entry of the log never does, but `rewrapped` replaces how
        a data key is wrapped. A delivery change of state moves
        the delivery as told, `Changes.published` only from pending to notified. `buried` puts deliveries among the
        dead letters, `dropped` takes them away, `revived` too and puts them into the outbox again, unpublished. A
        delivery to a unit with an active webhook, and a revived one, gets a push with no attempt yet, due at once;
        `pushed_anew` does the same for all unread deliveries of these units. An inactive or removed webhook loses
        its pushes. A checkpoint takes the place of one of its kind that is no larger; a smaller one changes
        nothing. Writing a member of staff who has ended ends the person's sessions; writing a session takes away
        those whose time was over when it started. A unit's key takes the place of its earlier self. Writing ids
        that are used up (`Changes.used_ids`: until when each must be remembered) forgets those whose time is over.
        `erased_bodies` and `erased_metadata` name messages by position: their bodies with the recipients' notes go,
        or all that is left of them, and with the last message of a case whose key is destroyed the case.
        A reading takes away those of long before it (`history.SAMPLES_KEPT`), a rulebook the place of its earlier self.
        A directory stands beside those that were in force before it.
        A file and a part of one take the place of their earlier selves. Those in `dropped_attachments` are gone;
        `swept_attachments` are, too, and lose up to 32 of their parts, with the last of which the row goes.
        `Changes.shreds` come last: data keys, bodies, notes, consents and drafts of these lanes are destroyed. A file
        is gone with the body of its message, and with its lane.
        After a write that raised, the group can only be rolled back: committing it raises `StoreUnavailable`."""

    def lease_due_deliveries(
        self, holder: str, *, at: datetime, until: datetime, limit: int
    ) -> Sequence[records.ClaimCheck]:
        """Claim checks that nobody has published and nobody holds at `at`, oldest first: with the commit they are
        `holder`'s until `until`. Of a lane (a case and a unit) that somebody holds a claim check of, none."""

    def take_back(self, unit_ids: Collection[str], *, before: datetime) -> int:
        """Unacknowledged claim checks of these units that were published at `before` or earlier count as not published.
        How many."""


class DuplicateMessage(Exception):
    """A message with this source and id was accepted before."""


class Store(Protocol):
    """One durable store. Exactly one group is open at a time: `begin` raises `RuntimeError` while another is.

    Several processes may share one store: then their groups take turns, and `begin` waits for the turn. What a group
    reads is what all groups before it have committed, whichever process they were of, and nothing changes under it."""

    def begin(self) -> Group: ...

    async def ask(self, work: Callable[[], Answer]) -> Answer:
        """What `work` gives, which asks the store: run where waiting for the answers holds up nobody else. One group
        may pass from thread to thread in this way, but never be used by two at once."""

    async def commit(self, group: Group) -> None:
        """Returns when the group is on disk. Raises `StoreUnavailable` when it is not; then nothing of it is."""

    def roll_back(self, group: Group) -> None:
        """Nothing of the group remains. Does nothing to a group that has ended or whose commit is under way."""

    def reader(self) -> Reader:
        """What has been committed."""

    def listen(self, heard: Callable[[], None]) -> None:
        """Calls `heard`, on whatever thread, when a process has put something into the outbox, or may have. At most
        once per store; until it is closed."""

    def listen_for_erasures(self, heard: Callable[[], None]) -> None:
        """As `listen`, when another process has destroyed data keys, or may have."""

    def check(self) -> None:
        """Raises `StoreUnavailable` with the reason when reading or writing would fail."""

    def scrub(self) -> bool:
        """Takes what was erased out of the store's own files too, as far as it is the store's to do. False where that
        cannot be done at this moment: ask again."""

    async def rewrite_keys(self) -> None:
        """Writes the wrapped keys that are left into files anew, where destroyed ones else stay in the old files for
        long; nothing to do where `scrub` takes them out at once. Raises `StoreUnavailable`: they stay until next time.
        """

    def close(self) -> None:
        """Releases everything. Closing twice is fine."""

    @property
    def technology(self) -> str:
        """For `/readyz` and `samverkan doctor`, e.g. `SQLite 3.40.1, WAL, synchronous=FULL`."""
