"""What one commit group knows and will write of webhooks: the store's rows, in step with what the group has decided."""

from __future__ import annotations

from collections.abc import Collection

from hub.store.port import PushReader
from hub.store.records import Changes
from hub.store.webhooks import Push, Webhook


class PushLedger:
    """The part of a ledger for endpoints and what is on its way to them."""

    def __init__(self, group: PushReader, changes: Changes) -> None:
        self._group = group
        self._changes = changes
        self._webhooks: dict[str, Webhook | None] = {}
        self._pushes: dict[str, Push | None] = {}

    def prepare_webhooks(self, unit_ids: Collection[str]) -> None:
        missing = [unit_id for unit_id in unit_ids if unit_id not in self._webhooks]
        found = self._group.find_webhooks(missing)
        self._webhooks.update({unit_id: found.get(unit_id) for unit_id in missing})

    def prepare(self, delivery_ids: Collection[str]) -> None:
        missing = [delivery_id for delivery_id in delivery_ids if delivery_id not in self._pushes]
        found = self._group.find_pushes(missing)
        self._pushes.update({delivery_id: found.get(delivery_id) for delivery_id in missing})
        self.prepare_webhooks({push.unit_id for push in found.values()})

    def find_webhook(self, unit_id: str) -> Webhook | None:
        return self._webhooks.get(unit_id)

    def find(self, delivery_id: str) -> Push | None:
        return self._pushes.get(delivery_id)

    def put_webhook(self, webhook: Webhook) -> None:
        """An endpoint that has ended loses what was on its way; the mailbox has it all the same."""
        self._webhooks[webhook.unit_id] = webhook
        # The last word of the group counts; before it there may have been another one.
        kept = [each for each in self._changes.webhooks if each.unit_id != webhook.unit_id]
        self._changes.webhooks[:] = [*kept, webhook]
        if webhook.unit_id in self._changes.removed_webhooks:
            self._changes.removed_webhooks.remove(webhook.unit_id)

    def push_anew(self, unit_id: str) -> None:
        """Everything that the unit has not opened goes to its endpoint."""
        if unit_id not in self._changes.pushed_anew:
            self._changes.pushed_anew.append(unit_id)

    def remove_webhook(self, unit_id: str) -> None:
        self._webhooks[unit_id] = None
        self._changes.webhooks[:] = [each for each in self._changes.webhooks if each.unit_id != unit_id]
        self._changes.removed_webhooks.append(unit_id)
        if unit_id in self._changes.pushed_anew:
            self._changes.pushed_anew.remove(unit_id)

    def put(self, push: Push) -> None:
        self._pushes[push.delivery_id] = push
        self._changes.pushes.append(push)

    def finish(self, delivery_id: str) -> None:
        """Nothing more is sent of it."""
        self._pushes[delivery_id] = None
        self._changes.finished_pushes.append(delivery_id)
