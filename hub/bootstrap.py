"""The only place that builds concrete parts. Each can be replaced by a keyword, for tests and other engines."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib import metadata
from pathlib import Path

import structlog

from hub import bootstrap_log, directory_changes, frequency, reloading
from hub.attachments import uploading
from hub.attachments.scanning import Scanner
from hub.attachments.shelf import Shelf
from hub.audit.noting import Notebook
from hub.audit.timekeeping import TimeWatch
from hub.bootstrap_deciding import build_deciding
from hub.clock import Clock, SystemClock
from hub.commit_group import CommitGroup
from hub.control import sampling
from hub.control.depths import DepthWatch
from hub.deadlines import Sweep
from hub.deciding import Deciding
from hub.delivery import dead_letters
from hub.delivery.following import InboxFollowing
from hub.delivery.leasing import LeasingRelay
from hub.delivery.relay import Relay
from hub.directory_changes import KeepDirectory
from hub.identity.attempts import Attempts
from hub.identity.oidc import OpenIdSignIn, Provider
from hub.identity.port import Authenticator
from hub.identity.tokens import SigningKey, TokenAuthenticator, TokenIssuer
from hub.intake.receiving import Receiver
from hub.ledger import Ledger
from hub.limits import Limits
from hub.master_key import KeyCommand, KeyFile, MasterKey
from hub.push.addresses import Destinations
from hub.push.calling import Caller, WebhookCaller
from hub.push.endpoints import Endpoints
from hub.push.pusher import Pusher
from hub.retention import forgetting
from hub.retention.running import Gallring
from hub.retention.scrubbing import Scrubbing
from hub.retention.tombstones import FILE, TombstoneFile
from hub.rotation import Rotation
from hub.rounds import Rounds
from hub.service import Hub
from hub.settings import Settings, SettingWrong
from hub.store.port import Reader, Store
from hub.store.records import Changes, CheckpointKind
from hub.store.sqlite import SqliteStore, open_readonly
from hub.telemetry.metrics import Metrics
from hub.transport.in_process import InProcessTransport
from hub.transport.port import Transport
from hub.vault import INDEX_LANE, Vault, VaultLocked
from routing import directory as directories
from routing import rulebook as rulebooks
from routing.directory import Directory
from routing.rulebook import Rulebook
from schemas.registry import Registry

log = structlog.get_logger()

FIRST_LANE = "hub:first"
DATABASE = "hub.sqlite3"
MASTER_KEY = "master.key"
SIGNING_KEY = "signing.key"


def build_hub(
    settings: Settings,
    *,
    clock: Clock | None = None,
    store: Store | None = None,
    transport: Transport | None = None,
    authenticator: Authenticator | None = None,
    registry: Registry | None = None,
    directory: Directory | None = None,
    rulebook: Rulebook | None = None,
    caller: Caller | None = None,
) -> Hub:
    """A hub ready to be opened. Raises `VaultLocked`, `StoreUnavailable`, `RulesBroken`, `KeyLocked`."""
    registry = registry or Registry.load()
    on_disk = directory or directories.load(settings.directory_dir)
    rulebook = rulebook or rulebooks.load(settings.rules_dir)
    ground = _lay_ground(settings, clock or SystemClock(), store, transport)
    clock, store, transport, vault = ground.clock, ground.store, ground.transport, ground.vault
    first: KeepDirectory | None = None
    if directory is None:
        directory, first = directory_changes.choose(settings.directory_dir, store.reader(), on_disk)
    decide_by = partial(_decide_by, ground, registry)
    deciding = decide_by(rulebook, directory)
    times = TimeWatch(store.reader())

    def ledger_at(group: Reader, at: datetime) -> Ledger:
        return Ledger(group, vault, hub.book, at)

    def new_ledger(group: Reader) -> Ledger:
        return times.look(ledger_at(group, clock.now()))

    tombstones = TombstoneFile(settings.data_dir / FILE)
    group = CommitGroup(
        store, deciding.handlers, new_ledger, largest=settings.group_size, queue_limit=settings.queue_limit
    )
    for follow in (times.keep, tombstones.follow, Scrubbing(store).follow):
        group.on_commit(follow)
    measure_commits(group, ground.metrics)
    gallring = Gallring(
        store,
        group,
        clock,
        lambda at: ledger_at(store.reader(), at),
        rulebook,
        every=timedelta(hours=settings.retention_hours),
        wakes_after=settings.deadline_sweep_seconds,
    )
    destinations = Destinations(settings.webhook_networks)
    process = uuid.uuid4().hex[:8]
    hub = Hub(
        settings=settings,
        clock=clock,
        registry=registry,
        deciding=deciding,
        build_deciding=decide_by,
        vault=vault,
        store=store,
        transport=transport,
        authenticator=authenticator or build_authenticator(settings),
        issuer=build_issuer(settings, create=True),
        metrics=ground.metrics,
        oidc=OpenIdSignIn(Provider.of(settings)) if settings.oidc_issuer else None,
        group=group,
        relay=build_relay(store, transport, group, clock),
        integrator=bootstrap_log.build_integrator(settings, store, group, clock),
        document_key=bootstrap_log.open_document_key(settings),
        following=InboxFollowing(store, transport, clock),
        pusher=Pusher(store, group, caller or WebhookCaller(destinations), clock, ground.metrics),
        endpoints=Endpoints(store, group, destinations),
        gallring=gallring,
        rotation=Rotation(store, group, vault, ground.master_key),
        tombstones=tombstones,
        notebook=Notebook(settings.data_dir),
        sweep=Sweep(store, group, clock, rulebook, settings.deadline_sweep_seconds),
        limits=Limits(requests=settings.unit_requests_per_hour, person_lookups=settings.person_lookups_per_hour),
        attempts=Attempts(),
        shelf=Shelf(store, group, clock, build_scanner(settings), lambda: new_ledger(store.reader())),
        sampling=Rounds(lambda: sampling.sample(hub, process), sampling.EVERY.total_seconds(), "sampling"),
        depths=DepthWatch(transport, clock),
        first_directory=first,
    )
    for step in (hub.shelf.sweep, partial(reloading.follow_directory, hub), partial(hub.notebook.enter, group)):
        hub.sweep.also(step)
    forgetting.watch(hub)
    return hub


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the parts of a hub stand on."""

    settings: Settings
    clock: Clock
    master_key: MasterKey
    vault: Vault
    store: Store
    transport: Transport
    metrics: Metrics


