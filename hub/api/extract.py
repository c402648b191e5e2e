"""The register extract over HTTP, for the personal data officer. The number travels in the body only."""

from __future__ import annotations

import base64
from typing import Any

from aiohttp import web

from hub.api import bodies
from hub.api.answers import answer, known_parameters
from hub.api.keys import hub_of, staff_of
from hub.api.problems import Problem, call_problem
from hub.extract import making
from hub.extract.making import Wanted
from hub.identity import reasons
from routing.situation import day_in_stockholm
from schemas import personal_number
from schemas.personal_number import PersonIdInvalid
from schemas.registry import Fault

_NEEDED = frozenset({"number", "reason"})
_ALLOWED = _NEEDED | {"name", "reference", "masked"}
_LONGEST_NAME = 200


async def make_extract(request: web.Request) -> web.Response:
    """Everything that the hub has about one person: the document, the same as PDF, and a signature over both."""
    hub = hub_of(request)
    known_parameters(request)
    given = await _read(request)
    try:
        reason = reasons.read(given["reason"], given.get("reference"))
        number = personal_number.parse(
            given["number"],
            allow_test=hub.settings.allow_test_numbers,
            today=day_in_stockholm(hub.clock.now()),
        )
    except reasons.ReasonWrong as wrong:
        raise _wrong(f"/{wrong.field}", "Skäl: en av " + ", ".join(reasons.REASONS)) from None
    except PersonIdInvalid:
        raise _wrong("/number", "Tolv siffror, med eller utan bindestreck.") from None
    wanted = Wanted(number.canonical, given.get("name", ""), reason, given.get("masked", False))
    made = await making.make(hub, wanted, staff_of(request).actor)
    return answer(
        {
            "extract": made.extract_id,
            "files": {name: base64.b64encode(content).decode() for name, content in made.files.items()},
            "signature": made.signature,
            "key": hub.document_key.public_jwk(),
        }
    )


async def _read(request: web.Request) -> dict[str, Any]:
    given = await bodies.read_json(request)
    if not isinstance(given, dict) or not _NEEDED <= given.keys() <= _ALLOWED:
        raise _wrong("", "Ett objekt med number och reason, kanske name, reference och masked.")
    texts = [given[name] for name in sorted(_ALLOWED - {"masked"}) if name in given]
    if not all(isinstance(text, str) and len(text) <= _LONGEST_NAME and text.isprintable() for text in texts):
        raise _wrong("", f"Texter på högst {_LONGEST_NAME} tecken.")
    if not isinstance(given.get("masked", False), bool):
        raise _wrong("/masked", "true eller false.")
    return given


def _wrong(pointer: str, accepted: str) -> Problem:
    return call_problem("EXTRACT_WRONG", [Fault(pointer, "format", accepted)])
