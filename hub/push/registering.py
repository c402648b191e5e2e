"""A unit's endpoint: registered, changed, given another secret, removed. Each step is in the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from hub.audit.entry import AuditAction
from hub.ledger import Ledger
from hub.push import signing
from hub.store.webhooks import Webhook
from hub.vault import SealingKey, body_aad


@dataclass(frozen=True, slots=True)
class SetWebhook:
    """`actor` wants the unit's claim checks to go to `url`, which has been checked."""

    unit_id: str
    actor: str
    url: str


@dataclass(frozen=True, slots=True)
class RotateSecret:
    """A new signing secret; the last one counts beside it for a while."""

    unit_id: str
    actor: str


@dataclass(frozen=True, slots=True)
class RemoveWebhook:
    unit_id: str
    actor: str


@dataclass(frozen=True, slots=True)
class Registered:
    """As it is now. `secret` only when it is new: it is shown once."""

    webhook: Webhook
    secret: str | None = None


def lane_of(unit_id: str) -> str:
    """Secrets are sealed under a key of their own, so that a rotation of the master key takes them along."""
    return f"webhook:{unit_id}"


def open_secrets(key: SealingKey, webhook: Webhook) -> tuple[signing.Secret, ...]:
    return signing.load(key.open(webhook.sealed, aad=_aad(webhook.unit_id)))


class WebhookRegistering:
    """The handler of all three. None: there is no such endpoint."""

    def prepare(self, ledger: Ledger, commands: Sequence[SetWebhook | RotateSecret | RemoveWebhook]) -> None:
        units = {command.unit_id for command in commands}
        ledger.pushes.prepare_webhooks(units)
        ledger.prepare_data_keys([lane_of(unit_id) for unit_id in units])

    def handle(self, ledger: Ledger, command: SetWebhook | RotateSecret | RemoveWebhook) -> Registered | None:
        known = ledger.pushes.find_webhook(command.unit_id)
        match command:
            case SetWebhook():
                return self._set(ledger, known, command)
            case RotateSecret():
                return self._rotate(ledger, known, command)
            case RemoveWebhook():
                return self._remove(ledger, known, command)

    def _set(self, ledger: Ledger, known: Webhook | None, command: SetWebhook) -> Registered:
        secret = signing.new_secret() if known is None else None
        sealed = known.sealed if known else _seal(ledger, command.unit_id, (signing.Secret(secret or ""),))
        webhook = Webhook(command.unit_id, command.url, sealed, ledger.at)
        ledger.pushes.put_webhook(webhook)
        ledger.pushes.push_anew(command.unit_id)
        _audit(ledger, command.actor, command.unit_id, "set")
        return Registered(webhook, secret)

    def _rotate(self, ledger: Ledger, known: Webhook | None, command: RotateSecret) -> Registered | None:
        if known is None:
            return None
        secrets = open_secrets(ledger.existing_key(lane_of(command.unit_id)), known)
        secret = signing.new_secret()
        sealed = _seal(ledger, command.unit_id, signing.rotate(secrets, secret, ledger.at))
        webhook = replace(known, sealed=sealed, changed_at=ledger.at)
        ledger.pushes.put_webhook(webhook)
        _audit(ledger, command.actor, command.unit_id, "rotated")
        return Registered(webhook, secret)

    def _remove(self, ledger: Ledger, known: Webhook | None, command: RemoveWebhook) -> Registered | None:
        if known is None:
            return None
        ledger.pushes.remove_webhook(command.unit_id)
        _audit(ledger, command.actor, command.unit_id, "removed")
        return Registered(known)


def _seal(ledger: Ledger, unit_id: str, secrets: Sequence[signing.Secret]) -> bytes:
    return ledger.key_for(lane_of(unit_id)).seal(signing.dump(secrets), aad=_aad(unit_id))


def _aad(unit_id: str) -> bytes:
    return body_aad(lane_of(unit_id), "webhook", unit_id, "secrets", "1")


def _audit(ledger: Ledger, actor: str, unit_id: str, step: Literal["set", "rotated", "removed"]) -> None:
    """Never the address: it may hold a secret of the unit's."""
    ledger.audit(AuditAction.WEBHOOK_CHANGED, actor, unit=unit_id, detail={"step": step})
