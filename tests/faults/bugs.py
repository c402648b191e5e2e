"""Faults that somebody could have written, each of which must turn a row of the matrix red: tests of the tests.

`FAULTS_BUG` names one; `make faults-selftest` goes through them. Nothing here is in the program.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

VARIABLE = "FAULTS_BUG"


def ack_before_commit() -> None:
    """Senders get their receipts while the disk still works on it."""
    from hub import commit_group

    async def attempt(self: Any, batch: Any) -> None:
        group: list[Any] = []
        ledger, answers = await self._store.ask(lambda: self._carry_out(group, batch))
        for waiting, answer in zip(batch, answers, strict=True):
            commit_group._settle(waiting, answer)
        await asyncio.sleep(0.05)
        await self._store.commit(group[0])
        for listener in self._listeners:
            listener(commit_group.GroupCommitted(ledger, len(batch), 0.0))

    commit_group.CommitGroup._attempt = attempt  # type: ignore[method-assign]


def no_inbox_key() -> None:
    """The same event again is another message."""
    from hub.intake import accepting

    handle = accepting.MessageAcceptance.handle

    def forgetful(self: Any, ledger: Any, command: Any) -> Any:
        received = command.received
        envelope = replace(received.envelope, source=received.envelope.source)
        message = replace(received.message, message_id=str(uuid.uuid4()))
        return handle(self, ledger, replace(command, received=replace(received, envelope=envelope, message=message)))

    accepting.MessageAcceptance.handle = forgetful  # type: ignore[method-assign]


def audit_outside_the_transaction() -> None:
    """The log is written with the next group."""
    from hub.store import reading, writing

    late: list[Any] = []
    write, size = writing.SqlGroup._write, reading.SqlReader.audit_size

    def write_late(self: Any, changes: Any) -> None:
        mine, changes.audit = changes.audit, list(late)
        late[:] = mine
        write(self, changes)

    writing.SqlGroup._write = write_late  # type: ignore[method-assign]
    reading.SqlReader.audit_size = lambda self: size(self) + len(late)  # type: ignore[method-assign]


def only_exceptions_are_caught() -> None:
    """The relay's task ends when the library lets a `CancelledError` out."""
    from hub.delivery import leasing
    from hub.transport import port, rabbit

    publish = rabbit.RabbitTransport.publish

    async def lets_it_out(self: Any, claims: Any) -> Any:
        try:
            return await publish(self, claims)
        except port.TransportUnavailable:
            raise asyncio.CancelledError from None

    async def run(self: Any) -> None:
        while not self._closing:
            try:
                await self._carry_on()
            except Exception:  # noqa: BLE001 - that is the bug
                await self._pause(1.0)

    rabbit.RabbitTransport.publish = lets_it_out  # type: ignore[method-assign]
    leasing.LeasingRelay._run = run  # type: ignore[method-assign]


def no_delivery_limit() -> None:
    """A message that nobody can handle goes round for ever."""
    from hub.transport import topology

    arguments = topology.inbox_arguments
    topology.inbox_arguments = lambda: {  # type: ignore[assignment]
        name: value for name, value in arguments().items() if name != "x-delivery-limit"
    }


def outbox_ends_with_the_confirm() -> None:
    """What the broker has confirmed is forgotten, not kept until the recipient's receipt."""
    from hub.delivery import leasing

    async def never(self: Any) -> None:
        return None

    leasing.LeasingRelay._refill = never  # type: ignore[method-assign]


def seals_are_not_checked() -> None:
    """What was altered is decrypted all the same, without a look at its tag."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    from hub import vault

    def trusting(self: Any, sealed: bytes, *, aad: bytes) -> bytes:
        nonce, content = sealed[: vault.NONCE_BYTES], sealed[vault.NONCE_BYTES : -vault.TAG_BYTES]
        counter = nonce + (2).to_bytes(4, "big")  # as GCM begins (NIST SP 800-38D 7.1)
        return Cipher(algorithms.AES(self._data_key), modes.CTR(counter)).decryptor().update(content)

    vault.SealingKey.open = trusting  # type: ignore[method-assign]


def synchronous_normal() -> None:
    """A commit comes back before the disk has it (SQLite's WAL without a sync at each commit)."""
    from hub.store import sqlite

    sqlite._WRITER_PRAGMAS = {**sqlite._WRITER_PRAGMAS, "synchronous": 1}  # type: ignore[misc]


def checkpoint_before_the_sync() -> None:
    """What is signed leaves the process before the tree below it is on the disk."""
    from hub.audit import integrating

    keep = integrating.Integrator._keep

    async def hasty(self: Any, begin: int, frontier: Any, nodes: Any, at: Any) -> bool:
        text = integrating.Checkpoint(self._signer.verifier.name, frontier.size, frontier.root()).text
        self._anchor.write(integrating.notes.join(text, [self._signer.sign(text)]))
        return await keep(self, begin, frontier, nodes, at)

    integrating.Integrator._keep = hasty  # type: ignore[method-assign]


def consent_cached() -> None:
    """A consent that has been read once counts as it was then, in every process for itself."""
    from hub import registry_of_consents

    def stale(self: Any, stored: Any) -> Any:
        known = self._opened.get(stored.consent_id)
        return known[1] if known is not None else None

    registry_of_consents.ConsentBook.recall = stale  # type: ignore[method-assign]


def one_message_id() -> None:
    """Every publish has the same AMQP `message_id`, by which the library matches what is returned."""
    from hub.transport import rabbit

    rabbit.uuid = SimpleNamespace(uuid4=lambda: uuid.UUID(int=0))  # type: ignore[assignment]


def returns_are_not_raised() -> None:
    """What the broker could put into no queue counts as published."""
    from hub.transport import rabbit

    open_desk = rabbit.RabbitTransport._open_desk

    async def deaf(self: Any, connection: Any) -> Any:
        channel = connection.channel
        connection.channel = lambda **options: channel(**options | {"on_return_raises": False})
        return await open_desk(self, connection)

    rabbit.RabbitTransport._open_desk = deaf  # type: ignore[method-assign]
    rabbit.spec = SimpleNamespace(Basic=SimpleNamespace(Ack=object))  # type: ignore[assignment]


BUGS: dict[str, Callable[[], None]] = {
    bug.__name__: bug
    for bug in (
        ack_before_commit,
        no_inbox_key,
        audit_outside_the_transaction,
        only_exceptions_are_caught,
        no_delivery_limit,
        outbox_ends_with_the_confirm,
        seals_are_not_checked,
        synchronous_normal,
        checkpoint_before_the_sync,
        consent_cached,
        one_message_id,
        returns_are_not_raised,
    )
}


def seed() -> None:
    """Puts the bug in place that the environment names."""
    if name := os.environ.get(VARIABLE):
        BUGS[name]()
