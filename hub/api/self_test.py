"""What is right and wrong with an agency's connection, told to the agency: it shows what it would show with any call.

Open to everybody, since who cannot sign in needs it most. What is told without a valid token is about the token and the
proof that came along, which the caller made or holds; about a unit only to who has shown to be that unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from aiohttp import hdrs, web

from hub.api.answers import answer, instant, known_parameters
from hub.api.keys import hub_of
from hub.api.presenting import certificate_of, check_holder
from hub.control.connections import Check, list_checks
from hub.identity.port import Caller, NotAuthenticated, Reason
from hub.service import Hub

CLOCK_APART: Final = timedelta(seconds=5)


TOKEN_FAULTS: Final[dict[Reason, tuple[str, str]]] = {
    Reason.MISSING: ("Ingen token kom med.", "Hämta en på /oauth/token och skicka den i huvudet Authorization."),
    Reason.NOT_BEARER: (
        "Authorization är varken Bearer eller DPoP.",
        "Skriv Bearer, mellanslag, token; eller DPoP.",
    ),
    Reason.TOO_LARGE: ("Token är längre än någon som navet ger.", "Kontrollera att det är navets token."),
    Reason.MALFORMED: ("Token är ingen hel JWT.", "Skicka den som den kom, utan tillägg eller radbrytning."),
    Reason.ISSUER: ("Token är utgiven av någon annan.", "Hämta token från det här navet."),
    Reason.AUDIENCE: ("Token är till för någon annan.", "Hämta token från det här navet."),
    Reason.EXPIRED: ("Token har gått ut.", "Hämta en ny; den gäller högst 15 minuter. Stäm av klockan."),
    Reason.NOT_YET_VALID: ("Token gäller inte än.", "Stäm av klockan."),
    Reason.NOT_A_UNIT: ("Token är en persons, inte en enhets.", "Hämta token som enhet på /oauth/token."),
    Reason.BINDING: (
        "Token är bunden till en annan innehavare, eller skickas på fel sätt.",
        "Bunden med DPoP: Authorization: DPoP och ett bevis i DPoP. Bunden till certifikat: visa samma certifikat.",
    ),
    Reason.NOT_BOUND: (
        "Navet tar bara emot bundna token.",
        "Skicka DPoP-bevis till /oauth/token, eller anslut med klientcertifikat.",
    ),
}
_OTHER_FAULT: Final = ("Token är inte navets.", "Hämta en ny på /oauth/token.")


async def show(request: web.Request) -> web.Response:
    """Every check in the order in which a connection is made."""
    known_parameters(request, "time")
    hub = hub_of(request)
    caller, token = await _sign_in(request)
    checks = [_clock(request), _connection(request), token]
    if caller is not None:
        checks += await hub.store.ask(lambda: list(_of_unit(hub, caller)))
    document: dict[str, Any] = {
        "time": hub.clock.now().isoformat(),
        "unit": caller.unit_id if caller else None,
        "ok": all(check.ok is not False for check in checks),
        "checks": [asdict(check) for check in checks],
    }
    return answer(document)


async def _sign_in(request: web.Request) -> tuple[Caller | None, Check]:
    hub = hub_of(request)
    try:
        caller = hub.authenticator.authenticate(request.headers.get(hdrs.AUTHORIZATION), hub.clock.now())
        await check_holder(request, caller)
    except NotAuthenticated as refused:
        said, todo = TOKEN_FAULTS.get(refused.reason, _OTHER_FAULT)
        if refused.told is not None:
            said, todo = "DPoP-beviset godtas inte.", refused.told
        return None, Check("token", False, said, todo)
    left = int((caller.expires_at - hub.clock.now()).total_seconds())
    bound = "bunden" if caller.binding else "obunden: vem som helst som får tag i den kan använda den"
    return caller, Check("token", True, f"Gäller {left} sekunder till, {bound}.")


def _clock(request: web.Request) -> Check:
    own, told = hub_of(request).clock.now(), instant(request, "time")
    if told is None:
        return Check("clock", None, f"Navets klocka är {own.isoformat(timespec='seconds')}.")
    apart = abs(told - own)
    said = f"Klockorna skiljer sig {apart.total_seconds():.1f} sekunder."
    return Check("clock", apart <= CLOCK_APART, said, "" if apart <= CLOCK_APART else "Ställ klockan efter NTP.")


def _connection(request: web.Request) -> Check:
    thumbprint = certificate_of(request)
    if thumbprint is not None:
        return Check("connection", True, f"Certifikatet {thumbprint} visas.")
    secure = request.secure or (hub_of(request).settings.public_url or "").startswith("https://")
    said = "TLS, utan klientcertifikat." if secure else "Utan TLS: bara för försök på samma dator."
    return Check("connection", True if secure else None, said)


def _of_unit(hub: Hub, caller: Caller) -> Iterator[Check]:
    unit, *others = list_checks(hub, caller.unit_id)
    yield unit
    yield Check("scopes", bool(caller.scopes), "Token ger rätt till: " + (", ".join(sorted(caller.scopes)) or "inget."))
    yield from others
