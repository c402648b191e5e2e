"""The client: everything that a unit's own system asks of the hub, as methods."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Any, BinaryIO, Final, Literal, Self, TypeVar

import aiohttp
import pydantic

from hub.client import listening, streaming, uploading
from hub.client.answers import (
    Attachment,
    BatchEntry,
    ClaimCheck,
    InboxPage,
    MessagePage,
    Problem,
    Receipt,
    SentMessage,
)
from hub.client.calling import EVENT_STREAM, Answer, Line, Patience, Token
from hub.client.errors import AnswerNotUnderstood, HubError
from hub.client.signing import MessageSigner
from schemas import envelope
from schemas.envelope import Envelope

Outcome = Literal["handled", "needs_info", "declined"]
Event = Envelope | Mapping[str, Any]
Query = Mapping[str, str | int | None]

LONGEST_HOLD: Final = timedelta(seconds=30)
A = TypeVar("A", bound=pydantic.BaseModel)


class HubClient:
    """One unit's connection to one hub. Use it as an asynchronous context manager; safe for many tasks at
    once.

    `token` is a bearer token, or a function that gives one and is asked before every attempt, or
    `hub.client.credentials.ClientCredentials`; None is enough
    for public reference data. Calls are tried again when the hub cannot be reached or has no time, which is
    safe: the same id never takes effect twice. With a `signer` every message that is sent by itself carries the unit's
    signature (RFC 9421). Every method raises `HubError` and its kinds, see
    `hub.client.errors`.
    """

    def __init__(
        self,
        base_url: str,
        token: Token | None = None,
        *,
        patience: Patience | None = None,
        signer: MessageSigner | None = None,
    ) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise ValueError("base_url begins with http:// or https://")
        self._base_url = base_url
        self._token = token
        self._patience = patience or Patience()
        self._signer = signer
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections. Closing twice is fine."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    # -- sending --------------------------------------------------------------------------------------

    async def send(self, event: Event) -> Receipt:
        """Sends an event until the hub has it on disk. Raises `Refused` with every recipient's verdict."""
        answer = await self._post_event(event, "v1", "messages", signer=self._signer)
        return _receipt(answer.status, answer.document)

    async def send_batch(self, events: Sequence[Event]) -> tuple[Receipt | Problem, ...]:
        """Sends up to 100 events, each judged alone; the answers in the same order.

        An event whose problem has status 503 was not taken: send it again."""
        if not 1 <= len(events) <= envelope.MOST_IN_BATCH:
            raise ValueError(f"a batch has from 1 to {envelope.MOST_IN_BATCH} events")
        body = _dump([_structured(event) for event in events])
        answer = await self._line().call("POST", "v1", "messages", body=body, media_type=envelope.MEDIA_BATCH)
        entries = answer.document
        if not isinstance(entries, list) or len(entries) != len(events):
            raise AnswerNotUnderstood("a batch is answered with one entry for each event")
        return tuple(_batch_entry(_read(BatchEntry, entry)) for entry in entries)

    async def explain(self, event: Event) -> Receipt:
        """The receipt that the event would get now; nothing is stored. Raises `Refused` as sending would."""
        answer = await self._post_event(event, "v1", "rules", "explain")
        return _read(Receipt, answer.document)

    async def message(self, message_id: str) -> SentMessage:
        """An own message, and how far each recipient has come."""
        return _read(SentMessage, await self._get("v1", "messages", message_id))

    async def message_proof(self, message_id: str) -> str:
        """A receipt that the message is in the hub's tamper-evident log (c2sp.org/tlog-proof@v1): keep it with the
        message, as `.tlog-proof`. `samverkan audit verify --proof` checks it, without the hub."""
        return _text(await self._get("v1", "messages", message_id, "proof"))

    async def delivery_proof(self, delivery_id: str, *, of: str | None = None) -> str:
        """The same about this unit's own reading (`of="disclosed"`), acknowledgement or report; else the newest."""
        return _text(await self._get("v1", "inbox", delivery_id, "proof", query={"of": of}))

    async def messages(
        self,
        *,
        case: str | None = None,
        type: str | None = None,
        since: datetime | None = None,
        page_size: int | None = None,
    ) -> AsyncGenerator[SentMessage, None]:
        """Own messages, newest first, fetched page by page. `type` is a catalogue type."""
        query: Query = {
            "case": case,
            "type": type.removeprefix(envelope.TYPE_PREFIX) if type else None,
            "since": envelope.write_instant(since) if since else None,
            "limit": page_size,
        }
        cursor: str | None = None
        while True:
            page = _read(MessagePage, await self._get("v1", "messages", query={**query, "cursor": cursor}))
            for item in page.items:
                yield item
            if page.next is None or page.next == cursor:
                return
            cursor = page.next

    async def upload(self, file: BinaryIO, media_type: str, *, attachment_id: str | None = None) -> Attachment:
        """Uploads a PDF, PNG or JPEG that can be read from any place; it is never whole in memory. With the id of an
        upload that was broken off, only what is missing. Name it in an event's `attachments`: `<id>=HE+PL`.

        Raises `FileRefused` when the hub will not send it on."""
        known = await self.attachment(attachment_id) if attachment_id is not None else None
        return await uploading.upload(self._line(), file, media_type, known)

    async def attachment(self, attachment_id: str) -> Attachment:
        """An upload of this unit's own, also one that has gone with a message."""
        return uploading.read(await self._get("v1", "attachments", attachment_id))

    async def drop_attachment(self, attachment_id: str) -> None:
        """Takes away what no message has taken along."""
        await self._line().call("DELETE", "v1", "attachments", attachment_id)

    # -- receiving ------------------------------------------------------------------------------------

    async def inbox(
        self,
        *,
        wait: timedelta = timedelta(0),
        limit: int | None = None,
        cursor: str | None = None,
        state: str | None = None,
    ) -> InboxPage:
        """One page of claim checks, oldest first. With `wait` (30 s at most) an empty answer is held back."""
        held = min(wait, LONGEST_HOLD)
        seconds = int(held.total_seconds()) or None
        query: Query = {"wait": seconds, "limit": limit, "cursor": cursor, "state": state}
        document = await self._get("v1", "inbox", query=query, held=held)
        return _read(InboxPage, document)

    def iter_inbox(
        self, stop: asyncio.Event | None = None, *, wait: timedelta = timedelta(seconds=25), page_size: int = 100
    ) -> AsyncGenerator[ClaimCheck, None]:
        """Everything that is not yet acknowledged and everything that comes, oldest first, each once, until
        `stop`.

        A new iteration begins again with what is not acknowledged, so nothing is lost with the process.
        Raises `HubUnavailable` when the hub stays away for longer than the client's patience."""
        return listening.each_claim(lambda cursor: self.inbox(wait=wait, limit=page_size, cursor=cursor), stop=stop)

    def stream_inbox(self, stop: asyncio.Event | None = None) -> AsyncGenerator[ClaimCheck, None]:
        """As `iter_inbox`, but told by the hub at once instead of asked for: one connection that stays open.

        A broken connection is taken up behind the last claim check that came. Raises as `iter_inbox` does."""

        def open_stream(last: str | None) -> AbstractAsyncContextManager[aiohttp.StreamReader]:
            headers = {"Accept": EVENT_STREAM} | ({"Last-Event-ID": last} if last else {})
            return self._line().stream("v1", "inbox", "stream", silence=streaming.SILENCE, headers=headers)

        return streaming.each_streamed(open_stream, stop=stop)

    async def catch_up(self, case: str, *, after: int = 0) -> AsyncGenerator[ClaimCheck, None]:
        """Everything that this unit got of a case behind the sequence number `after`, done or not, in order.

        For whoever sees a gap: what is missing here was never sent."""
        while True:
            query: Query = {"case": case, "after": after, "limit": 500}
            page = _read(InboxPage, await self._get("v1", "inbox", query=query))
            for claim in page.items:
                yield claim
                after = claim.sequence
            if not page.items:
                return

    async def fetch(self, delivery_id: str) -> Envelope:
        """The event as this unit may see it now. Raises `Refused` (410) when it may no longer be
        disclosed."""
        document = await self._get("v1", "inbox", delivery_id)
        try:
            return envelope.parse_structured(document)
        except envelope.NotAnEvent:
            raise AnswerNotUnderstood("not an event") from None

    async def fetch_attachment(self, delivery_id: str, attachment_id: str, into: BinaryIO) -> str:
        """Writes a file of a copy, and gives its media type. What was written counts only when this returns: the digest
        is held against the hub's. Raises `HubUnavailable` when it broke off; begin again with an empty file."""
        return await uploading.fetch(self._line(), delivery_id, attachment_id, into)

    async def ack(self, delivery_id: str) -> None:
        """Tells the hub that this unit has taken the message over. Telling it twice is fine."""
        await self._line().call("POST", "v1", "inbox", delivery_id, "ack")

    async def handled(self, delivery_id: str, outcome: Outcome, note: str | None = None) -> None:
        """The business receipt, shown to the sender."""
        said = {"outcome": outcome} if note is None else {"outcome": outcome, "note": note}
        await self._line().call("POST", "v1", "inbox", delivery_id, "handled", body=_dump(said))

    # -- looking up -----------------------------------------------------------------------------------

    async def case(self, case_id: str) -> dict[str, Any]:
        """What a party may know of a case: state, responsible units, own sent and received."""
        return _object(await self._get("v1", "cases", case_id))

    async def consent(self, consent_id: str) -> dict[str, Any]:
        """This unit's part of a consent."""
        return _object(await self._get("v1", "consents", consent_id))

    async def units(self, *, on: str | None = None) -> dict[str, Any]:
        """The directory of units as it is today, or on a day (`2026-03-01`), or `all`."""
        return _object(await self._get("v1", "directory", "units", query={"on": on}))

    async def catalogue(self) -> dict[str, Any]:
        """Every message type, with who may send it to whom."""
        return _object(await self._get("v1", "catalogue"))

    async def schema(self, type: str, version: str) -> dict[str, Any]:
        """The JSON Schema of one version of a catalogue type."""
        return _object(await self._get("schemas", type.removeprefix(envelope.TYPE_PREFIX), version))

    async def ready(self) -> bool:
        """Whether the hub takes messages now. Asks once; no fault of the hub raises."""
        once = self._line(Patience(attempts=1))
        try:
            return (await once.call("GET", "readyz")).status == 200
        except HubError:
            return False

    def _line(self, patience: Patience | None = None) -> Line:
        if self._session is None:
            raise RuntimeError("the client is closed; use it as `async with HubClient(...) as hub`")
        return Line(self._session, self._base_url, self._token, patience or self._patience)

    async def _get(self, *path: str, query: Query | None = None, held: timedelta = timedelta(0)) -> Any:
        given = {name: str(value) for name, value in (query or {}).items() if value is not None}
        answer = await self._line().call("GET", *path, query=given, held=held)
        return answer.document

    async def _post_event(self, event: Event, *path: str, signer: MessageSigner | None = None) -> Answer:
        # Written once: every attempt sends the same bytes, and so the same id. Signed each time: a nonce counts once.
        body, media_type = _dump(_structured(event)), envelope.MEDIA_STRUCTURED
        signed = partial(signer.headers, "POST", media_type, body) if signer is not None else None
        return await self._line().call("POST", *path, body=body, media_type=media_type, signed=signed)


def _structured(event: Event) -> Mapping[str, Any]:
    return envelope.to_structured(event) if isinstance(event, Envelope) else event


def _dump(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _receipt(status: int, document: Any) -> Receipt:
    return _read(Receipt, document).model_copy(update={"repeated": status == 200})


def _batch_entry(entry: BatchEntry) -> Receipt | Problem:
    if 200 <= entry.status < 300:
        return _receipt(entry.status, entry.body)
    return _read(Problem, {**entry.body, "status": entry.status})


def _text(document: Any) -> str:
    if not isinstance(document, str):
        raise AnswerNotUnderstood("not plain text")
    return document


def _read(kind: type[A], document: Any) -> A:
    try:
        return kind.model_validate(document)
    except pydantic.ValidationError:
        raise AnswerNotUnderstood(f"not a {kind.__name__}") from None


def _object(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise AnswerNotUnderstood("not a JSON object")
    return document