def _lay_ground(settings: Settings, clock: Clock, store: Store | None, transport: Transport | None) -> _Ground:
    """The keys, and a store that they belong to; both are made at the first start."""
    prepare_data_dir(settings.data_dir)
    master_key = find_master_key(settings, create=not has_data(settings))
    vault = Vault.of(master_key)
    store = store or open_store(settings, clock)
    refuse_foreign_key(store, vault, settings)
    vault.adopt_index(store.reader().find_data_keys([INDEX_LANE]).get(INDEX_LANE))
    metrics = Metrics(metadata.version("samverkan"))
    return _Ground(settings, clock, master_key, vault, store, transport or open_transport(settings), metrics)


def _decide_by(ground: _Ground, registry: Registry, rulebook: Rulebook, directory: Directory) -> Deciding:
    """What decides by these rules and units; made again when either changes."""
    settings = ground.settings
    receiver = Receiver(registry, directory, rulebook, ground.vault, allow_test_numbers=settings.allow_test_numbers)
    keeping = uploading.UploadKeeping(
        quota=settings.attachment_quota_mb * 2**20, lasts=timedelta(hours=settings.attachment_hours)
    )
    return build_deciding(receiver, directory, rulebook, keeping, notifies_at_once=ground.transport.is_immediate)


def measure_commits(group: CommitGroup, metrics: Metrics) -> None:
    """What each commit tells those who watch the hub."""
    group.on_commit(lambda committed: metrics.commit_group_size.observe(committed.size))
    group.on_commit(lambda committed: metrics.commit_seconds.observe(committed.seconds))
    group.on_commit(lambda committed: frequency.raise_alarms(committed.ledger.changes.audit, metrics))
    group.on_commit(lambda committed: dead_letters.raise_alarm(committed.ledger.changes.buried, metrics))


def build_relay(store: Store, transport: Transport, group: CommitGroup, clock: Clock) -> Relay | LeasingRelay:
    """From the outbox to the transport, as the transport needs it."""
    if transport.is_immediate:
        return Relay(store, transport, group)
    return LeasingRelay(store, transport, group, clock)


def build_scanner(settings: Settings) -> Scanner:
    """What examines files, as the settings say."""
    return Scanner(settings.attachment_scan_command, settings.attachment_scan_seconds)


def build_authenticator(settings: Settings) -> Authenticator:
    """Tokens of this hub's own key, which is made at the first start; several processes share the one of `migrate`."""
    key = open_signing_key(settings, create=not is_distributed(settings))
    return TokenAuthenticator(key, issuer=settings.issuer, audience=settings.audience)


