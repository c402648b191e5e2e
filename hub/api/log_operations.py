"""What can be asked of the log: the public tree, and for those with a role its entries."""

from __future__ import annotations

from hub.api import audit, audit_person, extract, log, proofs
from hub.api.looking import REASON_PARAMETERS
from hub.api.routes import Access, Operation, Parameter
from hub.audit import proving, searching
from hub.identity.scopes import Scope

NOT_FOUND = ("Finns inte (ännu).", "Problem")
NOT_YET = ("Ännu inte under någon signerad kontrollpunkt; försök igen.", "Problem")
NOT_ALLOWED = ("Rollen räcker inte, eller skäl saknas.", "Problem")

LOG_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        "/v1/messages/{id}/proof",
        proofs.prove_message,
        Access.UNIT,
        "logg",
        "Bevis för att ett eget meddelande finns i loggen (tlog-proof)",
        {200: ("Beviset.", "text/plain"), 400: NOT_FOUND, 404: NOT_FOUND, 503: NOT_YET},
        scope=Scope.MESSAGES_READ,
    ),
    Operation(
        "GET",
        "/v1/inbox/{delivery}/proof",
        proofs.prove_delivery,
        Access.UNIT,
        "logg",
        "Bevis för att en egen läsning, kvittens eller rapport finns i loggen (tlog-proof)",
        {200: ("Beviset.", "text/plain"), 400: NOT_FOUND, 404: NOT_FOUND, 503: NOT_YET},
        parameters=(
            Parameter("of", "Vilket steg; annars det senaste.", {"type": "string", "enum": list(proving.STEPS)}),
        ),
        scope=Scope.INBOX_READ,
    ),
    Operation(
        "GET",
        "/v1/audit/entries",
        audit.list_entries,
        Access.OVERSIGHT,
        "logg",
        "Sök i loggen; titten loggas med sitt skäl",
        {
            200: ("En sida: JSON, CSV eller FHIR AuditEvent.", "AuditPage"),
            400: NOT_FOUND,
            403: NOT_ALLOWED,
            503: NOT_YET,
        },
        parameters=(
            *(
                Parameter(name, told, {"type": "string"})
                for name, told in (
                    ("unit", "Enhet: den som handlade, berördes eller var mottagare."),
                    ("type", "Meddelandetyp."),
                    ("action", "Händelse, se docs/reference/audit-events.md."),
                    ("code", "Avslagskod."),
                    ("message", "Meddelandets id."),
                    ("case", "Ärendets id."),
                    ("since", "Från denna tidpunkt."),
                    ("until", "Före denna tidpunkt."),
                    ("cursor", "Värdet `next` ur föregående svar."),
                )
            ),
            Parameter("verdict", "Utfallet för någon mottagare.", {"type": "string", "enum": list(searching.VERDICTS)}),
            Parameter("format", "Annars json.", {"type": "string", "enum": list(audit.FORMATS)}),
            Parameter("limit", "Högst så många poster.", {"type": "integer", "minimum": 1, "maximum": 500}),
            *REASON_PARAMETERS,
        ),
        other_forms=("text/csv", "application/fhir+json"),
    ),
    Operation(
        "POST",
        "/v1/audit/persons",
        audit_person.list_entries_about,
        Access.OVERSIGHT,
        "logg",
        "Vad loggen säger om en person; titten loggas med sitt skäl",
        {
            200: ("De nyaste posterna om personen.", "EntriesAbout"),
            400: NOT_FOUND,
            403: NOT_ALLOWED,
            413: NOT_FOUND,
            415: NOT_FOUND,
            422: ("Numret, skälet eller något annat är felaktigt.", "Problem"),
            503: NOT_YET,
        },
        body="PersonSearch",
    ),
    Operation(
        "POST",
        "/v1/audit/extract",
        extract.make_extract,
        Access.DATA_OFFICER,
        "logg",
        "Registerutdrag för en person (GDPR art. 15), signerat",
        {
            200: ("Dokumentet, samma som PDF, och signaturen.", "RegisterExtract"),
            400: NOT_FOUND,
            403: NOT_ALLOWED,
            415: NOT_FOUND,
            422: ("Numret, skälet eller något annat är felaktigt.", "Problem"),
            503: NOT_YET,
        },
        body="RegisterExtractRequest",
    ),
    Operation(
        "GET",
        "/log/checkpoint",
        log.show_checkpoint,
        Access.PUBLIC,
        "logg",
        "Loggens storlek och rot, signerade (C2SP tlog-checkpoint)",
        {200: ("En signerad not.", "text/plain"), 404: NOT_FOUND},
    ),
    Operation(
        "GET",
        "/log/tile/entries/{tile}",
        log.show_entries,
        Access.OVERSIGHT,
        "logg",
        "En bunt poster ur loggen (C2SP tlog-tiles); titten loggas",
        {200: ("Posterna.", "application/octet-stream"), 400: NOT_FOUND, 403: NOT_ALLOWED, 404: NOT_FOUND},
        parameters=REASON_PARAMETERS,
    ),
    Operation(
        "GET",
        "/log/tile/{tile}",
        log.show_tile,
        Access.PUBLIC,
        "logg",
        "En platta ur loggens träd: hashvärden (C2SP tlog-tiles)",
        {200: ("Hashvärdena.", "application/octet-stream"), 404: NOT_FOUND},
    ),
)
