"""Public reference data: units, catalogue, schemas, and the documents that describe this interface."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from aiohttp import web

from hub.api.answers import answer, bad_parameter, known_parameters
from hub.api.keys import hub_of
from hub.api.problems import call_problem
from routing import decision
from routing.consent import STOCKHOLM
from routing.directory import Directory, Unit
from routing.rulebook import Route, Rulebook
from schemas import envelope as envelopes
from schemas.registry import MessageType, UnknownSchema

SCHEMA_MEDIA = "application/schema+json"
PUBLIC = {"Cache-Control": "public, max-age=300"}
IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}


async def list_units(request: web.Request) -> web.Response:
    """Every unit that is open on the day `on` (default today); `on=all` also those that are closed."""
    hub = hub_of(request)
    known_parameters(request, "on")
    text = request.query.get("on")
    today = hub.clock.now().astimezone(STOCKHOLM).date()
    on: date | None = today
    if text == "all":
        on = None
    elif text is not None:
        try:
            on = date.fromisoformat(text)
        except ValueError:
            raise bad_parameter("on", "Ett datum (ÅÅÅÅ-MM-DD) eller all.") from None
    units = [_unit(hub.directory, unit, on or today) for unit in hub.directory.list_units(on)]
    return answer({"on": on.isoformat() if on else "all", "items": units}, headers=PUBLIC)


def _unit(directory: Directory, unit: Unit, on: date) -> dict[str, Any]:
    row: dict[str, Any] = {
        "unit": unit.unit_id,
        "kind": unit.kind,
        "authority": unit.authority,
        "name": unit.name,
        "functions": list(unit.functions),
        "valid_from": unit.valid_from.isoformat() if unit.valid_from else None,
        "valid_to": unit.valid_to.isoformat() if unit.valid_to else None,
        "successors": list(unit.successors),
        "verified": unit.verified,
    }
    if unit.kind == "sd":
        row["jobbtorg"] = directory.find_catchment(unit.unit_id, on)
    if unit.kind in ("sd", "jt"):
        row["team"] = directory.find_team_for(unit.unit_id, on)
    if unit.kind == "team":
        kinds = ("sd", "jt", "af", "fk", "rg")
        row["seats"] = {kind: list(directory.list_seats(unit.unit_id, kind, on)) for kind in kinds}
    return row


async def list_catalogue(request: web.Request) -> web.Response:
    """Every message type: who may send it to whom, for which purpose, on which bases, and its schema."""
    hub = hub_of(request)
    items = [_type(hub.rulebook, message_type) for message_type in hub.registry.list_types()]
    return answer({"rulebook": hub.rulebook.digest, "items": items}, headers=PUBLIC)


def _type(rulebook: Rulebook, message_type: MessageType) -> dict[str, Any]:
    rule = rulebook.find_type(message_type.name)
    return {
        "type": f"{envelopes.TYPE_PREFIX}{message_type.name}",
        "version": message_type.version,
        "dataschema": f"/schemas/{message_type.name}/{message_type.version}",
        "title": {"sv": message_type.title_sv, "en": message_type.title_en},
        "description": {"sv": message_type.description_sv, "en": message_type.description_en},
        "subject": rule.subject if rule else None,
        "senders": sorted(rule.senders) if rule else [],
        "reserved": rule is not None and rule.reserved,
        "categories": sorted(rule.categories) if rule else [],
        "routes": [_route(route) for route in rule.routes] if rule else [],
    }


def _route(route: Route) -> dict[str, Any]:
    return {
        "purpose": route.purpose,
        "recipients": [
            {"kind": kind, "found": rule.found, "bases": list(rule.bases)}
            for kind, rule in sorted(route.recipients.items())
        ],
    }


# Kinds of recipient by the words that a developer would try first, beside the codes of the directory.
KINDS_IN_WORDS = {
    "stadsdel": "sd",
    "jobbtorg": "jt",
    "arbetsformedlingen": "af",
    "forsakringskassan": "fk",
    "region": "rg",
    "samordnare": "team",
}


async def get_schema(request: web.Request) -> web.Response:
    """One version of one type, whole and for ever the same; with `for` as one kind of recipient can get it at most."""
    hub = hub_of(request)
    known_parameters(request, "for")
    try:
        message_type = hub.registry.get_type(request.match_info["type"], request.match_info["version"])
    except UnknownSchema:
        raise call_problem("NOT_FOUND") from None
    recipient = request.query.get("for")
    if recipient is None:
        return answer(message_type.document, media_type=SCHEMA_MEDIA, headers=IMMUTABLE)
    view = _view(hub.rulebook, message_type, KINDS_IN_WORDS.get(recipient, recipient))
    if view is None:
        raise bad_parameter("for", "En mottagare som typen kan gå till: " + ", ".join(KINDS_IN_WORDS))
    # The rules decide what a recipient sees, and rules change: this one is not for ever.
    return answer(view, media_type=SCHEMA_MEDIA, headers=PUBLIC)


def _view(rulebook: Rulebook, message_type: MessageType, kind: str) -> dict[str, Any] | None:
    """The derived schema of the first route that leads to this kind; None when none does."""
    rule = rulebook.find_type(message_type.name)
    for route in rule.routes if rule else ():
        if kind in route.recipients:
            return decision.view_for(rulebook, message_type, route.recipients[kind], route.purpose).schema
    return None


# Swagger UI as its makers packaged it: `vendor/README.md` says which version.
VENDORED = Path(__file__).parent / "vendor" / "swagger-ui"

DOCS_PAGE = """<!doctype html>
<html lang="sv">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Samverkansnavet: gränssnitt</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>Sidan visar <a href="/openapi.json">OpenAPI-dokumentet</a> med hjälp av skript.</noscript>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
DOCS_ASSETS = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
DOCS_SCRIPT = """window.ui = SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, tryItOutEnabled: false,
  validatorUrl: null, persistAuthorization: false
});
"""
# Swagger UI writes style attributes and draws its icons from data: addresses; scripts come from here only.
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


async def show_docs(request: web.Request) -> web.Response:
    """The interface for people, served whole by the hub itself."""
    headers = {"Content-Security-Policy": DOCS_POLICY, **PUBLIC}
    return web.Response(text=DOCS_PAGE, content_type="text/html", headers=headers)


async def show_docs_script(request: web.Request) -> web.Response:
    return web.Response(text=DOCS_SCRIPT, content_type="text/javascript", headers=PUBLIC)


async def show_docs_asset(request: web.Request) -> web.StreamResponse:
    """One of the two files that the page needs. Its type is said here: what is guessed is another on each machine."""
    name = request.match_info["name"]
    if name not in DOCS_ASSETS:
        raise call_problem("NOT_FOUND")
    return web.FileResponse(VENDORED / name, headers=PUBLIC | {"Content-Type": DOCS_ASSETS[name]})
