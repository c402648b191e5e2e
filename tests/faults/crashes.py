"""Steps at which a process can die; `FAULTS_CRASH_AT` names one, and the process then ends there as by kill -9."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

VARIABLE = "FAULTS_CRASH_AT"
AFTER_VARIABLE = "FAULTS_CRASH_AFTER"


def _end() -> None:
    os._exit(137)


class _Countdown:
    """So many times all goes well."""

    def __init__(self) -> None:
        self._left = int(os.environ.get(AFTER_VARIABLE, "0"))

    def __call__(self) -> None:
        self._left -= 1
        if self._left < 0:
            _end()


def before_the_commit(die: Callable[[], None]) -> None:
    from hub.store import one_group

    commit = one_group.Writer.commit_now

    def dying(self: Any) -> None:
        die()
        commit(self)

    one_group.Writer.commit_now = dying  # type: ignore[method-assign]


def after_the_commit(die: Callable[[], None]) -> None:
    """On disk, and nobody has been told."""
    from hub.store import one_group

    commit = one_group.Writer.commit_now

    def dying(self: Any) -> None:
        commit(self)
        die()

    one_group.Writer.commit_now = dying  # type: ignore[method-assign]


def after_publishing(die: Callable[[], None]) -> None:
    """The broker has it, and the outbox does not know."""
    from hub.transport import rabbit

    publish = rabbit.RabbitTransport.publish

    async def dying(self: Any, claims: Any) -> Any:
        left = await publish(self, claims)
        if claims:
            die()
        return left

    rabbit.RabbitTransport.publish = dying  # type: ignore[method-assign]


def after_leasing(die: Callable[[], None]) -> None:
    """It is this process's to publish, and stays so until the lease ends."""
    from hub.transport import rabbit

    publish = rabbit.RabbitTransport.publish

    async def dying(self: Any, claims: Any) -> Any:
        if claims:
            die()
        return await publish(self, claims)

    rabbit.RabbitTransport.publish = dying  # type: ignore[method-assign]


def before_an_acknowledgement(die: Callable[[], None]) -> None:
    from hub.delivery import answering

    handle = answering.DeliveryAnswering.handle

    def dying(self: Any, ledger: Any, command: Any) -> Any:
        die()
        return handle(self, ledger, command)

    answering.DeliveryAnswering.handle = dying  # type: ignore[method-assign]


def between_tile_and_checkpoint(die: Callable[[], None]) -> None:
    """The tree has grown and its checkpoint is signed; neither is kept."""
    from hub.audit import integrating

    handle = integrating.CheckpointKeeping.handle

    def dying(self: Any, ledger: Any, command: Any) -> Any:
        kept = handle(self, ledger, command)
        die()
        return kept

    integrating.CheckpointKeeping.handle = dying  # type: ignore[method-assign]


def between_checkpoint_and_anchor(die: Callable[[], None]) -> None:
    """The checkpoint is kept and served; the file beside the database has the one before."""
    from hub.audit import anchor

    write = anchor.Anchor.write

    def dying(self: Any, note: str) -> None:
        die()
        write(self, note)

    anchor.Anchor.write = dying  # type: ignore[method-assign]


STEPS: dict[str, Callable[[Callable[[], None]], None]] = {
    step.__name__: step
    for step in (
        before_the_commit,
        after_the_commit,
        after_publishing,
        after_leasing,
        before_an_acknowledgement,
        between_tile_and_checkpoint,
        between_checkpoint_and_anchor,
    )
}


def arm() -> None:
    if name := os.environ.get(VARIABLE):
        STEPS[name](_Countdown())
