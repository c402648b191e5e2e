"""Faults of the call itself: its bytes, its address, its token."""

from __future__ import annotations

import base64
import gzip
import io
import json
from typing import Any

from tests.acceptance.ways import MARK, farsta_refers, way
from tests.support import events, party
from tests.support.field import Field
from tests.support.party import Answer

# -- 400 -------------------------------------------------------------------------------------------------------------


@way(400, "NOT_JSON")
async def broken_text(field: Field) -> Answer:
    return await field.party("sd-farsta").post(f'{{"id": "{MARK}"'.encode())


@way(400, "NOT_JSON")
async def a_name_twice(field: Field) -> Answer:
    return await field.party("sd-farsta").post(f'{{"id": "{MARK}", "id": "{MARK}"}}'.encode())


@way(400, "NOT_JSON")
async def a_name_twice_deep_inside(field: Field) -> Answer:
    event = json.dumps(field.party("sd-farsta").event("referral.submitted", farsta_refers()))
    doubled = event.replace(
        '"protected_identity": "none"', '"protected_identity": "unknown", "protected_identity": "none"'
    )
    assert doubled != event
    return await field.party("sd-farsta").post(doubled.encode())


@way(400, "NOT_JSON")
async def not_a_number(field: Field) -> Answer:
    return await field.party("sd-farsta").post(f'{{"{MARK}": NaN}}'.encode())


@way(400, "NOT_JSON")
async def infinity(field: Field) -> Answer:
    return await field.party("sd-farsta").post(f'{{"{MARK}": -Infinity}}'.encode())


@way(400, "NOT_JSON")
async def invalid_utf8(field: Field) -> Answer:
    return await field.party("sd-farsta").post(b'{"id": "' + MARK.encode() + b'\xff\xfe"}')


@way(400, "NOT_JSON")
async def a_lone_surrogate(field: Field) -> Answer:
    return await field.party("sd-farsta").post(b'{"id": "' + MARK.encode() + b'\\ud800"}')


@way(400, "NOT_JSON")
async def a_byte_order_mark(field: Field) -> Answer:
    event = field.party("sd-farsta").event("referral.submitted", farsta_refers())
    return await field.party("sd-farsta").post(b"\xef\xbb\xbf" + json.dumps(event).encode())


@way(400, "NOT_JSON")
async def two_thousand_levels(field: Field) -> Answer:
    return await field.party("sd-farsta").post(b'{"data":' + b"[" * 2000 + b"]" * 2000 + b"}")


@way(400, "NOT_JSON")
async def two_hundred_thousand_levels(field: Field) -> Answer:
    return await field.party("sd-farsta").post(b"[" * 200_000)


@way(400, "NOT_JSON")
async def a_compressed_body(field: Field) -> Answer:
    event = field.party("sd-farsta").event("referral.submitted", farsta_refers())
    raw = gzip.compress(json.dumps(event).encode())
    return await field.party("sd-farsta").post(raw, **{"Content-Encoding": "gzip"})


@way(400, "NOT_AN_EVENT")
async def no_event(field: Field) -> Answer:
    return await field.party("sd-farsta").post({MARK: MARK, "source": MARK})


@way(400, "NOT_AN_EVENT")
async def a_list(field: Field) -> Answer:
    return await field.party("sd-farsta").post([MARK])


@way(400, "NOT_AN_EVENT")
async def a_time_without_a_zone(field: Field) -> Answer:
    event = field.party("sd-farsta").event("referral.submitted", farsta_refers())
    return await field.party("sd-farsta").post(event | {"time": "2026-03-29T02:30:00"})


@way(400, "NOT_AN_EVENT")
async def an_attribute_that_only_the_hub_sets(field: Field) -> Answer:
    event = field.party("sd-farsta").event("referral.submitted", farsta_refers(), recordedby=MARK)
    return await field.party("sd-farsta").post(event)


@way(400, "NOT_AN_EVENT")
async def a_batch_of_101(field: Field) -> Answer:
    return await field.party("sd-farsta").post([{}] * 101, party.BATCH)


@way(400, "BAD_PARAMETER")
async def a_misspelt_parameter(field: Field) -> Answer:
    return await field.party("sd-farsta").call("GET", "/v1/inbox", params={"limt": "1", MARK: MARK})


@way(400, "BAD_PARAMETER")
async def a_limit_that_is_no_number(field: Field) -> Answer:
    return await field.party("sd-farsta").call("GET", "/v1/inbox", params={"limit": MARK})


@way(400, "BAD_PARAMETER")
async def a_limit_too_large(field: Field) -> Answer:
    return await field.party("sd-farsta").call("GET", "/v1/inbox", params={"limit": "501"})


@way(400, "BAD_PARAMETER")
async def a_wait_too_long(field: Field) -> Answer:
    return await field.party("sd-farsta").call("GET", "/v1/inbox", params={"wait": "31"})


