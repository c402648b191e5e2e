"""Browsing the rules: one type of message, with every way that it may go and the most that arrives there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from hub.api.keys import hub_of
from hub.api.problems import call_problem
from hub.service import Hub
from hub.web import frame
from hub.web.control import asking, showing
from hub.web.naming import Naming
from hub.web.team import schema
from routing import matrix


@dataclass(frozen=True, slots=True)
class Way:
    """Ways of one purpose, recipient and basis together: `senders` may all go it. Names of fields, in words."""

    purpose: str
    route: str
    recipient: str
    basis: str
    senders: Sequence[str]
    categories: Sequence[str]
    fields: Sequence[str]


@asking.usual_look("rules_type")
async def show_type(request: web.Request) -> web.StreamResponse:
    """What the rulebook in force says of the type; what is not on the page is never disclosed."""
    hub, name = hub_of(request), request.match_info["type"]
    rule = hub.rulebook.find_type(name)
    entry = next((each for each in hub.registry.list_types() if each.name == name), None)
    if rule is None or entry is None:
        raise call_problem("NOT_FOUND")
    words = frame.words_for(request)
    return frame.page(
        request,
        "control/type.html",
        **showing.common(request),
        rule=rule,
        entry=entry,
        description=entry.description_en if words.language == "en" else entry.description_sv,
        ways=list_ways(hub, name, words.language),
        n=Naming(hub, words),
    )


def list_ways(hub: Hub, name: str, language: str) -> list[Way]:
    """In the order of the rulebook."""
    document = hub.registry.get_type(name).document
    found: dict[tuple[str, str, str, str], tuple[list[str], matrix.Arrival]] = {}
    for arrival in matrix.list_arrivals(hub.rulebook, hub.registry, only=name):
        way = arrival.way
        key = (way.purpose, way.route, way.recipient, way.basis)
        found.setdefault(key, ([], arrival))[0].append(way.sender)
    return [
        Way(
            *key,
            senders,
            sorted(arrival.categories),
            [schema.name_of(document, each, language) for each in arrival.fields],
        )
        for key, (senders, arrival) in found.items()
    ]
