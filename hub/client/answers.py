"""What the hub answers, as frozen data. Members that this version does not know are left out, not refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pydantic


class _Answer(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Basis(_Answer):
    """The legal basis on which a recipient gets its copy, with the consent when there is one."""

    code: str
    consent: str | None = None
    version: int | None = None


class RecipientResult(_Answer):
    """What was decided for one recipient. `withheld` are paths of fields that it does not get."""

    unit: str
    verdict: str
    code: str | None = None
    about: str | None = None
    rule: str | None = None
    basis: Basis | None = None
    withheld: tuple[str, ...] = ()
    delivery: str | None = None


class LogPosition(_Answer):
    """Where the acceptance stands in the tamper-evident log."""

    index: int
    leaf: str


class Warned(_Answer):
    """Something to look at, for which nothing was refused."""

    code: str
    pointer: str


class Receipt(_Answer):
    """The hub has the message on disk. A dry run (`explain`) has no `log`.

    `repeated` is True when the hub had accepted the message before and gave the same receipt again.
    """

    id: str
    source: str
    status: str
    recordedtime: datetime
    rulebook: str
    case: str | None = None
    recipients: tuple[RecipientResult, ...] = ()
    warnings: tuple[Warned, ...] = ()
    log: LogPosition | None = None
    repeated: bool = False


class FieldFault(_Answer):
    """One faulty field: where it stands in the event, which rule it breaks, and what to do."""

    pointer: str
    keyword: str
    detail: str


class Problem(_Answer):
    """An RFC 9457 problem document."""

    status: int
    title: str = ""
    type: str = "about:blank"
    code: str | None = None
    detail: str | None = None
    errors: tuple[FieldFault, ...] = ()
    recipients: tuple[RecipientResult, ...] = ()
    request_id: str | None = None


class RecipientState(RecipientResult):
    """How far one recipient's copy has come. `note` is the recipient's own word."""

    state: str
    acknowledged: datetime | None = None
    handled: datetime | None = None
    outcome: str | None = None
    note: str | None = pydantic.Field(default=None, repr=False)


class SentMessage(_Answer):
    """A message of one's own. A list of messages leaves `recipients` out."""

    id: str
    source: str
    type: str
    recordedtime: datetime
    dataschema: str | None = None
    case: str | None = None
    correlationid: str | None = None
    causationid: str | None = None
    rulebook: str | None = None
    recipients: tuple[RecipientState, ...] = ()
    log: LogPosition | None = None


class ClaimCheck(_Answer):
    """Something to fetch; nothing about the person. `sequence` counts per case without gaps."""

    delivery: str
    message: str
    type: str
    source: str
    sequence: int
    recordedtime: datetime
    dataref: str
    state: str
    subject: str | None = None


class Attachment(_Answer):
    """A file of one's own on its way. `missing` are the numbers of the parts that have not come; `ends` is when it is
    taken away, should no message take it along."""

    attachment: str
    media_type: str
    size: int
    sha256: str
    state: str
    part_size: int
    missing: tuple[int, ...] = ()
    code: str | None = None
    message: str | None = None
    ends: datetime | None = None


class InboxPage(_Answer):
    """Claim checks, oldest first. `next` is the cursor behind the last of them."""

    items: tuple[ClaimCheck, ...]
    next: str | None = None


class MessagePage(_Answer):
    """Own messages, newest first. `next` is None on the last page."""

    items: tuple[SentMessage, ...]
    next: str | None = None


class BatchEntry(_Answer):
    """The answer to one event of a batch, as it would have come alone."""

    status: int
    body: dict[str, Any]
