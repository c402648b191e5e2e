"""Numbers for Prometheus. Labels come from closed lists; no unit, case or person is ever one of them."""

from __future__ import annotations

import platform
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from hub.telemetry.history import Answers

_REQUEST_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 35.0)
_COMMIT_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
_GROUP_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Metrics:
    """One hub's numbers in a registry of their own, so that two hubs in one process do not share them."""

    def __init__(self, version: str) -> None:
        self.registry: Final = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        self._measure_messages()
        self._measure_times()
        self._measure_log()
        self._measure_delivery()
        self._tell_build(version)
        self.answers: Final = Answers()
        self._timers: dict[tuple[str, str, int], Histogram] = {}
        self._accepted: dict[str, Counter] = {}

    def _measure_messages(self) -> None:
        self.messages_accepted = Counter(
            "hub_messages_accepted", "Messages accepted, by catalogue type.", ["type"], registry=self.registry
        )
        self.messages_refused = Counter(
            "hub_messages_refused", "Messages refused as a whole, by code.", ["code"], registry=self.registry
        )
        self.duplicate_messages = Counter(
            "hub_duplicate_messages", "Messages answered with an earlier receipt.", registry=self.registry
        )
        self.alarms = Counter(
            "hub_alarms", "Something that should be rare was not, by alarm.", ["alarm"], registry=self.registry
        )
        self.limits_reached = Counter(
            "hub_limits_reached", "Calls answered with 429, by limit.", ["limit"], registry=self.registry
        )

    def _measure_times(self) -> None:
        self.request_seconds = Histogram(
            "hub_request_seconds",
            "Time from the request's head to the end of the answer, by route template.",
            ["route", "method", "status"],
            buckets=_REQUEST_SECONDS,
            registry=self.registry,
        )
        self.commit_group_size = Histogram(
            "hub_commit_group_size", "Messages per commit.", buckets=_GROUP_SIZES, registry=self.registry
        )
        self.commit_seconds = Histogram(
            "hub_commit_seconds", "Time of one commit.", buckets=_COMMIT_SECONDS, registry=self.registry
        )

    def _measure_log(self) -> None:
        self.audit_tree_size = Gauge(
            "hub_audit_tree_size", "Entries in the tamper-evident log.", registry=self.registry
        )
        self.audit_checkpoint_age_seconds = Gauge(
            "hub_audit_checkpoint_age_seconds",
            "Time since every entry of the log was under a signed checkpoint. Alarm above 600.",
            registry=self.registry,
        )
        self.witness_lag_entries = Gauge(
            "hub_witness_lag_entries",
            "Entries of the log that a witness has not cosigned yet.",
            ["witness"],
            registry=self.registry,
        )

    def _measure_delivery(self) -> None:
        self.outbox_oldest_age_seconds = Gauge(
            "hub_outbox_oldest_age_seconds",
            "Age of the oldest claim check that no transport has taken; 0 when none.",
            registry=self.registry,
        )
        self.deliveries = Gauge(
            "hub_deliveries",
            "Recipients' copies, by how far they have come.",
            ["state"],
            registry=self.registry,
        )
        self.dead_letters = Gauge(
            "hub_dead_letters_waiting",
            "Dead letters that somebody has to decide about; 10000 stands for more. Alarm when not 0.",
            registry=self.registry,
        )
        self.dead_letters_total = Counter(
            "hub_dead_letters", "Copies that were given up, by reason.", ["reason"], registry=self.registry
        )
        self.pushes = Counter("hub_pushes", "Calls of units' endpoints, by outcome.", ["state"], registry=self.registry)
        self.push_oldest_age_seconds = Gauge(
            "hub_push_oldest_age_seconds",
            "Age of the oldest claim check that an endpoint has not taken; 0 when none.",
            registry=self.registry,
        )
        self.transport_messages = Gauge(
            "hub_transport_messages",
            "Messages in the transport's own queues, by kind, at most 15 s old; not a number when it does not say.",
            ["queue"],
            registry=self.registry,
        )
        self.inbox_streams = Gauge(
            "hub_inbox_streams", "Inboxes that are listened to as a stream now.", registry=self.registry
        )

    def _tell_build(self, version: str) -> None:
        build = Gauge(
            "hub_build_info",
            "Always 1; the labels tell what runs.",
            ["version", "python"],
            registry=self.registry,
        )
        build.labels(version=version, python=platform.python_version()).set(1)

    def time_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """One answered request. Each child is looked up once: a look-up costs more than the measurement."""
        labels = (route, method, status)
        timer = self._timers.get(labels)
        if timer is None:
            timer = self._timers[labels] = self.request_seconds.labels(*labels)
        timer.observe(seconds)

    def count_accepted(self, type: str) -> None:
        """One accepted message of a catalogue type."""
        counter = self._accepted.get(type)
        if counter is None:
            counter = self._accepted[type] = self.messages_accepted.labels(type)
        counter.inc()

    def render(self) -> tuple[str, bytes]:
        """The content type and the body of a scrape."""
        return CONTENT_TYPE_LATEST, generate_latest(self.registry)
