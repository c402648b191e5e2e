"""What a unit has said itself: its own words are its own, and reading them again is no disclosure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.ledger import LaneErased
from hub.service import Hub
from hub.store.records import StoredMessage
from hub.vault import body_aad
from hub.web.naming import Naming
from hub.web.team import showing
from schemas import strict_json
from schemas.registry import UnknownSchema


def read(hub: Hub, stored: StoredMessage) -> Mapping[str, Any] | None:
    """The data of an own message; None when it has been erased."""
    found = hub.reader.find_sealed(stored.key)
    if not found:
        return None
    ledger = hub.look()
    ledger.prepare_data_keys([stored.lane_id])
    try:
        key = ledger.existing_key(stored.lane_id)
    except LaneErased:
        return None
    aad = body_aad(stored.lane_id, stored.key.source, stored.key.message_id, stored.type, stored.version)
    data: Mapping[str, Any] = strict_json.loads(key.open(found, aad=aad))
    return data


def rows(hub: Hub, stored: StoredMessage, data: Mapping[str, Any], naming: Naming) -> tuple[showing.Row, ...]:
    """Its content in words."""
    try:
        document = hub.registry.get_type(stored.type, stored.version).document
    except UnknownSchema:
        return ()
    return showing.show(document, document["properties"]["content"], data.get("content", {}), naming)
