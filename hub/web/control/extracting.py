"""The register extract on paper, for the personal data officer to print. The number stands in the form's body only."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from hub.api.keys import hub_of, staff_of
from hub.extract import making
from hub.extract.making import PDF_NAME, Wanted
from hub.web import frame
from hub.web import reasons as kept_reasons
from hub.web.control import asking, showing
from routing.situation import day_in_stockholm
from schemas import personal_number
from schemas.personal_number import PersonIdInvalid

_LONGEST_NAME: Final = 200


async def show_form(request: web.Request) -> web.StreamResponse:
    """Who asks, and why the extract is made."""
    if kept_reasons.find_reason(request) is None:
        return asking.ask_reason(request)
    return _form(request)


async def make_paper(request: web.Request) -> web.StreamResponse:
    """The extract as PDF. The signed files are made by `samverkan audit extract` and by the API."""
    hub, form, reason = hub_of(request), await request.post(), kept_reasons.find_reason(request)
    if reason is None:
        return asking.ask_reason(request, to="/admin/extract")
    name = str(form.get("name", "")).strip()[:_LONGEST_NAME]
    try:
        number = personal_number.parse(
            str(form.get("number", "")).strip(),
            allow_test=hub.settings.allow_test_numbers,
            today=day_in_stockholm(hub.clock.now()),
        )
    except PersonIdInvalid:
        return _form(request, is_faulty=True)
    name = name if name.isprintable() else ""
    wanted = Wanted(number.canonical, name, reason, form.get("masked") == "yes")
    made = await making.make(hub, wanted, staff_of(request).actor)
    headers = {**frame.HEADERS, "Content-Disposition": f'inline; filename="{PDF_NAME}"'}
    return web.Response(body=made.files[PDF_NAME], content_type="application/pdf", headers=headers)


def _form(request: web.Request, *, is_faulty: bool = False) -> web.Response:
    status = 422 if is_faulty else 200
    return frame.page(request, "control/extract.html", status=status, **showing.common(request), is_faulty=is_faulty)
