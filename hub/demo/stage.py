"""The units on stage: each speaks with the hub over HTTP under its own token, as its own system would."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self

from hub.client import events
from hub.client.answers import Receipt
from hub.client.client import HubClient
from hub.client.errors import Refused
from hub.clock import SystemClock
from hub.demo.telling import Teller
from hub.identity.tokens import TokenIssuer
from routing.situation import day_in_stockholm

CLOCK: Final = SystemClock()
TOKEN_LIFE: Final = timedelta(minutes=10)
JOBBTORG, AF, FINSAM = "jobbtorg_planning", "af_coordination", "finsam_joint_planning"


class Stage:
    """Sends, tells, and lets every recipient open what it got."""

    def __init__(self, url: str, issuer: TokenIssuer, teller: Teller) -> None:
        self._url = url
        self._issuer = issuer
        self._teller = teller
        self._clients: dict[str, HubClient] = {}
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def client(self, unit: str) -> HubClient:
        if unit not in self._clients:
            token = self._issuer.issue(unit, TOKEN_LIFE, CLOCK.now())
            self._clients[unit] = await self._open.enter_async_context(HubClient(self._url, token))
        return self._clients[unit]

    async def send(
        self,
        unit: str,
        type: str,
        data: Mapping[str, Any],
        *,
        case: str | None = None,
        remark: str = "",
        opened: bool = True,
    ) -> Receipt | None:
        """Sends one message and tells what became of it; None when it was refused. `opened`: recipients read it."""
        self._teller.step(unit, type, remark)
        client = await self.client(unit)
        try:
            receipt = await client.send(events.new_event(type, unit, data, subject=case))
        except Refused as refused:
            self._tell_refusal(refused)
            return None
        for result in receipt.recipients:
            self._teller.recipient(result)
            if opened and result.delivery is not None:
                await self._read(result.unit, result.delivery)
        return receipt

    def _tell_refusal(self, refused: Refused) -> None:
        if not refused.recipients:
            self._teller.refusal(refused.code, refused.title)
        for result in refused.recipients:
            self._teller.recipient(result)

    async def _read(self, unit: str, delivery: str) -> None:
        """The recipient opens the message, takes it over and says that it is handled."""
        client = await self.client(unit)
        event = await client.fetch(delivery)
        fields = [name for name in event.data if name == "person"] + sorted(event.data["content"])
        self._teller.reading(unit, fields)
        await client.ack(delivery)
        await client.handled(delivery, "handled")


def handling(
    purpose: str,
    categories: Sequence[str],
    *,
    function: str,
    role: str,
    to: Sequence[Mapping[str, str]] = (),
    basis: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """The part of a message that says how it is to be handled."""
    return {
        "to": list(to),
        "function": function,
        "officer_role": role,
        "purpose": purpose,
        "occurred_at": _now(),
        "basis": list(basis),
        "categories": sorted(categories),
        "protected_identity": "none",
    }


def by_consent(kind: str, consent_id: str, role: str) -> dict[str, str]:
    """The sender's assessment that a consent covers the disclosure to this kind of recipient."""
    return {
        "recipient_kind": kind,
        "code": "CONSENT",
        "consent_id": consent_id,
        "assessed_by_role": role,
        "assessed_at": _now(),
    }


def on_request(kind: str, role: str) -> dict[str, str]:
    """The sender's assessment that the stadsdel has asked to be told (SoL 2025:400 15:9)."""
    return {"recipient_kind": kind, "code": "SOL_15_9", "assessed_by_role": role, "assessed_at": _now()}


def consent(
    person: Mapping[str, str],
    unit: str,
    role: str,
    purpose: str,
    edges: Sequence[tuple[str, str, Sequence[str]]],
    *,
    consent_id: str | None = None,
    version: int = 1,
    excluded: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """The data of `consent.recorded`: who may tell whom what, signed today, for half a year."""
    today = day_in_stockholm(CLOCK.now())
    content = {
        "consent_id": consent_id or str(uuid.uuid4()),
        "version": version,
        "purpose": purpose,
        "edges": [
            {
                "holder_authority": holder,
                "recipient_authority": recipient,
                "categories": list(categories),
                "confirmed_by_holder": True,
            }
            for holder, recipient, categories in edges
        ],
        "excluded": list(excluded),
        "valid_from": today.isoformat(),
        "valid_to": (today + timedelta(days=180)).isoformat(),
        "given_by": {"kind": "self"},
        "decision_capable": "yes",
        "method": "paper_signed",
        "signed_on": today.isoformat(),
        "document_hash": "sha256:" + "0" * 64,
        "information_given": dict.fromkeys(
            ("purpose", "who", "what", "how_long", "voluntary", "withdrawal", "consequences_of_no"), True
        ),
        "language": "sv",
        "recorded_by": {"unit_id": unit, "officer_role": role},
        "recorded_at": _now(),
        "status": "active",
    }
    return {
        "handling": handling("consent_administration", ["ID", "ST"], function="samtycke", role=role),
        "person": person,
        "content": content,
    }


def day(offset: int) -> str:
    """The date so many days from today."""
    return (day_in_stockholm(CLOCK.now()) + timedelta(days=offset)).isoformat()


def _now() -> str:
    return CLOCK.now().isoformat(timespec="seconds")
