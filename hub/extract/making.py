"""An extract from the question to its signed files."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from hub.audit.entry import AuditAction
from hub.audit.recording import RecordEvent
from hub.extract import composing, gathering, printing, signing
from hub.extract.words import Words
from hub.identity.reasons import Reason
from hub.intake import receipts
from hub.service import Hub

JSON_NAME: Final = "registerutdrag.json"
PDF_NAME: Final = "registerutdrag.pdf"
SIGNATURE_NAME: Final = "registerutdrag.jws"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`number` is canonical. `masked`: the person has protected data, so units are told by their kind only."""

    number: str
    name: str
    reason: Reason
    masked: bool = False


@dataclass(frozen=True, slots=True)
class Extract:
    """The files by name, and the signature over them."""

    extract_id: str
    files: Mapping[str, bytes]
    signature: str


async def make(hub: Hub, wanted: Wanted, actor: str) -> Extract:
    """Made only when the log knows of it. Raises `StoreUnavailable`."""
    at, extract_id = hub.clock.now(), str(uuid.uuid4())
    detail = {"extract": extract_id, "masked": wanted.masked, **wanted.reason.detail()}
    await hub.group.submit(RecordEvent(AuditAction.EXTRACT_MADE, detail, actor))
    person_key = hub.vault.person_key(wanted.number)
    file = await hub.store.ask(lambda: gathering.gather(hub.reader, person_key))
    document: dict[str, Any] = {
        "extract": extract_id,
        "made_at": receipts.timestamp(at),
        "reference": wanted.reason.reference,
        "person": {"number": f"{wanted.number[:8]}-{wanted.number[8:]}", "name": wanted.name},
        "masked": wanted.masked,
        "controllers": composing.compose(file, Words(hub.directory, hub.rulebook, masked=wanted.masked)),
    }
    content = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    key = hub.document_key
    pdf = printing.draw(document, made_at=at, digest=signing.digest(content), key_id=key.key_id)
    files = {JSON_NAME: content, PDF_NAME: pdf}
    return Extract(extract_id, files, key.sign(files, made_at=document["made_at"], extract=extract_id))
