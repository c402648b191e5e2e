import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from hub.client import answers, errors
from hub.client.calling import Patience
from hub.client.client import HubClient
from hub.client.events import new_event
from tests.unit.client.small_hub import PROBLEM, RECEIPT, answer, drop, raw

EVENT = new_event("referral.submitted", "sd-farsta", {"content": {"note": "Asta Provberg"}})


async def test_an_accepted_message_gives_its_receipt(small_hub, client):
    small_hub.will(answer(202, RECEIPT))
    receipt = await client.send(EVENT)
    assert receipt.case == RECEIPT["case"]
    assert receipt.recordedtime == datetime(2026, 2, 2, 9, 0, 0, 123000, UTC)
    assert receipt.log == answers.LogPosition(index=1234, leaf="ab" * 32)
    assert receipt.recipients[0].withheld == ("/content/note",)
    assert receipt.recipients[0].basis.consent == "c1"
    assert receipt.repeated is False


async def test_the_same_receipt_again_says_so(small_hub, client):
    small_hub.will(answer(200, RECEIPT))
    assert (await client.send(EVENT)).repeated is True


async def test_sends_a_structured_event_with_the_token(small_hub, client):
    small_hub.will(answer(202, RECEIPT))
    await client.send(EVENT)
    ((method, target, headers, body),) = small_hub.calls
    assert (method, target) == ("POST", "/v1/messages")
    assert headers["Content-Type"] == "application/cloudevents+json"
    assert headers["Authorization"] == "Bearer secret-token"
    assert json.loads(body)["id"] == EVENT.id


async def test_a_dict_is_sent_as_it_stands(small_hub, client):
    small_hub.will(answer(202, RECEIPT))
    await client.send({"id": "x", "å": 1})
    assert small_hub.bodies == ['{"id":"x","å":1}'.encode()]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_tries_again_with_the_same_bytes(small_hub, client, status):
    small_hub.will(answer(status), answer(status), answer(202, RECEIPT))
    assert (await client.send(EVENT)).status == "accepted"
    assert len(small_hub.bodies) == 3
    assert len(set(small_hub.bodies)) == 1


async def test_a_broken_connection_is_tried_again_and_the_repeated_receipt_taken(small_hub, client):
    """The hub had accepted it; only its answer was lost."""
    small_hub.will(drop, answer(200, RECEIPT))
    receipt = await client.send(EVENT)
    assert receipt.repeated is True
    assert len(set(small_hub.bodies)) == 1


async def test_waits_grow_between_attempts(small_hub, waits):
    small_hub.will(answer(503))
    patience = Patience(attempts=5, jitter=timedelta(0), longest_wait=timedelta(seconds=0.5))
    async with HubClient(small_hub.url, "t", patience=patience) as client:
        with pytest.raises(errors.HubUnavailable):
            await client.send(EVENT)
    assert waits == [0.1, 0.2, 0.4, 0.5]


async def test_the_hub_says_when_to_try_again(small_hub, client, waits):
    small_hub.will(answer(503, Retry_After="7"), answer(429, Retry_After="0"), answer(202, RECEIPT))
    await client.send(EVENT)
    assert waits == [7, 0]


async def test_a_date_says_when_to_try_again_by_the_hubs_own_clock(small_hub, client, waits):
    noon, half_past = "Mon, 02 Feb 2026 12:00:00 GMT", "Mon, 02 Feb 2026 12:00:30 -0000"
    later = answer(503, Date=noon, Retry_After=half_past)
    earlier = answer(503, Date=half_past, Retry_After=noon)
    small_hub.will(later, earlier, answer(202, RECEIPT))
    await client.send(EVENT)
    assert waits == [30, 0]


@pytest.mark.parametrize(("header", "least", "most"), [("86400", 60, 60), ("soon", 0.1, 1.1), ("-5", 0.1, 1.1)])
async def test_no_hub_makes_the_client_wait_for_ever(small_hub, client, waits, header, least, most):
    small_hub.will(answer(503, Retry_After=header), answer(202, RECEIPT))
    await client.send(EVENT)
    assert least <= waits[0] <= most


async def test_gives_up_after_the_last_attempt(small_hub, client):
    small_hub.will(answer(503, PROBLEM))
    with pytest.raises(errors.HubUnavailable) as raised:
        await client.send(EVENT)
    assert str(raised.value) == "the hub is not available (503)"
    assert len(small_hub.calls) == 4


async def test_a_hub_that_is_not_there_is_unavailable(free_port, waits):
    async with HubClient(f"http://127.0.0.1:{free_port}", "t", patience=Patience(attempts=3)) as client:
        with pytest.raises(errors.HubUnavailable) as raised:
            await client.send(EVENT)
    assert raised.value.reason == "ClientConnectorError"
    assert len(waits) == 2


