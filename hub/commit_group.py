"""Group commit: what arrives while one transaction goes to disk travels together in the next.

No timer: an idle hub commits each command at once, a busy one commits many together. Within a group commands run one
after another on the event loop's thread, so each sees what the ones before it did; only the commit waits.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import structlog

from hub.ledger import Ledger
from hub.store.port import Contended, Group, Store, StoreUnavailable

log = structlog.get_logger()

# How often a group is carried out that others were in the way of.
ATTEMPTS = 5

Result = TypeVar("Result", covariant=True)


class Command(Protocol[Result]):
    """Something that one unit wants done durably. Its class chooses the handler."""


class Handler(Protocol):
    """How commands of one class are carried out inside a group."""

    def prepare(self, ledger: Ledger, commands: Sequence[Any]) -> None:
        """Reads for all of them at once what `handle` will need."""

    def handle(self, ledger: Ledger, command: Any) -> Any:
        """Decides, and adds to the ledger's changes. Raising undoes the group; the others are then tried again."""


class Overloaded(Exception):
    """More is waiting than the hub promises to hold. Nothing was accepted; try again later."""


class _Spoilt(Exception):
    """A command raised something unforeseen while its group was being carried out."""

    def __init__(self, fault: Exception) -> None:
        super().__init__()
        self.fault = fault


@dataclass(slots=True)
class _Waiting:
    command: Any
    done: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class GroupCommitted:
    """What listeners hear after a group is on disk."""

    ledger: Ledger
    size: int
    seconds: float


class CommitGroup:
    """Owns the store's writing side. `submit` returns when the command's effect is durable."""

    def __init__(
        self,
        store: Store,
        handlers: Mapping[type, Handler],
        new_ledger: Callable[[Any], Ledger],
        *,
        largest: int = 256,
        queue_limit: int = 4096,
    ) -> None:
        self._store = store
        self._handlers = handlers
        self._new_ledger = new_ledger
        self._largest = largest
        self._queue_limit = queue_limit
        self._queue: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[GroupCommitted], None]] = []

    def on_commit(self, listener: Callable[[GroupCommitted], None]) -> None:
        """Calls `listener` after each commit, on the event loop, before the senders get their answers."""
        self._listeners.append(listener)

    def replace_handlers(self, handlers: Mapping[type, Handler]) -> None:
        """From the next group on, these carry out the commands. Between two groups nothing is under way."""
        self._handlers = handlers

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="commit-group")

    async def stop(self) -> None:
        """Finishes what is queued, then ends. Later submissions are refused as `Overloaded`."""
        self._closing = True
        self._arrived.set()
        if self._task is not None:
            await self._task
            self._task = None

    async def submit(self, command: Any) -> Any:
        """The handler's answer, once durable. Raises `Overloaded`, `StoreUnavailable`, or what the handler raised."""
        if self._closing or self._task is None or len(self._queue) >= self._queue_limit:
            raise Overloaded
        waiting = _Waiting(command, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._arrived.set()
        return await waiting.done

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(self._largest, len(self._queue)))]
                await self._commit(batch)
            if self._closing:
                return

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._attempt(batch)
                return
            except Contended as contended:
                log.info("commit_group_contended", attempt=attempt)
                if attempt == ATTEMPTS:
                    self._fail(batch, contended)

    async def _attempt(self, batch: Sequence[_Waiting]) -> None:
        """Raises `Contended` with nothing settled; every other fault goes to the senders."""
        started = time.perf_counter()
        group: list[Group] = []
        try:
            ledger, answers = await self._store.ask(lambda: self._carry_out(group, batch))
            await self._store.commit(group[0])
        except Contended:
            self._roll_back(group)
            raise
        except _Spoilt as spoilt:
            self._roll_back(group)
            await self._one_by_one(batch, spoilt.fault)
            return
        except BaseException as fault:
            self._roll_back(group)
            self._fail(batch, fault if isinstance(fault, StoreUnavailable) else StoreUnavailable())
            if not isinstance(fault, StoreUnavailable):
                log.exception("commit_group_failed", size=len(batch))
            if not isinstance(fault, Exception):
                raise
            return
        committed = GroupCommitted(ledger, len(batch), time.perf_counter() - started)
        for listener in self._listeners:
            try:
                listener(committed)
            except Exception:
                # The group is on disk: its senders get their answers, and the next group its turn.
                log.exception("commit_listener_failed")
        for waiting, answer in zip(batch, answers, strict=True):
            _settle(waiting, answer)

    def _roll_back(self, group: Sequence[Group]) -> None:
        for begun in group:
            self._store.roll_back(begun)

    def _carry_out(self, begun: list[Group], batch: Sequence[_Waiting]) -> tuple[Ledger, list[Any]]:
        """Begins a group, which `begun` then holds whatever happens, and writes what its commands decide."""
        group = self._store.begin()
        begun.append(group)
        ledger = self._new_ledger(group)
        answers = self._decide(ledger, batch)
        group.write(ledger.changes)
        return ledger, answers

    def _decide(self, ledger: Ledger, batch: Sequence[_Waiting]) -> list[Any]:
        by_class: dict[type, list[Any]] = {}
        for waiting in batch:
            by_class.setdefault(type(waiting.command), []).append(waiting.command)
        try:
            for kind, commands in by_class.items():
                self._handlers[kind].prepare(ledger, commands)
            return [self._handlers[type(waiting.command)].handle(ledger, waiting.command) for waiting in batch]
        except StoreUnavailable:
            raise
        except Exception as fault:
            raise _Spoilt(fault) from fault

    async def _one_by_one(self, batch: Sequence[_Waiting], fault: Exception) -> None:
        """A command that raised may have left half of itself in the ledger: its group is undone and tried again in
        groups of one, so that the fault is its own caller's only."""
        if len(batch) == 1:
            _settle(batch[0], fault)
            return
        log.error("commit_group_spoilt", size=len(batch), exc_info=fault)
        for waiting in batch:
            await self._commit([waiting])

    def _fail(self, batch: Sequence[_Waiting], fault: Exception) -> None:
        for waiting in batch:
            _settle(waiting, fault)


def _settle(waiting: _Waiting, answer: Any) -> None:
    if waiting.done.done():
        return  # the caller went away; what it asked for is durable all the same
    if isinstance(answer, Exception):
        waiting.done.set_exception(answer)
    else:
        waiting.done.set_result(answer)