@way(400, "BAD_PARAMETER")
async def a_cursor_from_nowhere(field: Field) -> Answer:
    return await field.party("sd-farsta").call("GET", "/v1/inbox", params={"cursor": MARK})


@way(400, "BAD_PARAMETER")
async def a_state_that_is_none(field: Field) -> Answer:
    return await field.party("sd-farsta").call("GET", "/v1/inbox", params={"state": MARK})


@way(400, "BAD_PARAMETER")
async def a_case_that_is_no_id(field: Field) -> Answer:
    return await field.party("sd-farsta").call("GET", "/v1/messages", params={"case": MARK})


@way(400, "BAD_PARAMETER")
async def a_since_without_a_zone(field: Field) -> Answer:
    return await field.party("sd-farsta").call("GET", "/v1/messages", params={"since": "2026-01-01T00:00:00"})


@way(400, "BAD_PARAMETER")
async def a_day_that_is_none(field: Field) -> Answer:
    return await field.get("/v1/directory/units", on=MARK)


# -- 401 -------------------------------------------------------------------------------------------------------------


@way(401, "NOT_AUTHENTICATED")
async def no_token(field: Field) -> Answer:
    return await field.stranger().call("GET", "/v1/inbox")


@way(401, "NOT_AUTHENTICATED")
async def a_token_that_is_none(field: Field) -> Answer:
    return await field.stranger(MARK).call("GET", "/v1/inbox")


@way(401, "NOT_AUTHENTICATED")
async def a_changed_token(field: Field) -> Answer:
    head, body, seal = field.hub.token("sd-farsta").split(".")
    return await field.stranger(f"{head}.{body}.{seal[:-4]}AAAA").call("GET", "/v1/inbox")


@way(401, "NOT_AUTHENTICATED")
async def an_unsigned_token(field: Field) -> Answer:
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    body = field.hub.token("sd-farsta").split(".")[1]
    return await field.stranger(f"{head}.{body}.").call("GET", "/v1/inbox")


@way(401, "NOT_AUTHENTICATED")
async def a_password(field: Field) -> Answer:
    return await field.stranger().call("GET", "/v1/inbox", headers={"Authorization": "Basic " + MARK})


@way(401, "NOT_AUTHENTICATED")
async def a_token_in_the_address(field: Field) -> Answer:
    return await field.get("/v1/inbox", access_token=field.hub.token("sd-farsta"))


# -- 404, 405 --------------------------------------------------------------------------------------------------------


@way(404, "NOT_FOUND")
async def an_address_that_leads_nowhere(field: Field) -> Answer:
    return await field.get(f"/{MARK}")


@way(404, "NOT_FOUND")
async def a_delivery_that_is_no_id(field: Field) -> Answer:
    return await field.party("sd-farsta").read(MARK)


@way(404, "NOT_FOUND")
async def an_unknown_message(field: Field) -> Answer:
    return await field.party("sd-farsta").sent(events.new_id())


@way(404, "NOT_FOUND")
async def an_unknown_schema(field: Field) -> Answer:
    return await field.get(f"/schemas/{MARK.lower()}/1.0")


@way(405, "METHOD_NOT_ALLOWED")
async def a_method_that_the_address_has_not(field: Field) -> Answer:
    return await field.party("sd-farsta").call("DELETE", "/v1/inbox")


@way(405, "METHOD_NOT_ALLOWED")
async def a_question_for_the_options(field: Field) -> Answer:
    return await field.party("sd-farsta").call("OPTIONS", "/v1/messages")


# -- 413, 415 --------------------------------------------------------------------------------------------------------


@way(413, "TOO_LARGE")
async def a_byte_too_many(field: Field) -> Answer:
    return await field.party("sd-farsta").call(
        "POST", "/v1/messages", data=io.BytesIO(b" " * (1024 * 1024 + 1)), headers={"Content-Type": party.STRUCTURED}
    )


@way(413, "TOO_LARGE")
async def a_body_without_an_end(field: Field) -> Answer:
    async def pieces() -> Any:
        for _ in range(40):
            yield b" " * 65536

    return await field.party("sd-farsta").call(
        "POST", "/v1/messages", data=pieces(), headers={"Content-Type": party.STRUCTURED}
    )


@way(415, "WRONG_MEDIA_TYPE")
async def a_form(field: Field) -> Answer:
    return await field.party("sd-farsta").post(MARK.encode(), "application/x-www-form-urlencoded")


@way(415, "WRONG_MEDIA_TYPE")
async def another_character_set(field: Field) -> Answer:
    return await field.party("sd-farsta").post({}, party.STRUCTURED + "; charset=iso-8859-1")


@way(415, "WRONG_MEDIA_TYPE")
async def a_report_that_is_no_json(field: Field) -> Answer:
    case = await field.refer()
    delivery = party.delivery_of(case.referral, case.jobbtorg.unit)
    return await case.jobbtorg.call(
        "POST", f"/v1/inbox/{delivery}/handled", data=MARK, headers={"Content-Type": "text/plain"}
    )