async def test_a_hub_that_is_silent_is_unavailable(small_hub, waits):
    async def never(_):
        await asyncio.Event().wait()

    small_hub.will(never)
    patience = Patience(attempts=2, answer=timedelta(seconds=0.05))
    async with HubClient(small_hub.url, "t", patience=patience) as client:
        with pytest.raises(errors.HubUnavailable):
            await client.send(EVENT)
    assert len(small_hub.calls) == 2


async def test_a_fault_inside_the_hub_is_not_hammered(small_hub, client):
    small_hub.will(answer(500, PROBLEM))
    with pytest.raises(errors.HubUnavailable) as raised:
        await client.send(EVENT)
    assert raised.value.reason == "500"
    assert len(small_hub.calls) == 1


async def test_a_refusal_tells_code_faults_and_recipients(small_hub, client):
    small_hub.will(answer(422, PROBLEM))
    with pytest.raises(errors.Refused) as raised:
        await client.send(EVENT)
    refused = raised.value
    assert (refused.status, refused.code) == (422, "SCHEMA_INVALID")
    assert (refused.title, refused.detail) == (PROBLEM["title"], PROBLEM["detail"])
    assert refused.errors == (answers.FieldFault(**PROBLEM["errors"][0]),)
    assert refused.recipients[0].verdict == "refuse"
    assert len(small_hub.calls) == 1


async def test_errors_hold_nothing_of_the_message(small_hub, client):
    small_hub.will(answer(422, PROBLEM | {"detail": "Asta Provberg", "title": "Asta Provberg"}))
    with pytest.raises(errors.HubError) as raised:
        await client.send(EVENT)
    assert str(raised.value) == "422 SCHEMA_INVALID"
    assert "Asta" not in repr(raised.value)


async def test_a_bad_token_is_told_apart(small_hub, client):
    small_hub.will(answer(401, {"status": 401, "code": "NOT_AUTHENTICATED", "title": "Giltig token saknas"}))
    with pytest.raises(errors.NotAuthenticated) as raised:
        await client.units()
    assert raised.value.problem.code == "NOT_AUTHENTICATED"
    assert "secret-token" not in str(raised.value)


@pytest.mark.parametrize("body", [b"<html>413</html>", b"", b"[1]", b'{"errors": 7}', b"\xff"])
async def test_a_proxys_refusal_has_its_status_only(small_hub, client, body):
    small_hub.will(raw(body, status=413))
    with pytest.raises(errors.Refused) as raised:
        await client.send(EVENT)
    assert raised.value.problem == answers.Problem(status=413)
    assert str(raised.value) == "413"


@pytest.mark.parametrize(
    "given",
    [raw(b"<html>hello</html>"), answer(200, []), answer(200, {"id": "x"}), raw(b'{"id": 1, "id": 2}'), raw(b"")],
)
async def test_an_answer_of_something_else_is_not_taken_for_a_receipt(small_hub, client, given):
    small_hub.will(given)
    with pytest.raises(errors.AnswerNotUnderstood):
        await client.send(EVENT)


async def test_redirects_are_not_followed(small_hub, client):
    small_hub.will(answer(307, Location="http://127.0.0.1:1/steal"))
    with pytest.raises(errors.AnswerNotUnderstood, match="status 307"):
        await client.send(EVENT)
    assert len(small_hub.calls) == 1


async def test_a_function_gives_a_fresh_token_for_every_attempt(small_hub, waits):
    given = iter(["first", "second"])

    async def token():
        return next(given)

    small_hub.will(answer(503), answer(202, RECEIPT))
    async with HubClient(small_hub.url, token) as client:
        await client.send(EVENT)
    assert [call[2]["Authorization"] for call in small_hub.calls] == ["Bearer first", "Bearer second"]


async def test_public_data_needs_no_token(small_hub):
    small_hub.will(answer(200, {"items": []}))
    async with HubClient(small_hub.url + "/") as client:
        assert await client.catalogue() == {"items": []}
    assert "Authorization" not in small_hub.calls[0][2]
    assert small_hub.targets == ["GET /v1/catalogue"]


@pytest.mark.parametrize(
    "delivery_id", ["", "..", "../../v1/cases/x", "a/b", "a?b=c", "a#b", "å", "%2e%2e", "a b", ".x"]
)
async def test_an_id_cannot_lead_elsewhere(small_hub, client, delivery_id):
    with pytest.raises(ValueError, match="an id is made of") as raised:
        await client.fetch(delivery_id)
    assert not small_hub.calls
    assert not delivery_id or delivery_id not in str(raised.value).split()


async def test_a_closed_client_says_so(small_hub):
    client = HubClient(small_hub.url, "t")
    with pytest.raises(RuntimeError, match="async with"):
        await client.send(EVENT)
    async with client:
        pass
    await client.close()
    with pytest.raises(RuntimeError, match="async with"):
        await client.ready()


def test_the_address_has_a_scheme():
    with pytest.raises(ValueError, match="http:// or https://"):
        HubClient("hub.example", "t")
