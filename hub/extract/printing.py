"""The extract on paper, in Swedish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hub.documents.page import Page
from hub.extract import words

_STOCKHOLM = ZoneInfo("Europe/Stockholm")
_INTRO = (
    "Det här är de uppgifter om dig som Samverkansnavet har om vad som har sänts mellan myndigheter, enligt artikel "
    "15 i dataskyddsförordningen. För varje meddelande står när det sändes, av vem, till vem, för vilket ändamål, "
    "på vilken grund, och vilka slags uppgifter som lämnades ut eller hölls tillbaka."
)
_BODIES = (
    "Navet för meddelanden vidare och har ingen personakt. Innehållet i ett meddelande finns hos den myndighet som "
    "sände det och hos den som fick det. Varje myndighet nedan är personuppgiftsansvarig för det som den har sänt: "
    "begär innehållet, rättelse eller begränsning där. Du kan klaga hos Integritetsskyddsmyndigheten (imy.se)."
)
_NOTHING = "Navet har inga uppgifter som leder till dig."
_PROTECTED = (
    "Navet minns inte vem som har skyddade personuppgifter: när det får veta det förstörs allt som leder till "
    "personen. "
    "Enheter anges här bara till sitt slag, eftersom de kan visa var du bor."
)


def draw(document: Mapping[str, Any], *, made_at: datetime, digest: str, key_id: str) -> bytes:
    """The PDF of an extract. `digest` is that of the JSON document, so that paper and file hold together."""
    page = Page("Registerutdrag", made_at=made_at, footer=f"Samverkansnavet · registerutdrag {document['extract']}")
    page.fields(
        [
            ("Avser", document["person"]["name"] or document["person"]["number"]),
            ("Personnummer", document["person"]["number"]),
            ("Upprättat", _when(document["made_at"])),
            ("Diarienummer", document["reference"] or "–"),
        ]
    )
    page.paragraph(_INTRO)
    page.paragraph(_BODIES)
    if document["masked"]:
        page.paragraph(_PROTECTED)
    if not document["controllers"]:
        page.paragraph(_NOTHING)
    for part in document["controllers"]:
        _draw_controller(page, part)
    page.heading("Så kontrollerar du utdraget")
    page.small(
        f"Utdraget finns också som fil (JSON) med SHA-256 {digest}. Till filerna hör en signatur (JWS) med navets "
        f"nyckel {key_id}. Den som har filerna och navets publika nyckel kontrollerar dem med: samverkan audit "
        f"check-extract MAPP. Att utdraget gjordes står i navets logg."
    )
    return page.finish()


def _draw_controller(page: Page, part: Mapping[str, Any]) -> None:
    page.heading(f"Personuppgiftsansvarig: {part['name']}")
    if part["sent"]:
        page.paragraph("Sänt")
        titles = ("När", "Av", "Vad och varför", "Till", "Vad som lämnades ut, och på vilken grund")
        page.rows(titles, [row for sent in part["sent"] for row in _sent_rows(sent)], (15, 18, 25, 18, 34))
    if part["refused"]:
        page.paragraph("Stoppat av navet: inget lämnades ut")
        page.rows(
            ("När", "Av", "Vad och varför", "Skäl"), [_refused_row(each) for each in part["refused"]], (15, 20, 30, 45)
        )
    if part["consents"]:
        page.paragraph("Samtycken")
        titles = ("Registrerat", "Av", "Samtycke", "Gäller till", "Läge")
        page.rows(titles, [_consent_row(each) for each in part["consents"]], (15, 25, 40, 15, 15))


def _sent_rows(sent: Mapping[str, Any]) -> Sequence[tuple[str, ...]]:
    gone = "" if sent["body"] == "kept" else "\nInnehållet är gallrat."
    what = "\n".join((_what(sent) + gone, *map(_file, sent["attachments"])))
    first = (_when(sent["at"]), sent["by"]["name"] or "", what)
    rows = [(*first, each["to"]["name"] or "", _outcome(each)) for each in sent["recipients"]]
    return [rows[0], *(("", "", "", *row[3:]) for row in rows[1:])] if rows else [(*first, "–", "–")]


def _file(attachment: Mapping[str, Any]) -> str:
    kind = words.MEDIA_TYPES.get(attachment["media_type"], attachment["media_type"])
    told = [f"Bilaga: {kind}, {attachment['size'] / 1000:.0f} kB."]
    if attachment["categories"]:
        told.append("Uppgifter: " + ", ".join(each["title"] for each in attachment["categories"]) + ".")
    told += [f"Hämtad {_when(each['at'])} av {each['by']['name']}." for each in attachment["fetched"]]
    return " ".join(told)


def _what(told: Mapping[str, Any]) -> str:
    why = f" · {told['purpose_title']}" if told["purpose_title"] else ""
    return f"{told['title'] or 'Okänd typ'}{why}"


def _outcome(copy: Mapping[str, Any]) -> str:
    was_stopped = copy["state"] == "refused" and copy["verdict"] in ("deliver", "redact")
    verdict = words.STOPPED if was_stopped else words.VERDICTS.get(copy["verdict"], copy["verdict"])
    told = [verdict.capitalize() + "."]
    if copy["code_title"]:
        told.append(f"Skäl: {copy['code_title']}.")
    if copy["categories"]:
        told.append("Uppgifter: " + ", ".join(each["title"] for each in copy["categories"]) + ".")
    if copy["basis"]:
        told.append(f"Grund: {copy['basis']['title']}.")
    if copy["withheld"]:
        told.append(f"{len(copy['withheld'])} uppgifter hölls tillbaka.")
    if copy["read"]:
        told.append("Läst " + ", ".join(map(_when, copy["read"])) + ".")
    elif not was_stopped:
        told.append(f"Läge: {words.STATES.get(copy['state'], copy['state'])}.")
    return " ".join(told)


def _refused_row(refused: Mapping[str, Any]) -> tuple[str, ...]:
    wanted = ", ".join(each["to"]["name"] or "" for each in refused["recipients"])
    reason = f"{refused['code_title']}" + (f" (till {wanted})" if wanted else "")
    return _when(refused["at"]), refused["by"]["name"] or "", _what(refused), reason


_STATUS = {
    "active": "gäller",
    "withdrawn": "återkallat",
    "expired": "upphört",
    "void": "ogiltigt",
    "suspended": "vilande",
}


def _consent_row(consent: Mapping[str, Any]) -> tuple[str, ...]:
    name = f"{consent['consent']}, version {consent['version']}"
    status = _STATUS.get(consent["status"], consent["status"])
    return _when(consent["at"]), consent["by"]["name"] or "", name, consent["valid_to"], status


def _when(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(_STOCKHOLM):%Y-%m-%d %H:%M}"
