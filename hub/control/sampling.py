"""Takes a sample of the hub at every sweep: queues as the store has them, and how long answers took since the last."""

from __future__ import annotations

from collections import Counter

from hub.control import health
from hub.service import Hub
from hub.telemetry.history import Sample, quantile

_WAITING = ("pending", "notified")
# What waits by design says nothing of the hub's haste.
_WAITS = ("/v1/inbox", "/v1/inbox/stream", "/team/stream")


async def sample(hub: Hub) -> None:
    """Raises `StoreUnavailable`."""
    now = await hub.store.ask(lambda: health.look(hub))
    fresh = hub.metrics.history.since_last(_answers(hub))
    hub.metrics.history.add(
        Sample(
            at=hub.clock.now(),
            unread=sum(now.copies.get(state, 0) for state in _WAITING),
            outbox_seconds=now.oldest_unpublished.total_seconds() if now.oldest_unpublished else 0.0,
            dead_letters=now.dead_letters,
            requests=max(fresh.values(), default=0),
            p50_seconds=quantile(fresh, 0.5),
            p95_seconds=quantile(fresh, 0.95),
        )
    )


def _answers(hub: Hub) -> dict[float, int]:
    """Answers since the start by bucket, cumulative, of every route that does not wait by design."""
    found: Counter[float] = Counter()
    for metric in hub.metrics.request_seconds.collect():
        for each in metric.samples:
            if each.name.endswith("_bucket") and each.labels["route"] not in _WAITS:
                found[float(each.labels["le"])] += int(each.value)
    return dict(found)
