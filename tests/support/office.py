"""Parties inside the process: what they send to a hub and find in its inboxes, without HTTP between."""

from __future__ import annotations

from typing import Any

from hub.delivery.reading import Opened
from hub.intake.accepting import Accepted
from hub.intake.receiving import NotAccepted
from hub.service import Hub
from schemas import envelope as envelopes
from tests.support import events

Answer = Accepted | NotAccepted


async def send(
    hub: Hub, type_name: str, unit: str, body: Any, subject: str | None = None, **attributes: Any
) -> Accepted | NotAccepted:
    event = events.event(type_name, unit, body, at=hub.clock.now(), subject=subject, **attributes)
    return await hub.accept(envelopes.parse_structured(event), unit)


async def tell(hub: Hub, type_name: str, unit: str, subject: str | None = None, **parts: Any) -> Answer:
    """A message with defaults; `parts` as for `events.data`."""
    return await send(hub, type_name, unit, events.data(type_name, at=hub.clock.now(), **parts), subject)


async def accepted(hub: Hub, type_name: str, unit: str, subject: str | None = None, **parts: Any) -> Accepted:
    """As `tell`, and it must be taken."""
    answer = await tell(hub, type_name, unit, subject, **parts)
    assert isinstance(answer, Accepted), answer
    return answer


async def refer(hub: Hub) -> tuple[str, str, str]:
    """Case, delivery and consent of a referral that waits in the jobbtorg's inbox."""
    consent = events.consent(at=hub.clock.now())
    assert isinstance(await send(hub, "consent.recorded", "sd-farsta", consent), Accepted)
    referral = await accepted(hub, "referral.submitted", "sd-farsta")
    (row,) = referral.receipt["recipients"]
    return referral.receipt["case"], row["delivery"], consent["content"]["consent_id"]


async def notices(hub: Hub, unit: str, name: str) -> list[dict[str, Any]]:
    """The content of every notice of this type that waits for the unit."""
    found = []
    for claim in await hub.list_inbox(unit, limit=100):
        if claim.type == name:
            opened = await hub.read(claim.delivery_id, unit)
            assert isinstance(opened, Opened)
            found.append(dict(opened.event["data"]["content"]))
    return found


async def open_all(hub: Hub, unit: str) -> None:
    """The unit reads everything that waits for it."""
    for claim in await hub.list_inbox(unit, limit=100):
        await hub.read(claim.delivery_id, unit)


def outcome(answer: Answer) -> str:
    return "accepted" if isinstance(answer, Accepted) else answer.refusal.code.value
