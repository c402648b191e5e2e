"""Rows against the log: whatever somebody changes in the database beside the hub is found.

That nothing else is found is asked after every test with a whole hub (`tests/unit/hub/conftest.py`).
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from hub import bootstrap
from hub.audit import matching, tallying
from hub.identity.party_keys import AddKey, RevokeKey
from hub.push.registering import SetWebhook
from hub.service import Hub
from hub.store.dead_letters import DeathReason
from hub.store.parties import KeyKind, PartyKey
from hub.store.sqlite import open_readonly
from tests.contract import stored
from tests.support import events, office, persons
from tests.support.agency import Key

KEY, OTHER = Key(), Key()

# What somebody writes into the database, and what the row is found to say otherwise.
ALTERED = {
    "UPDATE messages SET expires_at = expires_at + 86400000000 WHERE expires_at IS NOT NULL": "expires_at",
    "UPDATE messages SET expires_at = NULL": "expires_at",
    "UPDATE messages SET type = 'plan.decided' WHERE type = 'referral.submitted'": "type",
    "UPDATE messages SET version = '9.9'": "version",
    "UPDATE messages SET recorded_at = recorded_at - 60000000": "recorded_at",
    "UPDATE messages SET sender = 'sd-jarva' WHERE sender = 'sd-farsta'": "the log knows no such message",
    "UPDATE deliveries SET unit_id = 'jt-jarva' WHERE state = 'handled'": "unit_id",
    "UPDATE deliveries SET state = 'notified', outcome = NULL WHERE state = 'handled'": "state",
    "UPDATE deliveries SET state = 'read' WHERE state = 'notified'": "state",
    "UPDATE deliveries SET state = 'notified' WHERE state = 'dead'": "state",
    "UPDATE deliveries SET state = 'expired' WHERE state = 'notified'": "state",
    "UPDATE deliveries SET acked_at = NULL": "acked_at",
    "UPDATE deliveries SET acked_at = recorded_at WHERE state = 'notified'": "acked_at",
    "UPDATE deliveries SET outcome = 'declined' WHERE state = 'handled'": "outcome",
    "UPDATE deliveries SET verdict = 'redact' WHERE state = 'handled'": "verdict",
    "UPDATE deliveries SET rule = 'another/rule'": "rule",
    "UPDATE deliveries SET basis = NULL WHERE basis IS NOT NULL": "basis",
    """UPDATE deliveries SET withheld = '["/content"]'""": "withheld",
    "UPDATE deliveries SET state = 'refused', code = 'COULD_NOT_BE_DELIVERED' WHERE state = 'notified'": "more copies",
    "UPDATE deliveries SET delivery_id = delivery_id || 'x'": "the log knows no such copy",
    "DELETE FROM deliveries WHERE state = 'handled'": "the copy is missing",
    "DELETE FROM deliveries; DELETE FROM messages": "messages are missing",
    "UPDATE deliveries SET sequence = sequence + 7 WHERE state = 'handled'": "sequence",
    "UPDATE deliveries SET sequence = 0 WHERE state = 'handled'": "sequence",
    """UPDATE cases SET parties = '["jt-jarva","jt-sydost","sd-farsta"]'""": "parties",
    "UPDATE cases SET opened_at = opened_at + 1000000": "opened_at",
    "DELETE FROM cases": "the case is missing",
    "UPDATE party_keys SET unit_id = 'jt-jarva'": "the log knows no such key",
    "UPDATE party_keys SET key_id = key_id || 'x'": "the log knows no such key",
    "DELETE FROM party_keys": "the key is missing",
    "UPDATE party_keys SET kind = 'certificate', jwk = NULL": "the key is another",
    f"UPDATE party_keys SET jwk = '{json.dumps(dict(OTHER.jwk))}'": "the key is another",
    "UPDATE party_keys SET ends_at = NULL": "ends_at",
    "UPDATE webhooks SET unit_id = 'jt-jarva'": "the log knows no such webhook",
    "DELETE FROM webhooks": "the webhook is missing",
    "UPDATE audit SET unit = NULL WHERE action = 'delivery_handled'": "unit",
    "UPDATE audit SET message_id = NULL WHERE action = 'delivery_dead'": "message_id",
}


@pytest.fixture
async def beside(hub: Hub, tmp_path: Path) -> Path:
    """The database of a hub where copies have come to different ends, as it is beside the running hub."""
    until = (hub.clock.now() + timedelta(hours=2)).isoformat()
    consent = events.consent(at=hub.clock.now(), person=persons.ASTA)
    await office.send(hub, "consent.recorded", "sd-farsta", consent, expirytime=until)
    copies = []
    for person in (persons.ASTA, persons.BO, persons.CAI):
        if person is not persons.ASTA:
            await office.send(hub, "consent.recorded", "sd-farsta", events.consent(at=hub.clock.now(), person=person))
        sent = await office.accepted(hub, "referral.submitted", "sd-farsta", person=person)
        copies.append(str(sent.receipt["recipients"][0]["delivery"]))
    await hub.read(copies[0], "jt-sydost")
    await hub.report_handled(copies[0], "jt-sydost", "handled", None)
    await hub.bury(copies[1], DeathReason.PUSH_EXHAUSTED, 17)
    key = PartyKey("jt-sydost", KEY.thumbprint, KeyKind.JWK, "2026-1", KEY.jwk, hub.clock.now())
    await hub.group.submit(AddKey("operator", key))
    await hub.group.submit(RevokeKey("operator", key.unit_id, key.key_id))
    await hub.group.submit(SetWebhook("jt-sydost", "operator", "https://sydost.example/hook"))
    return hub.settings.data_dir / bootstrap.DATABASE


def found_after(statement: str, database: Path, copy: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as theirs, closing(sqlite3.connect(copy)) as ours:
        theirs.backup(ours)
        ours.executescript(statement)
        ours.commit()
    with open_readonly(copy) as reader:
        return [each.what for each in matching.compare(reader).differences]


@pytest.mark.parametrize("statement", ALTERED)
async def test_what_is_written_beside_the_hub_is_found(statement: str, beside: Path, tmp_path: Path) -> None:
    found = found_after(statement, beside, tmp_path / "altered")
    assert any(ALTERED[statement] in what for what in found), found


async def test_what_was_not_altered_agrees(beside: Path, tmp_path: Path) -> None:
    assert found_after("", beside, tmp_path / "same") == []


def numbered(*sequences: int) -> tallying.Tally:
    """Messages of one case, in the order of their entries, with these numbers."""
    tally = tallying.Tally()
    for index, sequence in enumerate(sequences):
        _, message, copy = stored.sent(delivery={"sequence": sequence})
        tally.add(index, message, [copy])
    return tally


def test_numbers_follow_the_order_of_the_log() -> None:
    assert [what for *_, what in numbered(2, 1).wrong] == ["sequence"]
    assert [what for *_, what in numbered(1, 2, 2).wrong] == ["sequence"]
    assert numbered(1, 2, 3).wrong == numbered(1, 2, 3).gaps == []


def test_a_number_may_be_missing_only_where_messages_were_erased() -> None:
    tally = numbered(2, 3, 5)
    assert tally.wrong == []
    assert len(tally.gaps) == 2
