"""The operations around files. Part of the one table."""

from __future__ import annotations

from typing import Final

from hub.api import attachments
from hub.api.routes import Access, Operation
from hub.identity.scopes import Scope
from hub.store.attachments import PART_BYTES

_PROBLEM: Final = ("Felet.", "Problem")
_NOT_FOUND: Final = ("Finns inte, eller är inte er: samma svar.", "Problem")
_BUSY: Final = ("Navet har fullt upp; försök igen.", "Problem")
OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        "POST",
        "/v1/attachments",
        attachments.begin,
        Access.UNIT,
        "bilagor",
        "Börja ladda upp en bilaga (PDF, PNG eller JPEG)",
        {
            201: ("Bilagan och de delar som ska komma.", "Attachment"),
            400: _PROBLEM,
            409: ("Enheten har för mycket liggande som inget meddelande har tagit med sig.", "Problem"),
            415: _PROBLEM,
            422: _PROBLEM,
            503: _BUSY,
        },
        body="NewAttachment",
        scope=Scope.MESSAGES_SEND,
    ),
    Operation(
        "PUT",
        "/v1/attachments/{attachment}/parts/{number}",
        attachments.put_part,
        Access.UNIT,
        "bilagor",
        f"En del av bilagan, räknad från 0: {PART_BYTES} byte, den sista det som är kvar; i valfri ordning",
        {
            204: ("Mottagen.", None),
            404: _NOT_FOUND,
            409: ("Bilagan är redan färdig.", "Problem"),
            415: _PROBLEM,
            422: ("Delen har fel längd eller finns inte.", "Problem"),
            503: _BUSY,
        },
        body="AttachmentPart",
        scope=Scope.MESSAGES_SEND,
    ),
    Operation(
        "GET",
        "/v1/attachments/{attachment}",
        attachments.show,
        Access.UNIT,
        "bilagor",
        "En egen bilaga och de delar som saknas",
        {200: ("Så långt den har kommit.", "Attachment"), 404: _NOT_FOUND},
        scope=Scope.MESSAGES_SEND,
    ),
    Operation(
        "POST",
        "/v1/attachments/{attachment}/complete",
        attachments.complete,
        Access.UNIT,
        "bilagor",
        "Alla delar har kommit: pröva kontrollsumma, typ och innehåll; får upprepas",
        {
            200: ("`ready`, eller `refused` och varför.", "Attachment"),
            404: _NOT_FOUND,
            409: ("En del saknas.", "Problem"),
            503: ("Prövningen gick inte att göra nu; bilagan ligger kvar, försök igen.", "Problem"),
        },
        scope=Scope.MESSAGES_SEND,
    ),
    Operation(
        "DELETE",
        "/v1/attachments/{attachment}",
        attachments.drop,
        Access.UNIT,
        "bilagor",
        "Ta bort en bilaga som inget meddelande har tagit med sig",
        {204: ("Borta.", None), 404: _NOT_FOUND, 503: _BUSY},
        scope=Scope.MESSAGES_SEND,
    ),
    Operation(
        "GET",
        "/v1/inbox/{delivery}/attachments/{attachment}",
        attachments.fetch,
        Access.UNIT,
        "bilagor",
        "Hämta en bilaga till ett mottaget meddelande",
        {
            200: ("Filen; Repr-Digest är dess SHA-256.", "application/pdf"),
            404: _NOT_FOUND,
            410: ("Får inte längre lämnas ut.", "Problem"),
            503: _BUSY,
        },
        other_forms=("image/png", "image/jpeg"),
        scope=Scope.INBOX_READ,
    ),
)
