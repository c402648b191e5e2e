"""What a commit group writes into one table travels together, and is the same as row after row."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hub.store import port, records
from tests.contract import stored


async def test_takes_many_rows_of_one_table_as_they_are(store: port.Store) -> None:
    odd = 'å "quoted" \\back\\slash %s \u2028 \U0001f4a9 {"a": null}'
    sealed = [bytes(range(256)), b"", b"\\x00"]
    sent = [stored.sent(sealed=each, receipt={"told": odd}, envelope={"subject": odd})[0] for each in sealed]
    sent[1].messages[0] = replace(sent[1].messages[0], case_id=None, expires_at=stored.NOON + timedelta(days=1))
    cases = [
        stored.case("case-1", suspended=True, closed_at=stored.NOON, team=odd),
        stored.case("case-2", suspended=False, memory=bytes(range(256)), next_at=stored.NOON),
    ]
    changes = records.Changes(
        messages=[each.messages[0] for each in sent],
        deliveries=[each.deliveries[0] for each in sent],
        cases={each.case.case_id: each for each in cases},
    )
    await stored.keep(store, changes)
    delivered = store.reader().find_deliveries([each.delivery_id for each in changes.deliveries])
    assert [delivered[each.delivery_id].delivery for each in changes.deliveries] == changes.deliveries
    assert [delivered[each.delivery_id].message for each in changes.deliveries] == changes.messages
    assert store.reader().find_cases(["case-1", "case-2"]) == changes.cases
    found = store.reader().list_inbox("jt-sydost", limit=10, at=stored.NOON)
    assert [each.delivery_id for each in found] == [each.delivery_id for each in changes.deliveries]


async def test_of_two_changes_of_one_row_in_a_group_the_later_stays(store: port.Store) -> None:
    first, second = stored.consent("consent-1"), stored.consent("consent-1", status="void", told_days=30)
    await stored.keep(store, records.Changes(consents=[first, stored.consent("consent-2"), second]))
    assert store.reader().find_consents(consent_ids=["consent-1"]) == [second]


async def test_counts_copies_that_are_published_read_and_written_in_one_group(store: port.Store) -> None:
    """Each once, by where it stood before, whatever this group does to it first."""
    sent = [stored.sent()[0] for _ in range(3)]
    await stored.keep(store, *sent[:2])
    ids = [each.deliveries[0].delivery_id for each in sent]
    read = records.DeliveryChange(ids[0], state=records.DeliveryState.READ)
    published = replace(sent[2], delivery_changes=[read], published=[*ids, ids[1], "nobody"])
    await stored.keep(store, published)
    assert store.reader().count_by_state() == {"read": 1, "notified": 2}
    states = {each.delivery.delivery_id: each.delivery.state for each in store.reader().find_deliveries(ids).values()}
    assert [states[each].value for each in ids] == ["read", "notified", "notified"]
