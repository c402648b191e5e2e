"""A hub in one file on disk, so that it outlives the death of the adapter's process."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hub.client.answers import ClaimCheck, InboxPage, Problem, Receipt
from hub.client.client import Event, Outcome
from hub.client.errors import Refused
from schemas import envelope
from schemas.envelope import Envelope

CASE = "11111111-2222-4333-8444-555555555555"
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def refused(status: int, code: str | None, title: str = "Nej") -> Refused:
    return Refused(Problem(status=status, code=code, title=title))


def delivery(number: int, *, words: str = "hej", case: str = CASE) -> Envelope:
    return envelope.parse_structured(
        {
            "specversion": "1.0",
            "id": f"aaaaaaaa-0000-4000-8000-{number:012d}",
            "source": "/units/jt-sydost",
            "type": "se.samverkan.plan.proposed",
            "time": "2026-03-02T10:00:00+01:00",
            "subject": case,
            "sequence": number,
            "deliveryid": delivery_id(number),
            "data": {"content": {"words": words}},
        }
    )


def delivery_id(number: int) -> str:
    return f"dddddddd-0000-4000-8000-{number:012d}"


@dataclass
class FakeHub:
    """`verdicts` say what a call raises, by what it is about; `step` is called before and after every effect."""

    ledger: Path
    deliveries: list[Envelope] = field(default_factory=list)
    step: Callable[[str], None] = lambda name: None
    verdicts: dict[str, list[Exception] | Exception] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    # -- what it knows, for the test ------------------------------------------------------------------------------

    def rows(self, kind: str) -> list[dict[str, Any]]:
        if not self.ledger.exists():
            return []
        rows = [json.loads(line) for line in self.ledger.read_text(encoding="utf-8").splitlines()]
        return [row for row in rows if row["kind"] == kind]

    @property
    def accepted(self) -> list[dict[str, Any]]:
        """Events in the order in which they took effect; the same id a second time takes none."""
        return [row["event"] for row in self.rows("sent")]

    @property
    def acked(self) -> set[str]:
        return {row["delivery"] for row in self.rows("ack")}

    @property
    def reports(self) -> dict[str, list[Any]]:
        return {row["delivery"]: [row["outcome"], row["note"]] for row in self.rows("handled")}

    # -- the port -------------------------------------------------------------------------------------------------

    async def send(self, event: Event) -> Receipt:
        document = dict(event) if isinstance(event, Mapping) else envelope.to_structured(event)
        known = {each["id"] for each in self.accepted}
        self._meet("send", _words_of(document))
        if document["id"] not in known:
            self._write({"kind": "sent", "event": document})
        self.step("send answered")
        return Receipt(
            id=document["id"],
            source=document["source"],
            status="accepted",
            recordedtime=AT,
            rulebook="sha256:0",
            repeated=document["id"] in known,
        )

    async def inbox(
        self, *, wait: timedelta = timedelta(0), limit: int | None = None, cursor: str | None = None
    ) -> InboxPage:
        self._meet("inbox", "")
        behind = int(cursor or 0)
        acked = self.acked
        there = [
            (place, each)
            for place, each in enumerate(self.deliveries, 1)
            if place > behind and each.deliveryid not in acked
        ][:2]
        items = tuple(_claim(each) for _, each in there)
        return InboxPage(items=items, next=str(there[-1][0]) if there else cursor)

    async def fetch(self, delivery_id: str) -> Envelope:
        self._meet("fetch", delivery_id)
        self.step("fetch answered")
        return next(each for each in self.deliveries if each.deliveryid == delivery_id)

    async def ack(self, delivery_id: str) -> None:
        self._meet("ack", delivery_id)
        if delivery_id not in self.acked:
            self._write({"kind": "ack", "delivery": delivery_id})
        self.step("ack answered")

    async def handled(self, delivery_id: str, outcome: Outcome, note: str | None = None) -> None:
        self._meet("handled", delivery_id)
        if self.reports.get(delivery_id, [outcome])[0] != outcome:
            raise refused(409, "ALREADY_ANSWERED")
        if delivery_id not in self.reports:
            self._write({"kind": "handled", "delivery": delivery_id, "outcome": outcome, "note": note})
        self.step("handled answered")

    def _meet(self, call: str, about: str) -> None:
        self.calls.append(f"{call} {about}".strip())
        self.step(call)
        for key in (call, f"{call} {about}"):
            verdict = self.verdicts.get(key)
            if isinstance(verdict, list):
                if verdict:
                    raise verdict.pop(0)
            elif verdict is not None:
                raise verdict

    def _write(self, row: dict[str, Any]) -> None:
        with self.ledger.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def _words_of(event: Mapping[str, Any]) -> str:
    return str(event["data"].get("words", ""))


def _claim(event: Envelope) -> ClaimCheck:
    return ClaimCheck(
        delivery=str(event.deliveryid),
        message=event.id,
        type=event.type,
        source=event.source,
        sequence=event.sequence or 0,
        recordedtime=AT,
        dataref=f"/v1/inbox/{event.deliveryid}",
        state="pending",
        subject=event.subject,
    )
