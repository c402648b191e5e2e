"""The operations about the rules and the units that govern the hub."""

from __future__ import annotations

from typing import Final

from hub.api import governing
from hub.api.looking import REASON_PARAMETERS
from hub.api.routes import Access, Operation

_PROBLEM: Final = ("Felet.", "Problem")
_NOT_ALLOWED: Final = ("Rollen administratör krävs.", "Problem")
_NO_ROLE: Final = ("Rollen räcker inte.", "Problem")

OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        "POST",
        "/v1/admin/rules/reload",
        governing.reload_rules,
        Access.ADMINISTRATOR,
        "förvaltning",
        "Läs in regler och enheter på nytt; ändrade enheter blir ett förslag",
        {
            200: ("Vad som gäller nu, och vad som väntar på godkännande.", "Reloaded"),
            400: _PROBLEM,
            403: _NOT_ALLOWED,
            422: ("Alla fel; det gamla gäller.", "Problem"),
            503: _PROBLEM,
        },
    ),
    Operation(
        "POST",
        "/v1/admin/cases/{id}/release",
        governing.release_case,
        Access.ADMINISTRATOR,
        "förvaltning",
        "Låt ett ärende gå vidare som stannat av misstag; loggas",
        {
            204: ("Det går vidare.", None),
            403: _NOT_ALLOWED,
            404: ("Finns inte.", "Problem"),
            503: _PROBLEM,
        },
    ),
    Operation(
        "GET",
        "/v1/admin/directory",
        governing.show_directory,
        Access.OVERSIGHT,
        "förvaltning",
        "Vilka enheter som gäller, och vad som föreslås, rad för rad; loggas",
        {200: ("Läget.", "Governed"), 400: _PROBLEM, 403: _NO_ROLE, 503: _PROBLEM},
        parameters=REASON_PARAMETERS,
    ),
    Operation(
        "POST",
        "/v1/admin/directory/approve",
        governing.approve_directory,
        Access.ADMINISTRATOR,
        "förvaltning",
        "Godkänn de enheter som en annan administratör har föreslagit",
        {
            200: ("Enheterna gäller.", "Approved"),
            400: _PROBLEM,
            403: ("Rollen räcker inte, eller så är förslaget ditt eget.", "Problem"),
            409: ("Inget sådant förslag.", "Problem"),
            413: _PROBLEM,
            415: _PROBLEM,
            422: ("Förslaget kan inte läsas av den här versionen.", "Problem"),
            503: _PROBLEM,
        },
        body="Approval",
    ),
    Operation(
        "POST",
        "/v1/admin/directory/reject",
        governing.reject_directory,
        Access.ADMINISTRATOR,
        "förvaltning",
        "Avslå det som är föreslaget",
        {204: ("Avslaget.", None), 403: _NOT_ALLOWED, 409: ("Inget förslag.", "Problem"), 503: _PROBLEM},
    ),
)
