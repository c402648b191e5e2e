"""What every page of the control room may use: names of parties, units, types, verdicts and codes."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from hub.api.keys import hub_of, staff_of
from hub.identity.roles import Role
from hub.web import frame
from hub.web import reasons as kept_reasons
from hub.web.control import parties

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

    def refusal(code: str | None) -> str:
        if not code:
            return ""
        known = next((text for each, text in hub.rulebook.refusals.items() if each.value == code), None)
        return (
            known.title_sv
            if known is not None and words.language == "sv"
            else words.find(f"control.codes.{code}") or (code)
        )

    def advice(code: str | None) -> str:
        known = next((text for each, text in hub.rulebook.refusals.items() if each.value == code), None)
        return known.advice_sv if known is not None and words.language == "sv" else ""

    def type_name(name: str | None) -> str:
        found = next((each for each in hub.registry.list_types() if each.name == name), None)
        if found is None:
            return name or words("control.unknown_type")
        return found.title_sv if words.language == "sv" else found.title_en

    def basis(code: str) -> str:
        found = hub.rulebook.bases.get(code)
        return found.title_sv if found is not None else code

    def category(code: str) -> str:
        found = hub.rulebook.categories.get(code)
        return found.title_sv if found is not None else code

    return {
        "rooms": PLACES,
        "kind_name": lambda kind: parties.name_of_kind(kind, words),
        "unit_name": lambda unit: parties.name_of_unit(hub, unit, words),
        "refusal": refusal,
        "advice": advice,
        "type_name": type_name,
        "basis_name": basis,
        "category_name": category,
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
