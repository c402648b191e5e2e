"""Writing a message: a form from its schema, a dry run that shows who gets what, then the same intake as for everybody.

A form has the message's id and time from its beginning, so that sending it twice counts once. What has been typed is
kept as a draft at every step, and a form can only be sent as it was when its dry run was shown.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
from aiohttp import web

from hub import drafts
from hub.api.answers import uuid_of
from hub.api.keys import hub_of, staff_of
from hub.api.problems import call_problem
from hub.identity.roles import Grant, Role
from hub.intake.accepting import Accepted
from hub.intake.receiving import NotAccepted
from hub.protection import PROTECTED
from hub.web import frame
from hub.web.team import composing, consenting, desk, fields, offering, placing, presets, previewing
from hub.web.team.composing import Place
from hub.web.team.fields import Form, Given
from routing.consent import STOCKHOLM
from routing.refusals import RefusalCode
from schemas.envelope import NotAnEvent, write_instant

_OWN_FIELDS: Final = frozenset({"csrf", "do", "previewed"})
_MOST_FIELDS: Final = 2000
_ROW: Final = re.compile(r"content(\.[a-z_]+|\.[0-9]{1,2})+")
_NAMESPACE: Final = uuid.UUID("6c7a9d2e-3f0b-4c55-9a8e-1b7d5f2e4c10")


@dataclass(slots=True)
class Answered:
    """What is shown beside a form that comes back."""

    faults: dict[str, list[str]] = field(default_factory=dict)
    refusal: str = ""
    advice: str = ""
    preview: previewing.Preview | None = None
    previewed: str = ""
    notice: str = ""
    protects: bool = False


async def show_form(request: web.Request) -> web.Response:
    """The form: as it was left, or as it begins."""
    place = await placing.find_place(request)
    around = await placing.look_around(request, place)
    hub, key, staff_id = place.hub, draft_id(request, place), staff_of(request).staff_id
    kept = await hub.store.ask(lambda: drafts.read(hub.look(), key, staff_id))
    given: Given = kept if kept is not None else presets.begin(place, role=_role(request, place), **_as_dict(around))
    fresh = {"message_id": (str(uuid.uuid4()),), "at": (_now(request),)}
    notice = "team.form.draft_found" if kept is not None else ""
    return _draw(request, place, {**given, **fresh}, around, Answered(notice=notice))


async def take_form(request: web.Request) -> web.StreamResponse:
    """One step with a form: another row, a draft, the paper, the dry run, or sending it."""
    place = await placing.find_place(request)
    given, do = await _read(request)
    if do == "discard":
        await hub_of(request).group.submit(drafts.DropDraft(draft_id(request, place)))
        return frame.see_other(_back(place))
    if do == "send":
        return await _send(request, place, given)
    name, _, index = do.partition(":")[2].partition(":")
    if do.startswith("add:") and _ROW.fullmatch(name):
        given = fields.add_row(given, name)
    elif do.startswith("drop:") and _ROW.fullmatch(name) and index.isdigit():
        given = fields.drop_row(given, name, int(index))
    is_kept = await _keep(request, place, given)
    around = await placing.look_around(request, place)
    if do == "paper":
        return await _paper(request, place, given, around)
    if do == "preview":
        return _draw(request, place, given, around, await _try(request, place, given))
    notice = ("team.form.draft_kept" if is_kept else "team.form.draft_not_kept") if do == "draft" else ""
    return _draw(request, place, given, around, Answered(notice=notice))


async def _read(request: web.Request) -> tuple[dict[str, Sequence[str]], str]:
    form = await request.post()
    if len(form) > _MOST_FIELDS:
        raise call_problem("TOO_LARGE")
    names = dict.fromkeys(form)
    given: dict[str, Sequence[str]] = {
        name: tuple(value for value in form.getall(name) if isinstance(value, str))
        for name in names
        if name not in _OWN_FIELDS
    }
    message_id, at = _first(given, "message_id"), _first(given, "at")
    if uuid_of(message_id) is None or not _is_instant(at):
        raise call_problem("FORM_NOT_OURS")
    return given, str(form.get("do", "preview"))


def _first(given: Given, name: str) -> str:
    return next(iter(given.get(name, ())), "")


def _is_instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _as_dict(around: placing.Around) -> dict[str, Any]:
    return {"person": around.person, "plan": around.plan, "consent": around.consent}


def _role(request: web.Request, place: Place) -> str:
    coordinates = Grant(Role.TEAM_COORDINATOR, place.unit_id) in staff_of(request).grants
    return place.naming.words("team.role_coordinator" if coordinates else "team.role_officer")


def _now(request: web.Request) -> str:
    return write_instant(hub_of(request).clock.now())


def draft_id(request: web.Request, place: Place) -> str:
    """One draft per person, unit, type and case. It tells nothing of any of them."""
    parts = (
        staff_of(request).staff_id,
        place.unit_id,
        place.message_type.name,
        place.case.case_id if place.case else "",
    )
    return str(uuid.uuid5(_NAMESPACE, "\0".join(parts)))


async def _keep(request: web.Request, place: Place, given: Given) -> bool:
    key = draft_id(request, place)
    kept = {name: list(values) for name, values in given.items() if name not in ("message_id", "at")}
    lane_id = drafts.lane_of(key, place.case.case_id if place.case else None)
    saved: bool = await place.hub.group.submit(drafts.SaveDraft(key, staff_of(request).staff_id, lane_id, kept))
    return saved


def _form(place: Place, given: Given, faults: Mapping[str, Sequence[str]], around: placing.Around) -> Form:
    name = place.message_type.name
    return Form(
        place.message_type.document,
        place.naming,
        given,
        faults,
        presets.LEFT_OUT.get(name, frozenset()),
        presets.FOLDED.get(name, frozenset()),
        presets.captions(around.plan, place),
    )


async def _compose(place: Place, given: Given) -> dict[str, Any]:
    data = composing.compose(place, _form(place, given, {}, placing.Around()), given)
    if place.message_type.name == presets.CONSENT:
        # The hash of the paper: drawing it takes a third of a second, which nobody else should wait for.
        await asyncio.to_thread(consenting.complete, place, given, data)
    return data


async def _try(request: web.Request, place: Place, given: Given) -> Answered:
    """The dry run."""
    data = await _compose(place, given)
    missing = _missing(place, given)
    if missing:
        return Answered(missing, refusal="team.form.incomplete")
    try:
        event = _event(place, given, data)
    except (ValueError, NotAnEvent):
        return Answered(refusal="team.form.incomplete")
    if _protects(given):
        # Its answer is known: nobody gets it, and what there is of the person is forgotten.
        return Answered(previewed=digest(data), protects=True)
    answer = await place.hub.explain(event, place.unit_id)
    if isinstance(answer, NotAccepted):
        return _refused(place, answer)
    preview = previewing.show(place, data, answer.receipt)
    return Answered(preview=preview, previewed=digest(data))


def _event(place: Place, given: Given, data: Mapping[str, Any]) -> Any:
    at = datetime.fromisoformat(_first(given, "at"))
    return composing.envelope(place, data, message_id=_first(given, "message_id"), at=at)


def _missing(place: Place, given: Given) -> dict[str, list[str]]:
    """What only a form can miss: nobody chosen, no direction ticked."""
    words, faults = place.naming.words, {}
    if place.message_type.name == presets.CONSENT:
        if not consenting.edges(given):
            faults["edge"] = [words("team.form.no_edge")]
        if not given.get("edge_categories"):
            faults["edge_categories"] = [words("team.form.no_category")]
    elif composing.addressees(place) and not given.get("to"):
        faults["to"] = [words("team.form.no_recipient")]
    return faults


def _refused(place: Place, answer: NotAccepted) -> Answered:
    naming, code = place.naming, answer.refusal.code.value
    faults: dict[str, list[str]] = {}
    for fault in answer.faults:
        faults.setdefault(composing.field_of(fault.pointer), []).append(naming.fault(fault))
    for pointer in answer.refusal.pointers:
        faults.setdefault(composing.field_of(pointer), []).append(naming.refusal(code))
    preview = previewing.refused(place, answer.recipients) if answer.recipients else None
    return Answered(faults, naming.refusal(code), naming.advice(code), preview)


def digest(data: Mapping[str, Any]) -> str:
    """What the dry run was about."""
    return hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def _send(request: web.Request, place: Place, given: Given) -> web.Response:
    """Sends what was shown. What has changed since is shown first."""
    data, form = await _compose(place, given), await request.post()
    around = await placing.look_around(request, place)
    if form.get("previewed") != digest(data):
        await _keep(request, place, given)
        return _draw(request, place, given, around, await _try(request, place, given))
    answer = await place.hub.accept(_event(place, given, data), place.unit_id)
    if isinstance(answer, NotAccepted):
        if _protects(given) and answer.refusal.code is RefusalCode.PROTECTED_IDENTITY:
            return await _protected(request, place)
        return _draw(request, place, given, around, _refused(place, answer))
    await _sent(request, place, answer)
    case_id = answer.receipt.get("case") or (place.case.case_id if place.case else None)
    return frame.see_other(
        f"/team/cases/{case_id}?done=sent" if case_id else f"/team/sent/{answer.receipt['id']}?done=sent"
    )


def _protects(given: Given) -> bool:
    return _first(given, "protected_identity") in PROTECTED


async def _protected(request: web.Request, place: Place) -> web.Response:
    """The hub has forgotten the person; so does the desk."""
    await desk.record_act(request, "protect", case_id=place.case.case_id if place.case else None)
    await place.hub.group.submit(drafts.DropDraft(draft_id(request, place)))
    return frame.see_other("/team?done=protected")


async def _sent(request: web.Request, place: Place, answer: Accepted) -> None:
    message_id, case_id = str(answer.receipt["id"]), answer.receipt.get("case")
    if not answer.duplicate:
        await desk.record_act(request, "send", message_id=message_id, case_id=case_id)
    await place.hub.group.submit(drafts.DropDraft(draft_id(request, place)))


async def _paper(request: web.Request, place: Place, given: Given, around: placing.Around) -> web.Response:
    """The consent's paper, to print and sign."""
    if place.message_type.name != presets.CONSENT:
        raise call_problem("NOT_FOUND")
    faults = _missing(place, given)
    if not _first(given, "person.personal_number").strip():
        faults["person.personal_number"] = [place.naming.words("team.form.no_person")]
    if faults:
        return _draw(request, place, given, around, Answered(faults, refusal="team.form.incomplete"))
    content = await asyncio.to_thread(consenting.paper, place, await _compose(place, given))
    await desk.record_paper(request, "consent_form", case_id=place.case.case_id if place.case else None)
    headers = {**frame.HEADERS, "Content-Disposition": 'attachment; filename="samtycke.pdf"'}
    return web.Response(body=content, content_type="application/pdf", headers=headers)


