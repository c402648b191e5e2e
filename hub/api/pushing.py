"""The operations around what is pushed to units, and what could not be delivered. Part of the one table."""

from __future__ import annotations

from typing import Final

from hub.api import dead_letters, webhooks
from hub.api.looking import REASON_PARAMETERS
from hub.api.routes import Access, Operation, Parameter
from hub.identity.scopes import Scope

PROBLEM: Final = ("Felet.", "Problem")
NOT_ALLOWED: Final = ("Rollen räcker inte, eller skäl saknas.", "Problem")
NOT_FOUND: Final = ("Finns inte, eller är inte er: samma svar.", "Problem")
LIMIT: Final = Parameter("limit", "Högst så många poster.", {"type": "integer", "minimum": 1, "maximum": 500})
CURSOR: Final = Parameter("cursor", "Värdet `next` ur föregående svar.", {"type": "string", "pattern": "^[0-9]{1,18}$"})
# What a call with a small JSON body may be answered beside its own.
_CHANGE: Final = {400: PROBLEM, 403: NOT_ALLOWED, 413: PROBLEM, 415: PROBLEM, 422: PROBLEM, 503: PROBLEM}

OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        "GET",
        "/v1/webhook",
        webhooks.show_own,
        Access.UNIT,
        "inkorg",
        "Den egna webhooken och hur det går för den",
        {200: ("Adressen och läget; aldrig hemligheten.", "Webhook"), 404: NOT_FOUND},
        scope=Scope.CONNECTION_MANAGE,
    ),
    Operation(
        "PUT",
        "/v1/webhook",
        webhooks.set_own,
        Access.UNIT,
        "inkorg",
        "Den egna webhooken: dit nya meddelanden anmäls, utan personuppgifter",
        {200: ("Så som den nu är; hemligheten när den är ny.", "Webhook"), **_CHANGE},
        body="NewWebhook",
        scope=Scope.CONNECTION_MANAGE,
    ),
    Operation(
        "POST",
        "/v1/webhook/secret",
        webhooks.rotate_own,
        Access.UNIT,
        "inkorg",
        "Den egna webhooken: ny hemlighet; den gamla gäller ett dygn till",
        {200: ("Med den nya hemligheten.", "Webhook"), 404: NOT_FOUND, 503: PROBLEM},
        scope=Scope.CONNECTION_MANAGE,
    ),
    Operation(
        "DELETE",
        "/v1/webhook",
        webhooks.remove_own,
        Access.UNIT,
        "inkorg",
        "Den egna webhooken: anmäl inget mer; inkorgen har allt",
        {204: ("Borttagen.", None), 404: NOT_FOUND, 503: PROBLEM},
        scope=Scope.CONNECTION_MANAGE,
    ),
    Operation(
        "GET",
        "/v1/admin/parties/{unit}/webhook",
        webhooks.show_of,
        Access.OVERSIGHT,
        "förvaltning",
        "En enhets webhook och hur det går för den",
        {
            200: ("Adressen och läget; aldrig hemligheten.", "Webhook"),
            403: NOT_ALLOWED,
            404: NOT_FOUND,
            503: PROBLEM,
        },
        parameters=REASON_PARAMETERS,
    ),
    Operation(
        "PUT",
        "/v1/admin/parties/{unit}/webhook",
        webhooks.set_of,
        Access.ADMINISTRATOR,
        "förvaltning",
        "En enhets webhook: dit nya meddelanden anmäls, utan personuppgifter",
        {200: ("Så som den nu är; hemligheten när den är ny.", "Webhook"), 404: NOT_FOUND, **_CHANGE},
        body="NewWebhook",
    ),
    Operation(
        "POST",
        "/v1/admin/parties/{unit}/webhook/secret",
        webhooks.rotate_of,
        Access.ADMINISTRATOR,
        "förvaltning",
        "En enhets webhook: ny hemlighet; den gamla gäller ett dygn till",
        {200: ("Med den nya hemligheten.", "Webhook"), 403: NOT_ALLOWED, 404: NOT_FOUND, 503: PROBLEM},
    ),
    Operation(
        "DELETE",
        "/v1/admin/parties/{unit}/webhook",
        webhooks.remove_of,
        Access.ADMINISTRATOR,
        "förvaltning",
        "En enhets webhook: anmäl inget mer; inkorgen har allt",
        {204: ("Borttagen.", None), 403: NOT_ALLOWED, 404: NOT_FOUND, 503: PROBLEM},
    ),
    Operation(
        "GET",
        "/v1/admin/dead-letters",
        dead_letters.list_dead_letters,
        Access.OVERSIGHT,
        "förvaltning",
        "Kopior som inte gick att leverera, äldst först; loggas",
        {200: ("En sida.", "DeadLetterPage"), 400: PROBLEM, 403: NOT_ALLOWED, 503: PROBLEM},
        parameters=(*REASON_PARAMETERS, *dead_letters.PARAMETERS, LIMIT, CURSOR),
    ),
    Operation(
        "POST",
        "/v1/admin/dead-letters/retry",
        dead_letters.retry_many,
        Access.ADMINISTRATOR,
        "förvaltning",
        "Skicka de äldsta som passar på väg igen, eller visa bara vilka",
        {200: ("De som är på väg igen.", "DeadLettersRetried"), **_CHANGE},
        body="DeadLetterSelection",
    ),
    Operation(
        "POST",
        "/v1/admin/dead-letters/{delivery}/retry",
        dead_letters.retry_one,
        Access.ADMINISTRATOR,
        "förvaltning",
        "Skicka en kopia på väg igen, med samma id och löpnummer",
        {204: ("På väg.", None), 403: NOT_ALLOWED, 404: NOT_FOUND, 503: PROBLEM},
    ),
    Operation(
        "POST",
        "/v1/admin/dead-letters/{delivery}/drop",
        dead_letters.drop_one,
        Access.ADMINISTRATOR,
        "förvaltning",
        "Ge upp en kopia för gott, med skäl; loggas",
        {204: ("Struken.", None), 404: NOT_FOUND, **_CHANGE},
        body="DeadLetterDrop",
    ),
)
