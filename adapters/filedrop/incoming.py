"""From the hub to the folder: each delivery is one file, and the hub is told only when that file is on disk.

A delivery that is known to lie there is not written again, even when the case system has taken its file away before the
hub heard of it. Between the file and the note of it a crash leaves a gap of one step: the same name is then written a
second time. What was written stays when the hub later withdraws it; the recipient had it lawfully.
"""

from __future__ import annotations

import json
import re
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from adapters.filedrop import folder, trouble
from adapters.filedrop.hub_port import HubPort
from adapters.filedrop.journal import Journal
from adapters.filedrop.stopping import Stop
from adapters.filedrop.tally import Done, Tally
from adapters.filedrop.trouble import Reach
from hub.client.answers import ClaimCheck
from hub.client.errors import Refused
from schemas import envelope
from schemas.envelope import Envelope

_PAGE: Final = 100
_GONE: Final = 410
# The ids become file names: nothing else than an id of the hub's form may.
_DELIVERY: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Incoming:
    """Writes what arrives for one unit into `target`."""

    def __init__(self, hub: HubPort, target: Path, journal: Journal, tally: Tally) -> None:
        self._hub = hub
        self._target = target
        self._journal = journal
        self._tally = tally
        folder.prepare(target)

    async def receive_waiting(self, stop: Stop, wait: timedelta = timedelta(0)) -> bool:
        """Takes over what is in the inbox; an empty one is watched for up to `wait`. False when something
        has to be tried again later."""
        try:
            all_done = await self._acknowledge_written(stop)
            cursor: str | None = None
            while not stop.is_asked_for():
                page = await stop.unless(self._hub.inbox(wait=wait, limit=_PAGE, cursor=cursor))
                if page is None or not page.items:
                    break
                for claim in page.items:
                    if stop.is_asked_for():
                        return False
                    all_done = await self._take(claim) and all_done
                if page.next in (None, cursor):
                    break
                cursor, wait = page.next, timedelta(0)
        except trouble.PASSING as fault:
            self._tally.say(f"cannot receive now: {trouble.describe(fault)}")
            return False
        return all_done and not stop.is_asked_for()

    async def _acknowledge_written(self, stop: Stop) -> bool:
        all_done = True
        for delivery_id in self._journal.list_written():
            if stop.is_asked_for():
                return False
            all_done = await self._guard(delivery_id, self._acknowledge(delivery_id)) and all_done
        return all_done

    async def _take(self, claim: ClaimCheck) -> bool:
        if _DELIVERY.fullmatch(claim.delivery) is None:
            self._tally.say("the inbox names a delivery whose id has another form; it is left alone")
            return False
        return await self._guard(claim.delivery, self._take_over(claim))

    async def _guard(self, delivery_id: str, step: Coroutine[Any, Any, None]) -> bool:
        """Whether the step was done. What concerns the hub as a whole goes up."""
        try:
            await step
        except trouble.PASSING as fault:
            if trouble.reach_of(fault) is Reach.HUB and not trouble.is_answer(fault):
                raise
            self._tally.say(f"delivery {delivery_id} has to wait: {trouble.describe(fault)}")
            return False
        except OSError as fault:
            self._tally.say(f"delivery {delivery_id} cannot be written: {trouble.describe(fault)}")
            return False
        return True

    async def _take_over(self, claim: ClaimCheck) -> None:
        delivery_id = claim.delivery
        if self._journal.is_written(delivery_id):
            await self._acknowledge(delivery_id)
            return
        try:
            event = await self._hub.fetch(delivery_id)
        except Refused as refused:
            if refused.status != _GONE or not trouble.is_answer(refused):
                raise
            self._discard_drafts(delivery_id)
            await self._hub.ack(delivery_id)
            self._tally.note(Done.GONE, f"not disclosed any more: {delivery_id}")
            return
        folder.write(self._target / _file_name(claim, event), _dump(event))
        self._journal.note_written(delivery_id)
        self._tally.note(Done.RECEIVED, f"received {event.catalogue_type} {delivery_id}")
        await self._acknowledge(delivery_id)

    async def _acknowledge(self, delivery_id: str) -> None:
        await self._hub.ack(delivery_id)
        self._journal.note_acknowledged(delivery_id)

    def _discard_drafts(self, delivery_id: str) -> None:
        """A writing that was cut off must not leave behind what may not be disclosed any more."""
        for draft in self._target.glob(f".*-{delivery_id}.json{folder.DRAFT_SUFFIX}"):
            folder.remove(draft)


def _file_name(claim: ClaimCheck, event: Envelope) -> str:
    return f"{claim.sequence:08d}-{event.catalogue_type}-{claim.delivery}.json"


def _dump(event: Envelope) -> bytes:
    return json.dumps(envelope.to_structured(event), ensure_ascii=False, indent=2).encode() + b"\n"
