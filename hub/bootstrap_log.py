"""The part of `hub.bootstrap` that builds what the tamper-evident log is made of, and its witnesses."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hub import key_file
from hub.audit import policy as policies
from hub.audit.anchor import Anchor
from hub.audit.cosigning import Witnesses
from hub.audit.integrating import Integrator
from hub.audit.notes import Kind, Signer
from hub.audit.policy import Policy
from hub.audit.witness import Witness
from hub.clock import Clock
from hub.commit_group import CommitGroup
from hub.extract.signing import DocumentKey
from hub.settings import Settings, SettingWrong
from hub.store.port import Store
from hub.store.records import CheckpointKind

LOG_KEY: Final = "log.key"
WITNESS_KEY: Final = "witness.key"


def build_integrator(settings: Settings, store: Store, group: CommitGroup, clock: Clock) -> Integrator:
    """The tree over the log. Its key is made at the first start, never for a log that was signed before."""
    is_new = settings.database_url is None and store.reader().find_checkpoint(CheckpointKind.SIGNED) is None
    signer = open_log_signer(settings, create=is_new)
    anchor = Anchor(settings.data_dir)
    witnesses = Witnesses(read_policy(settings.log_policy).witnesses if settings.log_policy else (), clock)
    seconds = settings.log_checkpoint_seconds
    return Integrator(store, group, clock, signer, anchor, seconds=seconds, witnesses=witnesses)


def read_policy(path: Path) -> Policy:
    """Whose signatures count. Raises `SettingWrong`."""
    try:
        return policies.parse(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingWrong(f"The policy {path} cannot be read: {type(fault).__name__}.") from None
    except policies.PolicyWrong as wrong:
        raise SettingWrong(f"The policy {path} is wrong: {wrong}.") from None


def open_witness(folder: Path, name: str, policy: Policy, clock: Clock) -> Witness:
    """A witness of the policy's logs with its key and its memory in a folder. Raises `KeyLocked`, `WitnessInUse`."""
    return Witness(folder, open_witness_signer(folder, name, create=True), policy.logs, clock)


def open_witness_signer(folder: Path, name: str, *, create: bool) -> Signer:
    """The key of a witness. Raises `KeyLocked`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = key_file.load_or_create(folder / WITNESS_KEY, create=create)
    return Signer(name, Kind.COSIGNATURE, key_file.derive(secret, "witness"))


def open_log_signer(settings: Settings, *, create: bool) -> Signer:
    """The key that signs the log's checkpoints, apart from the database. Raises `KeyLocked`."""
    secret = key_file.load_or_create(settings.data_dir / LOG_KEY, create=create)
    return Signer(settings.log_origin, Kind.ED25519, key_file.derive(secret, "log-checkpoints"))


def open_document_key(settings: Settings) -> DocumentKey:
    """The key that signs register extracts, from the log key's file. Raises `KeyLocked`."""
    return DocumentKey(key_file.derive(key_file.load_or_create(settings.data_dir / LOG_KEY, create=False), "documents"))
