"""One claim check's turn: leased durably before it is sent, and what came of it written down."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from hub.audit.entry import AuditAction
from hub.delivery.dead_letters import BuryDelivery, Burying
from hub.delivery.reading import UNREAD
from hub.ledger import Ledger
from hub.push import schedule
from hub.push.calling import Outcome, Result
from hub.push.registering import lane_of, open_secrets
from hub.push.signing import Secret
from hub.store.dead_letters import DeathReason
from hub.store.webhooks import Push, Webhook
from routing.vocabulary import HUB

LEASE: Final = timedelta(seconds=60)
"""Longer than a call may take. Whoever dies with a lease loses it then, and the next attempt begins."""


@dataclass(frozen=True, slots=True)
class LeasePush:
    """This process will send it now, if nobody else does."""

    delivery_id: str


@dataclass(frozen=True, slots=True)
class Leased:
    """Ours until the lease ends. `attempt` is its number."""

    unit_id: str
    delivery_id: str
    attempt: int
    url: str
    secrets: tuple[Secret, ...]


@dataclass(frozen=True, slots=True)
class RecordPush:
    """What came of an attempt."""

    delivery_id: str
    attempt: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class GiveUpPush:
    """Its five days are over."""

    delivery_id: str


class Pushing:
    """The handler of all three. `chance` gives numbers from 0 to 1."""

    def __init__(self, burying: Burying, chance: Callable[[], float] = random.random) -> None:
        self._burying = burying
        self._chance = chance

    def prepare(self, ledger: Ledger, commands: Sequence[LeasePush | RecordPush | GiveUpPush]) -> None:
        ids = {command.delivery_id for command in commands}
        ledger.pushes.prepare(ids)
        ledger.prepare_deliveries(ids)
        units = {push.unit_id for push in map(ledger.pushes.find, ids) if push is not None}
        ledger.prepare_data_keys([lane_of(unit_id) for unit_id in units])
        self._burying.prepare(
            ledger, [BuryDelivery(each.delivery_id, DeathReason.PUSH_EXHAUSTED, 0) for each in _given_up(commands)]
        )

    def handle(self, ledger: Ledger, command: LeasePush | RecordPush | GiveUpPush) -> Leased | None:
        push = ledger.pushes.find(command.delivery_id)
        webhook = ledger.pushes.find_webhook(push.unit_id) if push is not None else None
        if push is None or webhook is None:
            return None
        match command:
            case LeasePush():
                return self._lease(ledger, push, webhook)
            case RecordPush():
                self._record(ledger, push, webhook, command)
            case GiveUpPush():
                self._give_up(ledger, push)
        return None

    def _lease(self, ledger: Ledger, push: Push, webhook: Webhook) -> Leased | None:
        taken = push.leased_until is not None and push.leased_until > ledger.at
        resting = webhook.rests_until is not None and webhook.rests_until > ledger.at
        if taken or resting or push.next_at > ledger.at or not webhook.is_active:
            return None
        view = ledger.find_delivery(push.delivery_id)
        if view is None or view.delivery.state not in UNREAD or view.delivery.acked_at is not None:
            ledger.pushes.finish(push.delivery_id)  # fetched, stopped or out of time: nothing to tell of any more
            return None
        leased = replace(push, attempts=push.attempts + 1, leased_until=ledger.at + LEASE)
        ledger.pushes.put(leased)
        secrets = open_secrets(ledger.existing_key(lane_of(push.unit_id)), webhook)
        return Leased(push.unit_id, push.delivery_id, leased.attempts, webhook.url, secrets)

    def _record(self, ledger: Ledger, push: Push, webhook: Webhook, command: RecordPush) -> None:
        outcome = command.outcome
        if outcome.result is Result.TAKEN:
            ledger.pushes.finish(push.delivery_id)
            ledger.changes.published.append(push.delivery_id)
            if webhook.failures:
                ledger.pushes.put_webhook(replace(webhook, failures=0, failing_since=None, rests_until=None))
        elif outcome.result is Result.GONE:
            if webhook.is_active:
                ledger.pushes.put_webhook(replace(webhook, is_active=False, ended_by="gone", changed_at=ledger.at))
                detail = {"step": "ended", "by": "gone"}
                ledger.audit(AuditAction.WEBHOOK_CHANGED, HUB, unit=push.unit_id, detail=detail)
        elif push.attempts == command.attempt:  # else the lease was lost, and another attempt speaks
            self._fail(ledger, push, webhook, outcome)

    def _fail(self, ledger: Ledger, push: Push, webhook: Webhook, outcome: Outcome) -> None:
        next_at = schedule.next_attempt(push.attempts, ledger.at, outcome.retry_after, self._chance())
        ledger.pushes.put(replace(push, next_at=next_at, leased_until=None))
        failures = webhook.failures + 1
        ledger.pushes.put_webhook(
            replace(
                webhook,
                failures=failures,
                failing_since=webhook.failing_since or ledger.at,
                rests_until=schedule.rests_until(failures, ledger.at, outcome.retry_after, self._chance()),
            )
        )

    def _give_up(self, ledger: Ledger, push: Push) -> None:
        ledger.pushes.finish(push.delivery_id)
        self._burying.handle(ledger, BuryDelivery(push.delivery_id, DeathReason.PUSH_EXHAUSTED, push.attempts))


def _given_up(commands: Sequence[LeasePush | RecordPush | GiveUpPush]) -> list[GiveUpPush]:
    return [command for command in commands if isinstance(command, GiveUpPush)]