def _back(place: Place) -> str:
    return f"/team/cases/{place.case.case_id}" if place.case else "/team"


def _draw(request: web.Request, place: Place, given: Given, around: placing.Around, answered: Answered) -> web.Response:
    form = _form(place, given, answered.faults, around)
    content = form.draw(place.message_type.document["properties"]["content"], "content")
    shown = {name for name in answered.faults if name in _names(content)} | _own_names(place)
    is_consent = place.message_type.name == presets.CONSENT
    return desk.page(
        request,
        "team/form.html",
        status=422 if answered.refusal else 200,
        place=place,
        content=content,
        given=given,
        addressees=composing.addressees(place),
        bases=composing.bases(place),
        purposes=list(dict.fromkeys(route.purpose for route in place.routes)),
        teams=offering.teams_of(place.hub, place.unit_id) if place.case is None else (),
        faults=answered.faults,
        other_faults=[text for name, texts in answered.faults.items() if name not in shown for text in texts],
        refusal=_text(place, answered.refusal),
        advice=answered.advice,
        preview=answered.preview,
        previewed=answered.previewed,
        told=_text(place, answered.notice),
        protects=answered.protects,
        authorities=consenting.authorities(place) if is_consent else (),
        consent_categories=consenting.categories(place) if is_consent else (),
        is_consent=is_consent,
        today_date=place.hub.clock.now().astimezone(STOCKHOLM).date(),
        back=_back(place),
        person_known=around.person is not None,
        action=request.path_qs,
    )


def _text(place: Place, key: str) -> str:
    """A text of the catalogue by its key, or the text of a rule as it is."""
    return (place.naming.words.find(key) or key) if key else ""


def _names(drawn: fields.Field) -> set[str]:
    return {drawn.name}.union(*(_names(part) for part in (*drawn.fields, *drawn.folded)))


def _own_names(place: Place) -> set[str]:
    person = {f"person.{name}" for name in ("personal_number", "given_name", "family_name")}
    return {"to", "role", "ground", "edge", "edge_categories", "protected_identity"} | (
        person if place.names_person else set()
    )
