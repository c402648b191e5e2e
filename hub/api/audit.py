"""The log for those who oversee: every look is in it before anything is shown, with the reason that was given."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from hub.api.answers import PRIVATE, answer, bad_parameter, instant, known_parameters, uuid_of, whole_number
from hub.api.keys import hub_of
from hub.api.looking import REASON_NAMES, record_look
from hub.audit import rendering, searching
from hub.audit.entry import AuditAction
from hub.audit.searching import VERDICTS, Page, Search
from hub.store.records import AuditQuery
from schemas import envelope

FORMATS: Final = tuple(rendering.FORMS)
MEDIA_TYPES: Final = {"csv": "text/csv", "fhir": "application/fhir+json"}
_TEXTS: Final = ("unit", "type", "action", "code")
NAMES: Final = (*_TEXTS, "verdict", "message", "case", "since", "until", "limit", "cursor", "format")


async def list_entries(request: web.Request) -> web.Response:
    """Entries in the order of the log, as JSON, as a table, or as FHIR AuditEvent."""
    hub = hub_of(request)
    known_parameters(request, *NAMES, *REASON_NAMES)
    wanted, limit, form = (
        _read(request),
        whole_number(request, "limit", 100, 1, 500),
        _one_of(request, "format", FORMATS),
    )
    by = [name for name in NAMES if name in request.query and name not in ("limit", "format")]
    await _record(request, form or "json", sorted(by))
    page = await hub.store.ask(lambda: searching.search(hub.reader, wanted, limit))
    return _show(page, form)


async def _record(request: web.Request, form: str, by: list[str]) -> None:
    if form == "json":
        await record_look(request, "log_search", detail={"by": by})
    else:
        await record_look(request, "log", detail={"by": by, "form": form}, action=AuditAction.LOG_EXPORTED)


def _show(page: Page, form: str | None) -> web.Response:
    documents = [searching.document(row) for row in page.rows]
    following = None if page.following is None else str(page.following)
    headers = {**PRIVATE} if following is None else {**PRIVATE, "X-Next-Cursor": following}
    if form not in MEDIA_TYPES:
        return answer({"items": documents, "next": following})
    body = "".join(rendering.FORMS[form].parts(documents)).encode()
    return web.Response(body=body, content_type=MEDIA_TYPES[form], charset="utf-8", headers=headers)


def _read(request: web.Request) -> Search:
    texts: dict[str, Any] = {name: request.query.get(name) or None for name in _TEXTS}
    ids = {name: _id(request, name) for name in ("message", "case")}
    kind = texts["type"]
    query = AuditQuery(
        type=kind.removeprefix(envelope.TYPE_PREFIX) if kind else None,
        message_id=ids["message"],
        case_id=ids["case"],
        code=texts["code"],
        since=instant(request, "since"),
        after=whole_number(request, "cursor", 0, 0, 10**18) if "cursor" in request.query else None,
    )
    verdict = _one_of(request, "verdict", VERDICTS)
    return Search(query, texts["unit"], verdict, texts["action"], instant(request, "until"))


def _id(request: web.Request, name: str) -> str | None:
    text = request.query.get(name)
    if text is not None and uuid_of(text) is None:
        raise bad_parameter(name, "Ett id (UUID).")
    return uuid_of(text) if text is not None else None


def _one_of(request: web.Request, name: str, accepted: tuple[str, ...]) -> str | None:
    text = request.query.get(name)
    if text is not None and text not in accepted:
        raise bad_parameter(name, "En av " + ", ".join(accepted))
    return text
