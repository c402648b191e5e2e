"""Takes a reading of the hub each minute: queues as the store has them, and how long this process took to answer since
the last. Readings are kept in the store, so that they outlive the process and every process can show those of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from hub.control import health
from hub.ledger import Ledger
from hub.service import Hub
from hub.store.history import Sample
from hub.telemetry.history import quantile

EVERY: Final = timedelta(minutes=1)
_WAITING = ("pending", "notified")
# What waits by design says nothing of the hub's haste.
_WAITS = ("/v1/inbox", "/v1/inbox/stream", "/team/stream")


@dataclass(frozen=True, slots=True)
class KeepSample:
    """A reading to be kept; the old ones go."""

    sample: Sample


class SampleKeeping:
    """The handler of `KeepSample`."""

    def prepare(self, ledger: Ledger, commands: Sequence[KeepSample]) -> None:
        return None

    def handle(self, ledger: Ledger, command: KeepSample) -> None:
        ledger.changes.samples.append(command.sample)


async def sample(hub: Hub, process: str) -> None:
    """`process` tells the readings of one start of one process from those of all others. Raises `StoreUnavailable`."""
    now = await hub.store.ask(lambda: health.look(hub))
    fresh = hub.metrics.answers.since_last(_answers(hub))
    taken = Sample(
        process=process,
        at=hub.clock.now(),
        unread=sum(now.copies.get(state, 0) for state in _WAITING),
        outbox_seconds=now.oldest_unpublished.total_seconds() if now.oldest_unpublished else 0.0,
        dead_letters=now.dead_letters,
        requests=max(fresh.values(), default=0),
        p50_seconds=quantile(fresh, 0.5),
        p95_seconds=quantile(fresh, 0.95),
    )
    await hub.group.submit(KeepSample(taken))


def _answers(hub: Hub) -> dict[float, int]:
    """Answers since the start by bucket, cumulative, of every route that does not wait by design."""
    found: Counter[float] = Counter()
    for metric in hub.metrics.request_seconds.collect():
        for each in metric.samples:
            if each.name.endswith("_bucket") and each.labels["route"] not in _WAITS:
                found[float(each.labels["le"])] += int(each.value)
    return dict(found)
