"""Files that go with messages: uploaded in parts, taken along, and gone with what they belong to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hub.store import port, records
from hub.store.attachments import PART_BYTES, AttachmentState, OpenUploads, StoredAttachment, StoredPart
from tests.contract import stored
from tests.contract.stored import NOON, keep


def file(attachment_id: str, **changes: Any) -> StoredAttachment:
    values: dict[str, Any] = {
        "attachment_id": attachment_id,
        "unit_id": "sd-farsta",
        "media_type": "application/pdf",
        "size": PART_BYTES + 1,
        "digest": "a" * 64,
        "state": AttachmentState.UPLOADING,
        "lane_id": "upload:sd-farsta",
        "key": b"sealed key",
        "begun_at": NOON,
        "ends_at": NOON + timedelta(hours=24),
    }
    return StoredAttachment(**values | changes)


def taken_along(attachment_id: str, message: records.StoredMessage) -> StoredAttachment:
    source, message_id = message.key.source, message.key.message_id
    return file(
        attachment_id,
        state=AttachmentState.READY,
        lane_id=message.lane_id,
        ends_at=None,
        source=source,
        message_id=message_id,
    )


def holding(*files: StoredAttachment, parts: int = 0) -> records.Changes:
    made = [StoredPart(each.attachment_id, number, b"sealed %d" % number) for each in files for number in range(parts)]
    return records.Changes(attachments={each.attachment_id: each for each in files}, attachment_parts=made)


def find(store: port.Store, attachment_id: str) -> StoredAttachment:
    return store.reader().find_attachments([attachment_id])[attachment_id]


def stale(store: port.Store, at: datetime = NOON) -> list[str]:
    return store.reader().list_stale_attachments(at, limit=10)


async def test_gives_a_file_back_as_it_was_written_last(store: port.Store) -> None:
    await keep(store, holding(file("a")))
    changed = file("a", state=AttachmentState.REFUSED, code="ATTACHMENT_TYPE", key=b"")
    await keep(store, holding(changed))
    assert store.reader().find_attachments(["a", "unknown"]) == {"a": changed}


async def test_parts_are_counted_and_may_be_done_again(store: port.Store) -> None:
    await keep(store, holding(file("a"), file("b"), parts=2))
    await keep(store, records.Changes(attachment_parts=[StoredPart("a", 1, b"\x00other\xff")]))
    reader = store.reader()
    assert reader.list_part_numbers("a") == [0, 1]
    assert (reader.find_part("a", 1), reader.find_part("b", 1)) == (b"\x00other\xff", b"sealed 1")
    assert reader.find_part("a", 2) is None


async def test_counts_a_units_own_uploads_that_no_message_has_taken_along(store: port.Store) -> None:
    message = stored.message()
    await keep(store, records.Changes(messages=[message]))
    others = [file("other", unit_id="af-stockholm"), file("refused", state=AttachmentState.REFUSED)]
    await keep(store, holding(file("a", size=10), file("b", size=7, state=AttachmentState.READY), *others))
    await keep(store, holding(taken_along("sent", message)))
    assert store.reader().count_open_uploads("sd-farsta") == OpenUploads(2, 17)
    assert store.reader().count_open_uploads("nobody") == OpenUploads(0, 0)


async def test_what_no_message_took_along_is_stale_when_its_time_is_over(store: port.Store) -> None:
    message = stored.message()
    await keep(store, records.Changes(messages=[message]))
    await keep(store, holding(file("late", ends_at=NOON + timedelta(hours=1)), file("over", ends_at=NOON)))
    await keep(store, holding(taken_along("sent", message)))
    assert stale(store) == ["over"]
    assert stale(store, NOON + timedelta(days=999)) == ["over", "late"]


async def test_what_is_dropped_loses_its_key_at_once_and_its_parts_few_at_a_time(store: port.Store) -> None:
    await keep(store, holding(file("a"), parts=40))
    await keep(store, records.Changes(dropped_attachments=["a"]))
    assert (find(store, "a").state, find(store, "a").key) == (AttachmentState.GONE, b"")
    assert stale(store) == ["a"]
    await keep(store, records.Changes(swept_attachments=["a"]))
    assert store.reader().list_part_numbers("a") == list(range(32, 40))
    await keep(store, records.Changes(swept_attachments=["a"]))
    assert store.reader().list_part_numbers("a") == []
    assert store.reader().find_attachments(["a"]) == {}
    assert stale(store) == []


async def test_a_file_is_gone_with_the_body_of_its_own_message(store: port.Store) -> None:
    # Two senders may give their messages the same id.
    first, other = stored.message("same"), stored.message("same", source="/units/af-stockholm")
    await keep(store, records.Changes(messages=[first, other]))
    await keep(store, holding(taken_along("first", first), taken_along("other", other)))
    await keep(store, records.Changes(erased_bodies=[1]))
    assert find(store, "first").key == b""
    assert find(store, "other").key == b"sealed key"


async def test_a_file_is_gone_with_its_lane(store: port.Store) -> None:
    first, other = stored.message(), stored.message(lane_id="case-2", case_id="case-2")
    await keep(store, records.Changes(messages=[first, other]))
    await keep(store, holding(taken_along("first", first), taken_along("other", other), file("upload")))
    await keep(store, records.Changes(shreds=[records.Shred(lanes={"case-1": "elsewhere"})]))
    assert [find(store, name).key for name in ("first", "other", "upload")] == [b"", b"sealed key", b"sealed key"]
