"""Numbers that are not counted as things happen, but looked up: how much there is of something, and how old it is."""

from __future__ import annotations

from datetime import datetime

from hub.audit.integrating import Integrator
from hub.store.port import Reader
from hub.telemetry.metrics import Metrics


def refresh(metrics: Metrics, reader: Reader, integrator: Integrator, now: datetime) -> None:
    """Raises `StoreUnavailable`."""
    for state, count in reader.count_by_state().items():
        metrics.deliveries.labels(state=state).set(count)
    metrics.outbox_oldest_age_seconds.set(_age(reader.oldest_unpublished_at(), now))
    metrics.push_oldest_age_seconds.set(_age(reader.oldest_push_at(), now))
    metrics.dead_letters.set(reader.count_dead_letters())
    metrics.audit_tree_size.set(reader.audit_size())
    metrics.audit_checkpoint_age_seconds.set(integrator.age_at(now).total_seconds())
    for witness, lag in integrator.lags().items():
        metrics.witness_lag_entries.labels(witness=witness).set(lag)


def _age(since: datetime | None, now: datetime) -> float:
    """In seconds; 0 where there is nothing, or where the clock has gone back."""
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
