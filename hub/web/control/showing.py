"""What every page of the control room may use: names of parties, units, types, verdicts and codes."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from hub.api.keys import hub_of, staff_of
from hub.identity.roles import Role
from hub.web import frame
from hub.web import reasons as kept_reasons
from hub.web.control import parties
from hub.web.naming import Naming

PLACES: Final = (
    ("/admin", "control.places.flows"),
    ("/admin/messages", "control.places.messages"),
    ("/admin/health", "control.places.health"),
    ("/admin/dead-letters", "control.places.dead_letters"),
    ("/admin/rules", "control.places.rules"),
    ("/admin/follow-up", "control.places.follow_up"),
    ("/admin/retention", "control.places.retention"),
    ("/admin/log", "control.places.log"),
    ("/admin/connections", "connection.list.title"),
)
VERDICT_KIND: Final = {"deliver": "ok", "redact": "info", "refuse": "stop", "manual": "warn"}
STATE_KIND: Final = {
    "handled": "ok",
    "read": "ok",
    "notified": "info",
    "pending": "info",
    "refused": "stop",
    "expired": "warn",
    "dead": "stop",
}


def common(request: web.Request) -> dict[str, Any]:
    hub, words = hub_of(request), frame.words_for(request)

    naming = Naming(hub, words)
    return {
        "rooms": PLACES,
        "kind_name": lambda kind: parties.name_of_kind(kind, words),
        "unit_name": lambda unit: parties.name_of_unit(hub, unit, words),
        "refusal": naming.refusal,
        "advice": naming.advice,
        "type_name": lambda name: naming.type(name) if name else words("control.unknown_type"),
        "basis_name": naming.basis,
        "category_name": naming.category,
        "verdict_kind": VERDICT_KIND,
        "state_kind": STATE_KIND,
        "number": lambda value: number(value, words.language),
        "percent": lambda share: percent(share, words.language),
        "reason": kept_reasons.find_reason(request),
        "may_act": staff_of(request).has(Role.ADMINISTRATOR),
        "may_extract": staff_of(request).has(Role.DATA_OFFICER),
    }


def number(value: int, language: str) -> str:
    """With a thin space or a comma between thousands."""
    return f"{value:,}".replace(",", "\u202f") if language == "sv" else f"{value:,}"


def percent(share: float, language: str) -> str:
    text = f"{share * 100:.1f}" if 0 < share < 0.1 else f"{share * 100:.0f}"
    return f"{text.replace('.', ',')}\u00a0%" if language == "sv" else f"{text}%"
