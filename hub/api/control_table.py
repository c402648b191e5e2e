"""The operations of the control room, as part of the table of everything that can be called."""

from __future__ import annotations

from hub.api import control, key_rotation, retention
from hub.api.looking import REASON_PARAMETERS
from hub.api.routes import Access, Operation, Parameter

_PROBLEM = ("Felet, utan något värde ur det som skickades.", "Problem")
_DENIED = ("Rollen räcker inte, eller skäl saknas.", "Problem")
_ABSENT = ("Finns inte.", "Problem")
_LOOK = {400: _PROBLEM, 403: _DENIED, 503: _PROBLEM}
_CHANGE = {**_LOOK, 413: _PROBLEM, 415: _PROBLEM, 422: _PROBLEM}
_LIMIT = Parameter("limit", "Högst så många poster.", {"type": "integer", "minimum": 1, "maximum": 500})
_TAG = "förvaltning"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        "/v1/admin/flows",
        control.list_flows,
        Access.OVERSIGHT,
        _TAG,
        "Vem som skickat hur mycket till vem, och vad som nekats; loggas",
        {200: ("Antal per avsändare, mottagare och skäl.", "Flows"), **_LOOK},
        parameters=(*REASON_PARAMETERS, *control.DAY_PARAMETERS),
    ),
    Operation(
        "GET",
        "/v1/admin/messages",
        control.search,
        Access.OVERSIGHT,
        _TAG,
        "Sök meddelanden, nyast först; loggas",
        {200: ("Träffarna.", "MessagesFound"), **_LOOK},
        parameters=(*REASON_PARAMETERS, *control.SEARCH_PARAMETERS, _LIMIT),
    ),
    Operation(
        "GET",
        "/v1/admin/messages/{id}",
        control.trace,
        Access.OVERSIGHT,
        _TAG,
        "Ett meddelandes hela väg, utan innehåll; loggas",
        {200: ("Stegen.", "MessageTraces"), 404: _ABSENT, **_LOOK},
        parameters=REASON_PARAMETERS,
    ),
    Operation(
        "GET",
        "/v1/admin/statistics",
        control.show_statistics,
        Access.OVERSIGHT,
        _TAG,
        "Navet i siffror, utan namn; loggas",
        {200: ("Läget.", "Statistics"), **_LOOK},
        parameters=REASON_PARAMETERS,
    ),
    Operation(
        "GET",
        "/v1/admin/retention/due",
        retention.list_due,
        Access.OVERSIGHT,
        _TAG,
        "Vad en gallring skulle ta bort nu; inget tas bort",
        {200: ("Antal per slag och de första.", "RetentionDue"), **_LOOK},
        parameters=REASON_PARAMETERS,
    ),
    Operation(
        "POST",
        "/v1/admin/retention/runs",
        retention.run,
        Access.ADMINISTRATOR,
        _TAG,
        "Gallra nu",
        {200: ("Protokollet.", "RetentionRun"), 403: _DENIED, 503: _PROBLEM},
    ),
    Operation(
        "GET",
        "/v1/admin/retention/runs",
        retention.list_runs,
        Access.OVERSIGHT,
        _TAG,
        "Gallringsprotokoll, nyast först; loggas",
        {200: ("Körningarna.", "RetentionRuns"), **_LOOK},
        parameters=(*REASON_PARAMETERS, _LIMIT),
    ),
    Operation(
        "GET",
        "/v1/admin/retention/holds",
        retention.list_holds,
        Access.OVERSIGHT,
        _TAG,
        "Det som är undantaget från gallring",
        {200: ("Undantagen, äldst först.", "RetentionHolds"), **_LOOK},
        parameters=REASON_PARAMETERS,
    ),
    Operation(
        "PUT",
        "/v1/admin/retention/holds",
        retention.place_hold,
        Access.ADMINISTRATOR,
        _TAG,
        "Undanta ett ärende, ett samtycke eller ett meddelande från gallring",
        {200: ("Undantaget.", "RetentionHold"), 404: _ABSENT, **_CHANGE},
        body="NewRetentionHold",
    ),
    Operation(
        "DELETE",
        "/v1/admin/retention/holds/{id}",
        retention.release_hold,
        Access.ADMINISTRATOR,
        _TAG,
        "Häv ett undantag",
        {204: ("Hävt.", None), 403: _DENIED, 404: _ABSENT, 503: _PROBLEM},
    ),
    Operation(
        "POST",
        "/v1/admin/keys/rotate",
        key_rotation.rotate,
        Access.ADMINISTRATOR,
        _TAG,
        "Byt huvudnyckel: alla datanycklar slås in på nytt medan navet går",
        {200: ("Bytet.", "KeyRotation"), 403: _DENIED, 503: _PROBLEM},
    ),
)
