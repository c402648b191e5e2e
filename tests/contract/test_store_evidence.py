"""What senders have signed: kept with its message, gone with its body or its lane."""

from __future__ import annotations

import pytest

from hub.store import port, records
from hub.store.signed import StoredEvidence
from tests.contract import stored


async def write(store: port.Store, **changes: object) -> None:
    group = store.begin()
    group.write(records.Changes(**changes))  # type: ignore[arg-type]
    await store.commit(group)


def evidence_of(message: records.StoredMessage, lane_id: str | None = None) -> StoredEvidence:
    return StoredEvidence(message.key.source, message.key.message_id, lane_id or message.lane_id, b"sealed")


@pytest.fixture
async def messages(store: port.Store) -> list[records.StoredMessage]:
    made = [stored.message(), stored.message()]
    await write(store, messages=made, evidence=[evidence_of(made[0], "case-a"), evidence_of(made[1], "case-b")])
    return made


def found(store: port.Store, message: records.StoredMessage) -> StoredEvidence | None:
    return store.reader().find_evidence(message.key.source, message.key.message_id)


async def test_gives_evidence_back_to_its_source_only(store: port.Store, messages: list[records.StoredMessage]) -> None:
    assert found(store, messages[0]) == evidence_of(messages[0], "case-a")
    assert store.reader().find_evidence("/units/nobody", messages[0].key.message_id) is None
    assert store.reader().find_evidence(messages[0].key.source, "unknown") is None


async def test_evidence_goes_with_its_lane(store: port.Store, messages: list[records.StoredMessage]) -> None:
    await write(store, shreds=[records.Shred(lanes={"case-a": "case-a"})])
    assert [found(store, each) is None for each in messages] == [True, False]


async def test_evidence_goes_with_the_body_of_its_message(
    store: port.Store, messages: list[records.StoredMessage]
) -> None:
    await write(store, erased_bodies=[1])
    assert sum(found(store, each) is None for each in messages) == 1
