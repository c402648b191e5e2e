"""Errors as RFC 9457 problem documents: a code, a Swedish title, what to do, and never a value from the request."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from hub.intake.receiving import NotAccepted
from hub.limits import LimitReached
from routing.refusals import RefusalCode
from routing.rulebook import Rulebook
from schemas.registry import Fault

MEDIA_TYPE = "application/problem+json"

# Answers about the call itself, before any rule of the field applies: status, Swedish title, what to do.
CALL_PROBLEMS: Mapping[str, tuple[int, str, str]] = {
    "NOT_JSON": (400, "Innehållet är inte giltig JSON", "Rätta formatet och skicka igen."),
    "BAD_REQUEST": (400, "Anropet är inte giltig HTTP", "Kontrollera metod, adress och huvuden."),
    "NOT_AN_EVENT": (400, "Innehållet är inte ett giltigt CloudEvent", "Rätta attributen och skicka igen."),
    "BAD_PARAMETER": (400, "En parameter i anropet är felaktig", "Se /docs för vad som godtas."),
    "BODY_WRONG": (422, "Innehållet i anropet är felaktigt", "Rätta det som pekas ut; se /docs."),
    "NOT_AUTHENTICATED": (401, "Giltig token saknas", "Hämta en ny token och försök igen."),
    "NOT_ALLOWED": (403, "Din roll ger inte tillgång till detta", "Vänd dig till den som förvaltar behörigheter."),
    "REASON_MISSING": (
        403,
        "Ange varför du tittar",
        "Det loggas: ange reason (se /openapi.json) och, om det finns, ett ärendenummer som reference.",
    ),
    "FORM_NOT_OURS": (403, "Formuläret gäller inte längre", "Gå tillbaka, ladda om sidan och försök igen."),
    "RULES_BROKEN": (422, "Reglerna eller enheterna på disk har fel", "De gamla gäller. Rätta det som listas."),
    "NOTHING_PROPOSED": (409, "Det finns inget sådant förslag", "Läs om förslaget; det kan ha ersatts eller avgjorts."),
    "SECOND_PERSON_NEEDED": (403, "En annan administratör måste godkänna", "Den som föreslår godkänner inte själv."),
    "STAFF_WRONG": (422, "Uppgifterna om medarbetaren är felaktiga", "Rätta det som listas och skicka igen."),
    "NOT_FOUND": (404, "Det som efterfrågas finns inte för er", "Kontrollera adressen."),
    "METHOD_NOT_ALLOWED": (405, "Metoden stöds inte på den här adressen", "Se /docs för adressens metoder."),
    "SCOPE_MISSING": (403, "Token ger inte rätt till det här", "Begär en token med den omfattning (scope) som krävs."),
    "SIGNATURE_MISSING": (403, "Meddelandet är inte signerat", "Enheten ska signera sina meddelanden (RFC 9421)."),
    "SIGNATURE_WRONG": (403, "Signaturen håller inte", "Signera på nytt; errors säger vad som är fel."),
    "KEY_WRONG": (422, "Nyckeln kan inte tas emot", "Rätta det som anges i errors."),
    "TOO_SLOW": (408, "Anropet kom inte fram i tid", "Skicka igen över en snabbare förbindelse."),
    "ALREADY_ANSWERED": (409, "Ett annat utfall är redan rapporterat", "Det första utfallet gäller."),
    "UPLOAD_CLOSED": (409, "Bilagan är redan färdig", "En färdig bilaga ändras inte; ladda upp en ny."),
    "UPLOAD_INCOMPLETE": (409, "En del av bilagan saknas", "Skicka de delar som står i missing och försök igen."),
    "GONE": (410, "Meddelandet får inte längre lämnas ut", "Kontakta avsändaren om uppgiften behövs."),
    "TOO_LARGE": (413, "Meddelandet är för stort", "Ett meddelande får vara högst 1 MiB."),
    "WRONG_MEDIA_TYPE": (415, "Innehållstypen stöds inte", "Skicka som application/cloudevents+json."),
    "TOO_MANY_STREAMS": (429, "Inkorgen lyssnas redan på av för många", "Stäng en ström och försök igen."),
    "RATE_LIMITED": (
        429,
        "För många anrop på kort tid",
        "Vänta så många sekunder som Retry-After anger och skicka igen. Räcker inte gränsen, kontakta navet.",
    ),
    "QUOTA_REACHED": (
        409,
        "Enheten har för många bilagor liggande",
        "Skicka dem med meddelanden eller ta bort dem; de försvinner av sig själva efter en tid.",
    ),
    "HEADERS_TOO_LARGE": (431, "Adressen eller anropets huvuden är för långa", "Korta dem; högst 8 190 tecken var."),
    "INTERNAL": (500, "Ett fel har uppstått i navet", "Försök igen; anmäl felet med request_id om det kvarstår."),
    "EXTRACT_WRONG": (422, "Begäran om registerutdrag är felaktig", "Rätta det som listas och skicka igen."),
    "PERSON_SEARCH_WRONG": (422, "Frågan om en person är felaktig", "Rätta det som listas och skicka igen."),
    "NOT_YET": (503, "Posten är loggad men ännu inte signerad", "Försök igen om en sekund."),
    "NOT_EXAMINED": (503, "Bilagan kunde inte prövas just nu", "Den ligger kvar. Försök igen om en stund."),
    "UNAVAILABLE": (503, "Navet kan inte ta emot just nu", "Inget har tagits emot. Försök igen om en stund."),
}


@dataclass(slots=True)
class Problem(Exception):
    """An answer other than what was asked for. Raised by handlers, rendered in one place."""

    code: str
    status: int
    title: str
    detail: str
    errors: Sequence[Mapping[str, str]] = ()
    recipients: Sequence[Mapping[str, Any]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    closes: bool = False
    """Whether the connection ends with this answer: nobody knows where the next request would begin."""

    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "type": f"urn:samverkan:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = list(self.errors)
        if self.recipients:
            document["recipients"] = list(self.recipients)
        return document

    def response(self, request_id: str | None = None) -> web.Response:
        document = self.document()
        if request_id is not None:
            document["request_id"] = request_id
        response = web.Response(
            body=orjson.dumps(document),
            status=self.status,
            content_type=MEDIA_TYPE,
            headers=self.headers,
        )
        if self.closes:
            response.force_close()
        return response


def call_problem(code: str, faults: Sequence[Fault] = (), **headers: str) -> Problem:
    """A problem with the call itself. Header names are written with underscores: `Retry_After="1"`."""
    status, title, detail = CALL_PROBLEMS[code]
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Problem(code, status, title, detail, errors=_listed(faults), headers=named)


def rate_problem(reached: LimitReached) -> Problem:
    """Too many calls, with the whole seconds until the next may come."""
    return call_problem("RATE_LIMITED", Retry_After=str(math.ceil(reached.retry_after.total_seconds())))


def refusal_problem(refused: NotAccepted, rulebook: Rulebook) -> Problem:
    """A refused message, with the rulebook's words and every recipient's verdict."""
    refusal = refused.refusal
    text = rulebook.refusals[refusal.code]
    errors = _listed(refused.faults) or [
        {"pointer": pointer, "keyword": "rule", "detail": text.title_sv} for pointer in refusal.pointers
    ]
    detail = text.advice_sv
    if refusal.code is RefusalCode.UNIT_CLOSED and refusal.about:
        detail = f"{detail} Efterträdare: {refusal.about}."
    return Problem(refusal.code.value, text.status, text.title_sv, detail, errors, refused.recipients)


def _listed(faults: Sequence[Fault]) -> list[Mapping[str, str]]:
    return [{"pointer": fault.pointer, "keyword": fault.keyword, "detail": fault.detail} for fault in faults]
