"""The operations by which an agency connects: tokens, keys, the hub's own keys. Part of the one table."""

from __future__ import annotations

from typing import Final

from hub.api import oauth, parties, self_test, signing
from hub.api.looking import REASON_PARAMETERS
from hub.api.routes import Access, Operation, Parameter
from hub.identity.scopes import Scope

_PROBLEM: Final = ("Felet.", "Problem")
_NOT_ALLOWED: Final = ("Rollen administratör krävs.", "Problem")
_NO_ROLE: Final = ("Rollen räcker inte.", "Problem")
_NOT_FOUND: Final = ("Finns inte.", "Problem")

OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        "POST",
        "/oauth/token",
        oauth.give_token,
        Access.PUBLIC,
        "anslutning",
        "Hämta en token (RFC 6749 4.4, RFC 7523); med DPoP-huvud eller klientcertifikat binds den",
        {
            200: ("En token för enheten, högst 15 minuter.", "TokenAnswer"),
            400: ("Felet enligt RFC 6749 5.2.", "TokenError"),
            401: ("Klienten har inte styrkt vem den är.", "TokenError"),
            503: ("Navet kan inte just nu; försök igen med ett nytt intyg.", "Problem"),
        },
        body="TokenRequest",
        parameters=(Parameter("DPoP", "Bevis på nyckelinnehav (RFC 9449).", {"type": "string"}, place="header"),),
    ),
    Operation(
        "GET",
        "/.well-known/oauth-authorization-server",
        oauth.show_metadata,
        Access.PUBLIC,
        "anslutning",
        "Det som ett OAuth-bibliotek behöver veta (RFC 8414)",
        {200: ("Metadata.", "application/json")},
    ),
    Operation(
        "GET",
        "/.well-known/jwks.json",
        oauth.show_keys,
        Access.PUBLIC,
        "anslutning",
        "Navets egna publika nycklar (RFC 7517)",
        {200: ("Nycklarna.", "application/json")},
    ),
    Operation(
        "GET",
        "/v1/messages/{id}/evidence",
        signing.show_evidence,
        Access.UNIT,
        "meddelanden",
        "Det som avsändaren signerade, för den som ska pröva det",
        {200: ("Det signerade anropet.", "Evidence"), 404: _NOT_FOUND},
        scope=Scope.MESSAGES_READ,
    ),
    Operation(
        "GET",
        "/v1/self-test",
        self_test.show,
        Access.PUBLIC,
        "anslutning",
        "Vad som är rätt och fel med den egna anslutningen; skicka det som andra anrop skickar",
        {200: ("Varje kontroll, i den ordning som en anslutning görs.", "SelfTest"), 400: _PROBLEM},
        parameters=(
            Parameter("time", "Den egna klockan, för jämförelse.", {"type": "string", "format": "date-time"}),
            Parameter("DPoP", "Bevis på nyckelinnehav (RFC 9449).", {"type": "string"}, place="header"),
        ),
    ),
    Operation(
        "GET",
        "/v1/admin/parties/keys",
        parties.list_keys,
        Access.OVERSIGHT,
        "förvaltning",
        "Enheternas nycklar och certifikat",
        {200: ("Alla, äldst först.", "PartyKeys"), 400: _PROBLEM, 403: _NO_ROLE, 503: _PROBLEM},
        parameters=(Parameter("unit", "Bara denna enhets.", {"type": "string"}), *REASON_PARAMETERS),
    ),
    Operation(
        "POST",
        "/v1/admin/parties/{unit}/keys",
        parties.add_key,
        Access.ADMINISTRATOR,
        "förvaltning",
        "Lägg till en nyckel eller ett certifikat; med overlap_seconds i de gamlas ställe",
        {
            201: ("Nyckeln som den nu gäller.", "PartyKey"),
            400: _PROBLEM,
            403: _NOT_ALLOWED,
            404: _NOT_FOUND,
            415: _PROBLEM,
            422: _PROBLEM,
            503: _PROBLEM,
        },
        body="NewPartyKey",
    ),
    Operation(
        "DELETE",
        "/v1/admin/parties/{unit}/keys/{key}",
        parties.revoke_key,
        Access.ADMINISTRATOR,
        "förvaltning",
        "Återkalla en nyckel eller ett certifikat",
        {204: ("Återkallad.", None), 403: _NOT_ALLOWED, 404: _NOT_FOUND, 503: _PROBLEM},
    ),
)
