"""What the log tells about one person, for those who oversee. The number travels in the body only, and never without a
reason, which is in the log before anything is shown."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from hub.api import bodies
from hub.api.answers import answer, known_parameters
from hub.api.keys import hub_of
from hub.api.looking import record_look
from hub.api.problems import Problem, call_problem
from hub.audit import searching
from hub.extract import gathering
from hub.identity import reasons
from hub.identity.reasons import Reason
from hub.store.port import Reader
from hub.store.records import AuditQuery, AuditRow
from routing.situation import day_in_stockholm
from schemas import personal_number
from schemas.personal_number import PersonIdInvalid
from schemas.registry import Fault

_NEEDED: Final = frozenset({"number", "reason"})
_ALLOWED: Final = _NEEDED | {"reference", "limit"}
_MOST: Final = 500


async def list_entries_about(request: web.Request) -> web.Response:
    """The newest entries about the person, in the order of the log; none where nobody is known."""
    hub = hub_of(request)
    known_parameters(request)
    given = await _read(request)
    number, reason = _number(request, given["number"]), _reason(given)
    await record_look(request, "person_search", reason=reason)
    person_key = hub.vault.person_key(number)
    rows = await hub.store.ask(lambda: find_about(hub.reader, person_key))
    shown = rows[-given.get("limit", 100) :]
    return answer({"items": [searching.document(row) for row in shown], "total": len(rows)})


def find_about(reader: Reader, person_key: str) -> list[AuditRow]:
    """Every entry that leads back to this person: of the messages, the refusals and the cases."""
    file = gathering.gather(reader, person_key)
    rows = [*(row for found in file.entries.values() for row in found), *file.refusals]
    for case in file.cases:
        rows += reader.list_audit(AuditQuery(case_id=case.case_id, limit=_MOST))
    by_index = {row.index: row for row in rows}
    return [by_index[index] for index in sorted(by_index)]


async def _read(request: web.Request) -> dict[str, Any]:
    given = await bodies.read_json(request)
    if not isinstance(given, dict) or not _NEEDED <= given.keys() <= _ALLOWED:
        raise _wrong("", "Ett objekt med number och reason, kanske reference och limit.")
    for name in _ALLOWED - {"limit"}:
        if not isinstance(given.get(name, ""), str):
            raise _wrong(f"/{name}", "En text.")
    limit = given.get("limit", 1)
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= _MOST:
        raise _wrong("/limit", f"Ett heltal, 1-{_MOST}.")
    return given


def _number(request: web.Request, text: str) -> str:
    hub = hub_of(request)
    today = day_in_stockholm(hub.clock.now())
    try:
        return personal_number.parse(text, allow_test=hub.settings.allow_test_numbers, today=today).canonical
    except PersonIdInvalid:
        raise _wrong("/number", "Tolv siffror, med eller utan bindestreck.") from None


def _reason(given: dict[str, Any]) -> Reason:
    try:
        return reasons.read(given["reason"], given.get("reference"))
    except reasons.ReasonWrong as wrong:
        accepted = "Skäl: en av " + ", ".join(reasons.REASONS) if wrong.field == "reason" else "Högst 40 tecken."
        raise _wrong(f"/{wrong.field}", accepted) from None


def _wrong(pointer: str, accepted: str) -> Problem:
    return call_problem("PERSON_SEARCH_WRONG", [Fault(pointer, "format", accepted)])