def refuse_foreign_key(store: Store, vault: Vault, settings: Settings) -> None:
    """Another database's key would open nothing here, and what it sealed from now on nobody else's could open."""
    if store.reader().find_kek_id() not in (None, *vault.kek_ids):
        store.close()
        raise VaultLocked(
            f"The key file {settings.data_dir / MASTER_KEY} belongs to another database; restore the one made with it."
        )


def find_master_key(settings: Settings, *, create: bool) -> MasterKey:
    """Where the master key comes from, as the settings say."""
    if settings.master_key_command is not None:
        return KeyCommand(settings.master_key_command)
    return KeyFile(settings.data_dir / MASTER_KEY, create=create)


def prepare_data_dir(path: Path) -> None:
    """Makes the data directory, readable by its owner only."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def database_path(settings: Settings) -> Path:
    return settings.data_dir / DATABASE


def open_signing_key(settings: Settings, *, create: bool) -> SigningKey:
    """The key that signs this hub's tokens. Raises `KeyLocked` when there is none and none may be made."""
    return SigningKey.open(settings.data_dir / SIGNING_KEY, create=create)


def build_issuer(settings: Settings, *, create: bool = False) -> TokenIssuer:
    """For the token endpoint, and for `samverkan token`: whoever reads the data directory may issue tokens."""
    key = open_signing_key(settings, create=create)
    return TokenIssuer(
        key,
        issuer=settings.issuer,
        audience=settings.audience,
        ttl_max=settings.token_ttl_max,
        receipt_key=SigningKey.open(settings.data_dir / SIGNING_KEY, create=False, purpose="receipt-signing"),
    )


def is_distributed(settings: Settings) -> bool:
    """Whether several processes work over one database."""
    return settings.database_url is not None


def has_data(settings: Settings) -> bool:
    """Whether there may be something that only the right key opens. A shared database is one that `migrate` has met,
    and made the keys for."""
    return is_distributed(settings) or database_path(settings).exists()


def open_store(settings: Settings, clock: Clock) -> Store:
    """The store of the engine that the settings choose. Raises `StoreUnavailable`."""
    if settings.database_url is None:
        return SqliteStore.open(database_path(settings), clock=clock)
    from hub.store import postgres

    return postgres.PostgresStore.open(settings.database_url, clock=clock)


def open_transport(settings: Settings) -> Transport:
    """The transport of the engine that the settings choose. It connects when it is first used."""
    if settings.broker_url is None:
        return InProcessTransport()
    from hub.transport import rabbit

    return rabbit.RabbitTransport(settings.broker_url, settings.amqp_units)


def open_reader(settings: Settings) -> Reader:
    """For looking things up beside a running hub. Raises `StoreUnavailable` when there is no database."""
    if settings.database_url is None:
        return open_readonly(database_path(settings))
    from hub.store import postgres

    return postgres.open_readonly(settings.database_url)


async def prepare(settings: Settings) -> str:
    """Makes or renews the tables, and at the first time the keys; what the store is, for people.

    Raises `StoreUnavailable`, `VaultLocked`, `KeyLocked`."""
    if settings.database_url is None:
        # The way of every start, ended before it listens: a database is never made without its keys.
        hub = build_hub(settings)
        await hub.close()
        await prepare_broker(settings)
        return hub.store.technology
    from hub.store import postgres

    prepare_data_dir(settings.data_dir)
    technology = postgres.upgrade(settings.database_url)
    await _make_keys(settings)
    await prepare_broker(settings)
    return technology


async def prepare_broker(settings: Settings) -> None:
    """Declares exchanges and queues. Raises `TransportUnavailable`, `SettingWrong` for units that are none."""
    if settings.broker_url is None:
        return
    from hub.transport import topology

    known = {unit.unit_id for unit in directories.load(settings.directory_dir).list_units()}
    if not settings.amqp_units <= known:
        raise SettingWrong("amqp_units names a unit that the directory does not have.")
    await topology.declare(settings.broker_url, settings.amqp_units)


async def _make_keys(settings: Settings) -> None:
    """The keys that all processes share. A key that the master key wraps holds the database to it from the start."""
    store = open_store(settings, SystemClock())
    try:
        group = store.begin()
        is_new = group.find_kek_id() is None
        vault = Vault.of(find_master_key(settings, create=is_new))
        if group.find_kek_id() not in (None, *vault.kek_ids):
            raise VaultLocked("The master key belongs to another database; give the one made with it.")
        open_signing_key(settings, create=is_new)
        bootstrap_log.open_log_signer(settings, create=group.find_checkpoint(CheckpointKind.SIGNED) is None)
        if is_new:
            group.write(Changes(data_keys=[vault.new_data_key(FIRST_LANE)[0]]))
        await store.commit(group)
    finally:
        store.close()
