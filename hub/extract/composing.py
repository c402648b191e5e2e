"""The extract as a document: by the authority that answers for it, everything sent and everything refused.

It tells what was told about the person: when, by whom, to whom, why, on which basis, which kinds of information, and
what was withheld. It holds no message body: the authority that sent it has it, and answers for it. Officers are
told by role (CJEU C-579/21), recipients by name (CJEU C-154/21).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from hub.audit.entry import AuditAction
from hub.extract import gathering
from hub.extract.gathering import PersonFile
from hub.extract.words import Words
from hub.intake import receipts
from hub.store.records import AuditRow, StoredConsent, StoredDelivery, StoredMessage


def compose(file: PersonFile, words: Words) -> list[dict[str, Any]]:
    """One part for each controller, in the order of their names."""
    parts: dict[str, dict[str, Any]] = {}

    def part(unit_id: str) -> dict[str, Any]:
        authority, name = words.controller(unit_id)
        empty: dict[str, Any] = {"controller": authority, "name": name, "sent": [], "refused": [], "consents": []}
        return parts.setdefault(authority, empty)

    for message in file.messages:
        part(message.sender)["sent"].append(_sent(message, file, words))
    for row in file.refusals:
        part(row.actor)["refused"].append(_refused(row, words))
    for consent in file.consents:
        part(consent.recorded_by)["consents"].append(_consent(consent, words))
    return [parts[authority] for authority in sorted(parts)]


def _sent(message: StoredMessage, file: PersonFile, words: Words) -> dict[str, Any]:
    own = [row for row in file.entries.get(message.key.message_id, ()) if row.case_id == message.case_id]
    accepted = _entry_of(own, AuditAction.MESSAGE_ACCEPTED, message.sender)
    told = {row["unit"]: row for row in accepted.get("recipients", ()) if isinstance(row, dict) and "unit" in row}
    purpose = accepted.get("purpose")
    return {
        "message": message.key.message_id,
        "at": receipts.timestamp(message.recorded_at),
        "by": words.unit(message.sender),
        "type": message.type,
        "title": words.type(message.type),
        "case": message.case_id,
        "purpose": purpose,
        "purpose_title": words.purpose(purpose),
        "attachments": [_attachment(row, own, file, words) for row in own if row.action == gathering.ATTACHED],
        "body": "kept" if message.lane_id in file.readable else "erased",
        "recipients": [
            _recipient(copy, told.get(copy.unit_id, {}), own, words) for copy in file.copies.get(message.key, ())
        ],
    }


def _attachment(row: AuditRow, entries: Sequence[AuditRow], file: PersonFile, words: Words) -> dict[str, Any]:
    """A file that went along: what the log keeps of it, when it was fetched and by whom. Its name the hub never had."""
    entry = _read(row)
    fetched = [each for each in entries if each.action == AuditAction.ATTACHMENT_FETCHED.value]
    return {
        "attachment": entry["attachment"],
        "media_type": entry["media_type"],
        "size": entry["size"],
        "sha256": file.digests.get(entry["attachment"]),
        "categories": _named(entry["categories"], words),
        "fetched": [
            {"by": words.unit(each.actor), "at": receipts.timestamp(each.at)}
            for each in fetched
            if _read(each)["attachment"] == entry["attachment"]
        ],
    }


def _recipient(
    copy: StoredDelivery, told: Mapping[str, Any], entries: Sequence[AuditRow], words: Words
) -> dict[str, Any]:
    basis = copy.basis
    read = [row for row in entries if row.action == AuditAction.DELIVERY_DISCLOSED.value and row.actor == copy.unit_id]
    return {
        "to": words.unit(copy.unit_id),
        "verdict": copy.verdict,
        "code": copy.code,
        "code_title": words.refusal(copy.code),
        "basis": None if basis is None else {**basis, "title": words.basis(basis["code"])},
        "categories": _named(told.get("categories", ()), words) if copy.sequence is not None else [],
        "withheld": list(copy.withheld),
        "state": copy.state.value,
        "read": [receipts.timestamp(row.at) for row in read],
        "acknowledged": receipts.timestamp(copy.acked_at) if copy.acked_at else None,
        "handled": receipts.timestamp(copy.handled_at) if copy.handled_at else None,
        "outcome": copy.outcome,
    }


def _refused(row: AuditRow, words: Words) -> dict[str, Any]:
    entry = _read(row)
    purpose = entry.get("purpose")
    return {
        "message": row.message_id,
        "at": receipts.timestamp(row.at),
        "by": words.unit(row.actor),
        "type": row.type,
        "title": words.type(row.type),
        "case": row.case_id,
        "purpose": purpose,
        "purpose_title": words.purpose(purpose),
        "code": row.code,
        "code_title": words.refusal(row.code),
        "recipients": [
            {"to": words.unit(each["unit"]), "code": each.get("code"), "code_title": words.refusal(each.get("code"))}
            for each in entry.get("recipients", ())
            if isinstance(each, dict) and "unit" in each
        ],
    }


def _consent(consent: StoredConsent, words: Words) -> dict[str, Any]:
    return {
        "consent": consent.consent_id,
        "version": consent.version,
        "at": receipts.timestamp(consent.recorded_at),
        "by": words.unit(consent.recorded_by),
        "status": consent.status,
        "valid_to": consent.valid_to,
    }


def _named(categories: Iterable[str], words: Words) -> list[dict[str, str]]:
    return [{"code": code, "title": words.category(code)} for code in categories]


def _entry_of(rows: Sequence[AuditRow], action: AuditAction, actor: str) -> dict[str, Any]:
    for row in rows:
        if row.action == action.value and row.actor == actor:
            return _read(row)
    return {}


def _read(row: AuditRow) -> dict[str, Any]:
    entry: dict[str, Any] = orjson.loads(row.entry)
    return entry
