"""The consent's own part of its form: who may tell whom, as a table, and the paper that the person signs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from hub.documents.page import Page
from hub.web import texts, times
from hub.web.naming import Naming
from hub.web.team import composing
from hub.web.team.composing import Place
from hub.web.team.fields import Given
from routing.consent import STOCKHOLM

# The city's board that jobbtorg and coordinator belong to, and the state's and region's authorities.
_ALWAYS: Final = ("amn", "af", "fk", "rg")


def authorities(place: Place) -> tuple[str, ...]:
    """Those who can tell and be told around this team or case: the stadsdelar of it, the city's board, the others."""
    hub, on = place.hub, place.hub.clock.now().astimezone(STOCKHOLM).date()
    seats = hub.directory.list_seats(place.team, "sd", on) if place.team else ()
    own = place.hub.directory.find_authority(place.unit_id)
    known = [hub.directory.find_authority(seat) for seat in seats]
    named = [name for name in (own, *known) if name is not None]
    others = [name for name in _ALWAYS if name not in named]
    return tuple(dict.fromkeys([*named, *others]))


def categories(place: Place) -> tuple[str, ...]:
    """What a consent can be about."""
    node = place.message_type.document["$defs"]["codes.consent_category"]
    return tuple(node["enum"])


def edges(given: Given) -> list[dict[str, Any]]:
    """The ticked directions, each with the ticked categories."""
    told = list(given.get("edge_categories", ()))
    pairs = [value.partition(">") for value in given.get("edge", ())]
    return [
        {"holder_authority": holder, "recipient_authority": recipient, "categories": told, "confirmed_by_holder": True}
        for holder, _, recipient in pairs
        if holder and recipient and holder != recipient
    ]


def complete(place: Place, given: Given, data: dict[str, Any]) -> None:
    """Adds to the content what the table and the hub say: directions, recorder, and the hash of the paper."""
    content = data["content"]
    content["edges"] = edges(given)
    content["recorded_by"] = {"unit_id": place.unit_id, "officer_role": data["handling"]["officer_role"]}
    data["handling"]["basis"] = []
    if content["edges"] and "person" in data:
        content["document_hash"] = "sha256:" + hashlib.sha256(paper(place, data)).hexdigest()
    if composing.is_whole(place, data):  # now with the table's part
        data["handling"]["categories"] = sorted(place.message_type.categories_in(data))


def paper(place: Place, data: Mapping[str, Any]) -> bytes:
    """The form for the person to sign, in plain Swedish, as PDF. The same content gives the same bytes."""
    content, person = data["content"], data.get("person", {})
    naming = Naming(place.hub, texts.load("sv"))  # whatever language the officer reads
    made_at = datetime.fromisoformat(data["handling"]["occurred_at"])
    page = Page("Samtycke till att myndigheter delar uppgifter", made_at=made_at, footer="Samtycke · Samverkan")
    page.fields(
        [
            ("Namn", " ".join(filter(None, (person.get("given_name"), person.get("family_name"))))),
            ("Personnummer", str(person.get("personal_number", ""))),
            ("Gäller", f"{_day(content.get('valid_from'))} till {_day(content.get('valid_to'))}"),
            ("Varför", naming.purpose(str(content.get("purpose", "")))),
        ]
    )
    page.heading("Det här säger du ja till")
    page.paragraph(
        "De här myndigheterna får berätta för varandra om dig, så att ni kan planera tillsammans. "
        "De får bara berätta det som står här, och bara i den riktning som står här."
    )
    on = made_at.astimezone(STOCKHOLM).date()
    page.rows(
        ("Får berätta", "Får veta", "Vad"),
        [
            (
                naming.authority(edge["holder_authority"], on),
                naming.authority(edge["recipient_authority"], on),
                ", ".join(naming.category(code) for code in edge["categories"]),
            )
            for edge in content["edges"]
        ],
        (3, 3, 6),
    )
    if content.get("excluded"):
        page.heading("Det här får de inte berätta")
        for entry in content["excluded"]:
            page.paragraph("• " + _excluded(naming, entry, on))
    page.heading("Bra att veta")
    for line in _TOLD:
        page.paragraph(f"• {line}")
    page.heading("Underskrift")
    page.paragraph("Jag har förstått vad jag säger ja till.")
    page.paragraph(f"\n\nDatum {'_' * 22}   Namn {'_' * 38}")
    return bytes(page.finish())


_TOLD: Final = (
    "Det är frivilligt. Du behöver inte säga ja, och du kan säga ja till en del.",
    "Säger du nej kan myndigheterna inte planera tillsammans. Du har kvar rätten till hjälp från var och en av dem.",
    "Du kan när som helst ta tillbaka ditt ja, helt eller delvis. Säg till någon av myndigheterna.",
    "Tar du tillbaka ditt ja gäller det genast. Det som redan är berättat går inte att ta tillbaka.",
    "Du har rätt att få veta vad som har delats om dig, med vem och när. Be om ett registerutdrag.",
)


def _excluded(naming: Naming, entry: Mapping[str, Any], on: date) -> str:
    parts = []
    if "category" in entry:
        parts.append(naming.category(entry["category"]))
    if "fact" in entry:
        parts.append(f"”{entry['fact']}”")
    to = f" till {naming.authority(entry['recipient_authority'], on)}" if "recipient_authority" in entry else ""
    return (", ".join(parts) or "Inget alls") + to


def _day(text: object) -> str:
    try:
        return times.day_in_words(date.fromisoformat(str(text)), texts.load("sv"))
    except ValueError:
        return "…"
