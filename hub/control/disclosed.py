"""Which fields of a message a recipient has got: their names, read out of the sealed body, and never what they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.ledger import LaneErased
from hub.service import Hub
from hub.store.records import StoredMessage
from hub.vault import body_aad
from schemas import strict_json

_TOLD = ("person", "content")
"""Of `handling` nothing is listed: who asks for what, on which basis, is told beside."""


def list_fields(hub: Hub, stored: StoredMessage) -> tuple[str, ...]:
    """JSON pointers (RFC 6901) of every value that the message was sent with; none once its body is destroyed."""
    sealed = hub.reader.find_sealed(stored.key)
    if not sealed:
        return ()
    ledger = hub.look()
    ledger.prepare_data_keys([stored.lane_id])
    try:
        key = ledger.existing_key(stored.lane_id)
    except LaneErased:
        return ()
    aad = body_aad(stored.lane_id, stored.key.source, stored.key.message_id, stored.type, stored.version)
    data = strict_json.loads(key.open(sealed, aad=aad))
    return tuple(pointer for part in _TOLD if part in data for pointer in _walk(data[part], f"/{part}"))


def _walk(value: Any, pointer: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _walk(part, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        for index, item in enumerate(value):
            yield from _walk(item, f"{pointer}/{index}")
    else:
        yield pointer


def without(fields: Sequence[str], withheld: Sequence[str]) -> tuple[str, ...]:
    """What is left when these pointers, and what stands under them, were held back."""
    return tuple(
        field for field in fields if not any(field == each or field.startswith(f"{each}/") for each in withheld)
    )
