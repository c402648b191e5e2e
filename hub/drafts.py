"""Messages begun and not sent: sealed like every body, and gone with the case whose key sealed them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from hub.ledger import LaneErased, Ledger
from hub.store.people import Draft
from hub.store.records import Shred

_OWN_LANE: Final = "draft:"


def lane_of(draft_id: str, case_id: str | None) -> str:
    """A draft in a case is sealed with the case's key; one without a case has a key of its own."""
    return case_id or f"{_OWN_LANE}{draft_id}"


@dataclass(frozen=True, slots=True)
class SaveDraft:
    """What a person has typed so far, in the place of what was kept before. `lane_id` as `lane_of` says."""

    draft_id: str
    staff_id: str
    lane_id: str
    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DropDraft:
    """The draft has been sent, or thrown away."""

    draft_id: str


class Drafting:
    """The handler of both. Answers whether there was something to do."""

    def prepare(self, ledger: Ledger, commands: Sequence[SaveDraft | DropDraft]) -> None:
        ledger.prepare_data_keys({each.lane_id for each in commands if isinstance(each, SaveDraft)})

    def handle(self, ledger: Ledger, command: SaveDraft | DropDraft) -> bool:
        if isinstance(command, DropDraft):
            return self._drop(ledger, command.draft_id)
        try:
            own = command.lane_id.startswith(_OWN_LANE)
            # A case that has been erased gets no new key: there is nothing more to be said in it.
            key = ledger.key_for(command.lane_id) if own else ledger.existing_key(command.lane_id)
        except LaneErased:
            return False
        sealed = key.seal(orjson.dumps(command.given), aad=_aad(command.draft_id))
        ledger.changes.drafts.append(Draft(command.draft_id, command.staff_id, command.lane_id, ledger.at, sealed))
        return True

    def _drop(self, ledger: Ledger, draft_id: str) -> bool:
        draft = ledger.group.find_drafts([draft_id]).get(draft_id)
        if draft is None:
            return False
        ledger.changes.dropped_drafts.append(draft_id)
        if draft.lane_id.startswith(_OWN_LANE):
            ledger.shred(Shred({draft.lane_id: draft.lane_id}))
        return True


def read(ledger: Ledger, draft_id: str, staff_id: str) -> dict[str, list[str]] | None:
    """What the person has typed; None when there is nothing, or when it has been erased."""
    draft = ledger.group.find_drafts([draft_id]).get(draft_id)
    if draft is None or draft.staff_id != staff_id:
        return None
    ledger.prepare_data_keys([draft.lane_id])
    try:
        opened = ledger.existing_key(draft.lane_id).open(draft.sealed, aad=_aad(draft_id))
    except LaneErased:
        return None
    found: dict[str, list[str]] = orjson.loads(opened)
    return found


def _aad(draft_id: str) -> bytes:
    return f"draft\0{draft_id}".encode()


COMMANDS: Final[Collection[type]] = (SaveDraft, DropDraft)
