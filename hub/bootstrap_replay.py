"""The part of `hub.bootstrap` that builds a look at past messages, beside a running hub or without one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from hub import bootstrap, directory_changes
from hub.intake.receiving import Receiver
from hub.ledger import Ledger
from hub.registry_of_consents import ConsentBook
from hub.replay.directories import Directories
from hub.replay.replaying import Replay
from hub.settings import Settings
from hub.vault import INDEX_LANE, Vault, VaultLocked
from routing import directory as directories
from routing.rulebook import Rulebook
from schemas.registry import Registry


@contextlib.contextmanager
def open_replay(settings: Settings, before: Rulebook, after: Rulebook) -> Iterator[Replay]:
    """For the length of a `with`. It opens sealed bodies, so it needs the master key; it writes nothing.

    Raises `StoreUnavailable`, `VaultLocked`, `RulesBroken`."""
    reader = bootstrap.open_reader(settings)
    with contextlib.ExitStack() as held:
        if isinstance(reader, contextlib.AbstractContextManager):
            held.enter_context(reader)
        vault = Vault.of(bootstrap.find_master_key(settings, create=False))
        if reader.find_kek_id() not in (None, *vault.kek_ids):
            raise VaultLocked("The master key belongs to another database; give the one made with it.")
        vault.adopt_index(reader.find_data_keys([INDEX_LANE]).get(INDEX_LANE))
        on_disk = directories.load(settings.directory_dir)
        directory, _ = directory_changes.choose(settings.directory_dir, reader, on_disk)
        receiver = Receiver(Registry.load(), directory, before, vault, allow_test_numbers=True)
        book = ConsentBook(directory)
        then = Directories(reader.list_directories(), directory)
        yield Replay(reader, lambda at: Ledger(reader, vault, book, at), receiver, then, before, after)
