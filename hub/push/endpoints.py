"""The units' endpoints as the faces of the hub see them."""

from __future__ import annotations

from hub.commit_group import CommitGroup
from hub.push.addresses import Destinations
from hub.push.registering import Registered, RemoveWebhook, RotateSecret, SetWebhook
from hub.store.port import Store
from hub.store.webhooks import Webhook


class Endpoints:
    """What can be asked about webhooks. `actor` is the unit itself, or who does it for the unit."""

    def __init__(self, store: Store, group: CommitGroup, destinations: Destinations) -> None:
        self._store = store
        self._group = group
        self._destinations = destinations

    def find(self, unit_id: str) -> Webhook | None:
        """Also one that has ended."""
        return self._store.reader().find_webhooks([unit_id]).get(unit_id)

    async def set(self, unit_id: str, actor: str, url: str) -> Registered:
        """From now on the unit's claim checks go there, first what it has not opened. Raises `UrlRefused`."""
        checked = self._destinations.check_url(url)
        answer: Registered = await self._group.submit(SetWebhook(unit_id, actor, checked))
        return answer

    async def rotate(self, unit_id: str, actor: str) -> Registered | None:
        """A new secret, beside which the last one counts for a day. None without an endpoint."""
        answer: Registered | None = await self._group.submit(RotateSecret(unit_id, actor))
        return answer

    async def remove(self, unit_id: str, actor: str) -> Registered | None:
        answer: Registered | None = await self._group.submit(RemoveWebhook(unit_id, actor))
        return answer
