"""The hub as its faces see it: what can be asked of it, whoever asks by whatever way. Built by `hub.bootstrap`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

import structlog

from hub import slots
from hub.attachments.shelf import Shelf
from hub.audit.entry import AuditAction
from hub.audit.integrating import Integrator
from hub.audit.noting import Notebook
from hub.audit.recording import RecordEvent
from hub.clock import Clock
from hub.commit_group import CommitGroup, Overloaded
from hub.control.depths import DepthWatch
from hub.deadlines import Sweep
from hub.deciding import Deciding
from hub.delivery.answering import (
    AcknowledgeDelivery,
    AlreadyAnswered,
    Noted,
    Outcome,
    ReportHandled,
)
from hub.delivery.dead_letters import BuryDelivery, Done, DropDeadLetter, DropReason, NotDead, RetryDeadLetter
from hub.delivery.following import InboxFollowing
from hub.delivery.leasing import LeasingRelay
from hub.delivery.reading import Gone, NotYours, Opened, ReadDelivery
from hub.delivery.relay import Relay
from hub.directory_changes import KeepDirectory
from hub.extract.signing import DocumentKey
from hub.identity.attempts import Attempts
from hub.identity.message_signatures import Evidence
from hub.identity.oidc import OpenIdSignIn
from hub.identity.port import Authenticator
from hub.identity.tokens import TokenIssuer
from hub.intake.accepting import Accepted, AcceptMessage
from hub.intake.receiving import FOREIGN_SOURCE, NotAccepted, Received
from hub.intake.refusing import RecordRefusal
from hub.ledger import Ledger
from hub.limits import LimitReached, Limits
from hub.push.endpoints import Endpoints
from hub.push.pusher import Pusher
from hub.registry_of_consents import ConsentBook
from hub.retention.running import Gallring
from hub.retention.tombstones import TombstoneFile, apply_again
from hub.rotation import Rotation
from hub.rounds import Rounds
from hub.rule_archive import TakeRulebook
from hub.settings import Settings
from hub.store.dead_letters import DeadLetterQuery, DeadLetterView, DeathReason
from hub.store.port import Reader, Store, StoreUnavailable
from hub.store.records import ClaimCheck, DeliveryState
from hub.telemetry import gauges
from hub.telemetry.metrics import Metrics
from hub.transport.port import Subscription, Transport, TransportUnavailable
from hub.vault import Vault
from routing import checks
from routing import rulebook as rulebooks
from routing.directory import Directory
from routing.refusals import RefusalCode
from routing.rule_files import RulesBroken
from routing.rulebook import Rulebook
from schemas.envelope import Envelope
from schemas.registry import Registry

log = structlog.get_logger()

# Refusals whose time could tell whether a person or a case is known. That the flag of protection found something to
# forget is told by no word either.
ALIKE = frozenset({RefusalCode.COULD_NOT_BE_DELIVERED, RefusalCode.PROTECTED_IDENTITY, RefusalCode.CONSENT_MISSING})


@dataclass(slots=True)
class Hub:
    """All parts of a running hub. `open` starts what runs by itself, `close` ends it in order."""

    settings: Settings
    clock: Clock
    registry: Registry
    deciding: Deciding
    build_deciding: Callable[[Rulebook, Directory], Deciding]
    vault: Vault
    store: Store
    transport: Transport
    authenticator: Authenticator
    issuer: TokenIssuer
    metrics: Metrics
    oidc: OpenIdSignIn | None
    group: CommitGroup
    relay: Relay | LeasingRelay
    integrator: Integrator
    document_key: DocumentKey
    following: InboxFollowing
    pusher: Pusher
    endpoints: Endpoints
    sweep: Sweep
    sampling: Rounds
    depths: DepthWatch
    limits: Limits
    attempts: Attempts
    shelf: Shelf
    gallring: Gallring
    rotation: Rotation
    tombstones: TombstoneFile
    notebook: Notebook
    first_directory: KeepDirectory | None = None
    """Set where no directory has been agreed on in this store: the one that was found."""

    @property
    def rulebook(self) -> Rulebook:
        """The rules as they are now; a reload replaces them."""
        return self.deciding.rulebook

    @property
    def directory(self) -> Directory:
        """The units as they are now; two administrators replace them."""
        return self.deciding.directory

    @property
    def book(self) -> ConsentBook:
        return self.deciding.book

    def use_directory(self, directory: Directory) -> None:
        """From the next group on, these units count. That two people have agreed on them is the caller's matter."""
        self._use(self.build_deciding(self.rulebook, directory))

    def _use(self, deciding: Deciding) -> None:
        self.deciding = deciding
        self.group.replace_handlers(deciding.handlers)
        self.sweep.use(deciding.rulebook)
        self.gallring.use(deciding.rulebook)

    async def reload_rules(self) -> str:
        """Reads the rule files again and decides by them from now on; the digest. Units are not read again.

        The change is in the log, with both digests, before it counts. Raises `RulesBroken` with every fault, and
        `StoreUnavailable`: the old rules stay."""
        fresh = rulebooks.load(self.settings.rules_dir)
        faults = checks.check_rulebook(fresh, self.registry)
        if faults:
            raise RulesBroken(faults)
        if fresh.digest != self.rulebook.digest:
            await self.group.submit(TakeRulebook(fresh.digest, fresh.sources, before=self.rulebook.digest))
            self._use(self.build_deciding(fresh, self.directory))
        return fresh.digest

    async def open(self, *, serves: bool = True) -> None:
        """`serves`: this process answers units. What runs by itself runs here too, unless there are workers for it.

        Raises `LogBroken` where the log is not what was signed: then nothing is accepted."""
        self.integrator.check()
        self.group.start()
        # Before anybody is answered: a restored backup may know what has been erased since.
        await apply_again(self.store, self.vault, self.group, self.tombstones)
        await self.rotation.go_on()
        if self.first_directory is not None:
            await self.group.submit(self.first_directory)
        rules = {"rulebook": self.rulebook.digest, "directory": self.directory.digest}
        await asyncio.gather(
            self.group.submit(RecordEvent(AuditAction.HUB_STARTED, rules)),
            self.group.submit(TakeRulebook(self.rulebook.digest, self.rulebook.sources)),
        )
        await self.integrator.tell_of_resuming()
        await self.notebook.enter(self.group, after_a_crash=True)
        self.integrator.start()
        if not serves or not self.settings.has_workers:
            self.relay.start()
            self.sweep.start()
            self.gallring.start()
            self.pusher.start()
        self.sampling.start()

    async def close(self) -> None:
        """Takes nothing new, finishes what is under way, closes the store. Twice is fine."""
        await self.sampling.stop()
        await self.pusher.stop()
        await self.gallring.stop()
        await self.sweep.stop()
        await self.relay.stop()
        await self._record_stop()
        await self.integrator.close()
        await self.group.stop()
        await self.transport.close()
        self.store.close()

    async def _record_stop(self) -> None:
        try:
            await self.group.submit(RecordEvent(AuditAction.HUB_STOPPED))
        except (StoreUnavailable, Overloaded):
            return  # closed before, never opened, or no room: the next start then shows two starts in a row

    # -- limits -------------------------------------------------------------------------------------------------

    async def count_requests(self, unit_id: str, amount: int = 1) -> None:
        """Raises `LimitReached` when the unit has asked more than it may, and the log knows of it."""
        try:
            self.limits.count_requests(unit_id, self.clock.now(), amount)
        except LimitReached as reached:
            await self._alarm(reached)
            raise

    async def _count_lookup(self, received: Received, caller: str) -> None:
        """As `count_requests`, for asking whether the hub knows a person."""
        if received.message.person_key is None:
            return
        try:
            self.limits.count_lookup(caller, received.message.person_key, self.clock.now())
        except LimitReached as reached:
            await self._alarm(reached)
            raise

    async def count_trial(self, address: str) -> None:
        """As `count_requests`, for somebody at `address` who has shown nothing yet."""
        try:
            self.limits.count_trial(address, self.clock.now())
        except LimitReached as reached:
            await self._alarm(reached)
            raise

    async def _alarm(self, reached: LimitReached) -> None:
        """Told once an hour: who asks on and on must not be able to fill the log."""
        self.metrics.limits_reached.labels(limit=reached.limit.value).inc()
        if reached.is_news:
            log.warning("limit_reached", limit=reached.limit.value, unit=reached.unit_id)
            event = RecordEvent(AuditAction.LIMIT_REACHED, actor=reached.unit_id, code=reached.limit.value)
            await self.group.submit(event)

    # -- messages -----------------------------------------------------------------------------------------------

    async def accept(self, envelope: Envelope, caller: str, signed: Evidence | None = None) -> Accepted | NotAccepted:
        """Takes the message durably, or says why not; either way the log knows before the caller does.

        Raises `StoreUnavailable`, `Overloaded` or `LimitReached`: nothing was accepted.
        """
        slot = slots.Slot()
        answer = await self._accept(envelope, caller, signed)
        if self._looks_alike(envelope, answer):
            await slot.rest()
        return answer

    def _looks_alike(self, envelope: Envelope, answer: Accepted | NotAccepted) -> bool:
        """Whether the sender must not learn from the time of its answer what its words do not tell."""
        if isinstance(answer, NotAccepted):
            return answer.refusal.code in ALIKE
        rule = self.rulebook.find_type(envelope.catalogue_type)
        return rule is not None and (rule.uniform or rule.registers is not None)

    async def _accept(self, envelope: Envelope, caller: str, signed: Evidence | None) -> Accepted | NotAccepted:
        if self.integrator.fault is not None:  # what happens could not be shown to have happened
            raise StoreUnavailable(self.integrator.fault)
        received = self.deciding.receiver.receive(envelope, caller, self.clock.now())
        if isinstance(received, NotAccepted):
            await self.group.submit(self._refusal_of(envelope, caller, received))
            self._count_refusal(received, caller)
            return received
        if received.message.subject is None:  # else the sender names a case that it must be a party to
            await self._count_lookup(received, caller)
        answer: Accepted | NotAccepted = await self.group.submit(AcceptMessage(received, signed))
        if isinstance(answer, NotAccepted):
            self._count_refusal(answer, caller)
        elif answer.duplicate:
            self.metrics.duplicate_messages.inc()
        else:
            self.metrics.count_accepted(received.message.type)
        return answer

    def _refusal_of(self, envelope: Envelope, caller: str, refused: NotAccepted) -> RecordRefusal:
        """For the log: a type that nobody has registered is the sender's free text and stays out of it."""
        known = {message_type.name for message_type in self.registry.list_types()}
        name = envelope.catalogue_type if envelope.catalogue_type in known else None
        is_protected = refused.refusal.code is RefusalCode.PROTECTED_IDENTITY
        key = None if is_protected else self.deciding.receiver.find_person_key(envelope, self.clock.now())
        return RecordRefusal(caller, envelope.id, name, refused, person_key=key)

    def _count_refusal(self, refused: NotAccepted, caller: str) -> None:
        self.metrics.messages_refused.labels(code=refused.refusal.code.value).inc()
        if refused.refusal.rule == FOREIGN_SOURCE:
            self.metrics.alarms.labels(alarm="foreign_source").inc()
            log.warning("foreign_source", unit=caller)

    async def explain(self, envelope: Envelope, caller: str) -> Accepted | NotAccepted:
        """What `accept` would answer now, and no sooner where that could tell something; nothing is stored.

        Raises `LimitReached`."""
        slot = slots.Slot()
        answer = await self._explain(envelope, caller)
        if self._looks_alike(envelope, answer):
            await slot.rest()
        return answer

    async def _explain(self, envelope: Envelope, caller: str) -> Accepted | NotAccepted:
        at = self.clock.now()
        received = self.deciding.receiver.receive(envelope, caller, at)
        if isinstance(received, NotAccepted):
            return received
        await self._count_lookup(received, caller)
        return await self.store.ask(lambda: self.deciding.acceptance.explain(self.look(at), received))

    def look(self, at: datetime | None = None) -> Ledger:
        """A ledger over what is committed, for looking only."""
        return Ledger(self.reader, self.vault, self.book, at or self.clock.now())

    @property
    def reader(self) -> Reader:
        return self.store.reader()

    # -- inbox --------------------------------------------------------------------------------------------------

    async def list_inbox(
        self,
        unit_id: str,
        *,
        limit: int,
        after: int = 0,
        states: Collection[DeliveryState] | None = None,
        wait: float = 0.0,
    ) -> list[ClaimCheck]:
        """The unit's claim checks, oldest first; an empty inbox is watched for up to `wait` seconds."""
        found = await self._list_now(unit_id, limit, after, states)
        if found or wait <= 0:
            return found
        async with self.transport.subscribe(unit_id) as subscription:
            deadline = asyncio.get_running_loop().time() + wait
            while not (found := await self._list_now(unit_id, limit, after, states)):
                left = deadline - asyncio.get_running_loop().time()
                if left <= 0 or not await _is_rung(subscription, left):
                    return await self._list_now(unit_id, limit, after, states)
        return found

    async def _list_now(
        self, unit_id: str, limit: int, after: int, states: Collection[DeliveryState] | None
    ) -> list[ClaimCheck]:
        at = self.clock.now()
        return await self.store.ask(
            lambda: self.reader.list_inbox(unit_id, limit=limit, after=after, states=states, at=at)
        )

    def catch_up(self, unit_id: str, case_id: str, *, after: int, limit: int) -> list[ClaimCheck]:
        """All that the unit was sent of a case behind a sequence number, done or not: what it may have missed."""
        return self.reader.list_received(unit_id, case_id, after=after, limit=limit)

    async def read(self, delivery_id: str, caller: str) -> Opened | Gone | NotYours:
        answer: Opened | Gone | NotYours = await self.group.submit(ReadDelivery(caller, delivery_id))
        return answer

    async def acknowledge(self, delivery_id: str, caller: str) -> Noted | NotYours:
        answer: Noted | NotYours = await self.group.submit(AcknowledgeDelivery(caller, delivery_id))
        return answer

    async def report_handled(
        self, delivery_id: str, caller: str, outcome: Outcome, note: str | None
    ) -> Noted | NotYours | AlreadyAnswered:
        command = ReportHandled(caller, delivery_id, outcome, note)
        answer: Noted | NotYours | AlreadyAnswered = await self.group.submit(command)
        return answer

    # -- dead letters -------------------------------------------------------------------------------------------

    async def bury(self, delivery_id: str, reason: DeathReason, attempts: int) -> None:
        """The hub gives a copy up: its state is `dead`, its sender is told, and somebody has to look at it."""
        await self.group.submit(BuryDelivery(delivery_id, reason, attempts))

    def list_dead_letters(self, query: DeadLetterQuery) -> list[DeadLetterView]:
        return self.reader.list_dead_letters(query)

    async def retry_dead_letter(self, delivery_id: str, actor: str) -> Done | NotDead:
        answer: Done | NotDead = await self.group.submit(RetryDeadLetter(delivery_id, actor))
        return answer

    async def retry_dead_letters(self, query: DeadLetterQuery, actor: str) -> list[DeadLetterView]:
        """Those that `query` finds, its limit at most; each is on its way again, or was taken in the meantime."""
        found = await self.store.ask(lambda: self.list_dead_letters(query))
        commands = [RetryDeadLetter(each.letter.delivery_id, actor) for each in found]
        answers = await asyncio.gather(*map(self.group.submit, commands))
        return [each for each, answer in zip(found, answers, strict=True) if isinstance(answer, Done)]

    async def drop_dead_letter(self, delivery_id: str, actor: str, reason: DropReason) -> Done | NotDead:
        answer: Done | NotDead = await self.group.submit(DropDeadLetter(delivery_id, actor, reason))
        return answer

    # -- numbers ------------------------------------------------------------------------------------------------

    def refresh_metrics(self) -> None:
        """Brings the gauges up to date; asked for at each scrape."""
        gauges.refresh(self.metrics, self.reader, self.integrator, self.clock.now())


async def _is_rung(subscription: Subscription, seconds: float) -> bool:
    """False when nothing came, also because the hub is about to stop: whoever waits is answered at once."""
    try:
        return bool(await subscription.next(seconds))
    except TransportUnavailable:
        return False
