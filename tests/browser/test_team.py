"""SC6 of the field: a case from Försäkringskassan's officer to its end, five people in five windows.

Every message is seen in the right windows within two seconds, without anybody touching anything, and in no others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from tests.browser.window import Office, Window
from tests.support.persons import JONNA

pytestmark = pytest.mark.slow

SHARED = ("ID", "ST", "PL", "FN", "HE")
FIRST_YES = (
    *("fk>sdn-farsta", "fk>amn", "fk>af"),
    *("amn>sdn-farsta", "amn>fk", "amn>af"),
    "sdn-farsta>fk",
)
WITH_REGION = (*FIRST_YES, "fk>rg", "amn>rg")
PERSON = {
    "person.personal_number": JONNA.number,
    "person.given_name": JONNA.given_name,
    "person.family_name": JONNA.family_name,
}


class Room:
    """Those who sit around the table, each at a window of her own."""

    def __init__(self, windows: Mapping[str, Window]) -> None:
        self.windows = windows

    def __getitem__(self, name: str) -> Window:
        return self.windows[name]

    async def all_look_at_their_inboxes(self) -> None:
        await asyncio.gather(*(window.go("/team") for window in self.windows.values()))
        await asyncio.gather(*(window.page.wait_for_selector(".letters, .empty") for window in self.windows.values()))

    async def comes_to(self, title: str, *names: str) -> None:
        """To these windows soon, and to no other."""
        await asyncio.gather(*(self[name].waits_for_letter(title) for name in names))
        for name in self.windows.keys() - set(names):
            assert title not in await self[name].letters(), name


@pytest.fixture
async def room(office: Office) -> Room:
    names = ("samordnare", "fk", "af", "region", "stadsdel")
    return Room({name: await office.sit_down(name) for name in names})


async def consent_is_given(fk: Window) -> None:
    await fk.go("/team/send/consent.recorded")
    await fk.fill(PERSON)
    await fk.check_all("edge", FIRST_YES)
    await fk.check_all("edge_categories", SHARED)
    for told in ("purpose", "who", "what", "how_long", "voluntary", "withdrawal", "consequences_of_no"):
        await fk.page.locator(f'[name="content.information_given.{told}"]').check()
    await fk.preview()
    await fk.send()


async def case_is_brought(fk: Window) -> dict[str, str]:
    await fk.go("/team/send/finsam.case-initiated?team=team-sydost")
    await fk.fill(
        PERSON
        | {
            "content.question": "Hur kan vägen tillbaka till arbete se ut?",
            "content.tried_measures.0.text": "Arbetsträning i två månader",
        }
    )
    await fk.press("Lägg till i uppgifter")
    await fk.fill({"content.parts.0.text": "Sjukskriven sedan hösten.", "content.parts.0.category": "HE"})
    await fk.check_all("content.wished_seats", ("sd", "jt", "af", "rg"))
    await fk.tick("Stadsdelen Farsta")
    seen = await fk.preview()
    await fk.send()
    return seen


async def test_a_case_is_planned_followed_up_and_closed_by_five_people(room: Room) -> None:
    fk, coordinator = room["fk"], room["samordnare"]
    await consent_is_given(fk)
    await room.all_look_at_their_inboxes()

    # The region has not been consented to: the sender hears it before sending, the region hears nothing at all.
    seen = await case_is_brought(fk)
    assert seen["Region Stockholm"] == "Får inget", seen
    await fk.sees("Skickat")
    await room.comes_to("Ärende till handläggarteam", "samordnare", "af", "stadsdel")

    # No name before opening; opening shows purpose and basis.
    await coordinator.does_not_see(JONNA.family_name)
    await coordinator.open_letter("Ärende till handläggarteam")
    await coordinator.sees(JONNA.family_name)
    await coordinator.sees("Gemensam planering i FINSAM")
    await coordinator.follow("Bedömning av ärende")
    await coordinator.fill({"content.decision": "accepted"})
    await coordinator.check_all("content.seats_called", ("sd", "jt", "af", "fk"))
    await coordinator.preview()
    await room["fk"].go("/team")
    await coordinator.send()
    await room.comes_to("Bedömning av ärende", "fk", "af", "stadsdel")

    # Jonna says yes to the region too, but not to telling Arbetsförmedlingen of her health.
    await fk.go("/team/cases")
    await fk.page.locator("tbody a").first.click()
    await fk.follow("Ny version")
    await fk.check_all("edge", WITH_REGION)
    await fk.press("Lägg till i undantag")
    await fk.fill(
        {
            "content.excluded.0.recipient_authority": "af",
            "content.excluded.0.category": "HE",
            "content.excluded.0.fact": "psykiatri",
        }
    )
    for told in ("purpose", "who", "what", "how_long", "voluntary", "withdrawal", "consequences_of_no"):
        await fk.page.locator(f'[name="content.information_given.{told}"]').check()
    seen = await fk.preview()
    await fk.send()
    await room["region"].waits_for_letter("Samtycke registrerat")
    await room.all_look_at_their_inboxes()

    await coordinator.go("/team/cases")
    await coordinator.page.locator("tbody a").first.click()
    await coordinator.follow("Kallelse till planeringsmöte")
    await coordinator.fill({"content.at": "2026-04-01T13:00", "content.place_unit": "jt-sydost"})
    await coordinator.check_all("content.participants_expected", ("sd", "jt", "af", "fk", "rg"))
    await coordinator.fill({"content.participant_informed": "yes"})
    await coordinator.tick("Region Stockholm")
    seen = await coordinator.preview()
    assert seen["Region Stockholm"] == "Får hela", seen
    await coordinator.send()
    await room.comes_to("Kallelse till planeringsmöte", "fk", "af", "stadsdel", "region")

    # The plan: each party sees its part before it is sent, and gets just that.
    await coordinator.follow("Gemensam planering")
    await coordinator.press("Lägg till i punkter")
    await coordinator.press("Lägg till i punkter")
    await coordinator.fill(
        {
            "content.participant_present": "yes",
            "content.goal": "Arbete på halvtid till hösten.",
            "content.lead_party": "fk",
            "content.next_follow_up": "2026-06-01",
        }
    )
    for index, (what, party, category) in enumerate(ITEMS):
        await coordinator.fill(
            {
                f"content.items.{index}.what": what,
                f"content.items.{index}.by_party_kind": party,
                f"content.items.{index}.due": "2026-05-15",
                f"content.items.{index}.category": category,
            }
        )
    await coordinator.check_all("content.agreed_by_seats", ("sd", "jt", "af", "fk", "rg"))
    seen = await coordinator.preview()
    assert seen == {
        "Stadsdelen Farsta": "Får hela",
        "Försäkringskassan Stockholm": "Får hela",
        "Region Stockholm": "Får hela",
        "Jobbtorg Sydost": "Får en del",
        "Arbetsförmedlingen Stockholm": "Får en del",
    }
    await coordinator.send()
    await room.comes_to("Gemensam planering", "fk", "af", "stadsdel", "region")
    await room["af"].open_letter("Gemensam planering")
    await room["af"].sees("3 t/vecka ork")
    await room["af"].does_not_see("Ny kontakt i vården")
    await room["region"].open_letter("Gemensam planering")
    await room["region"].sees("Ny kontakt i vården")

    await room.all_look_at_their_inboxes()
    await coordinator.go("/team/cases")
    await coordinator.page.locator("tbody a").first.click()
    await coordinator.follow("Uppföljning i team")
    await coordinator.fill({"content.per_item.0.status": "done", "content.next_follow_up": "2026-08-03"})
    await coordinator.preview()
    await coordinator.send()
    await room.comes_to("Uppföljning i team", "fk", "af", "stadsdel", "region")

    await coordinator.follow("Ärende avslutat i team")
    await coordinator.fill({"content.finsam_close_reason": "planned_end", "content.hand_over_to": "jt"})
    await coordinator.preview()
    await coordinator.send()
    await coordinator.sees("Avslutat")
    await room.comes_to("Ärende avslutat i team", "fk", "af", "stadsdel", "region")

    # What has been dealt with leaves the inbox, and its sender sees what became of it.
    await room["fk"].open_letter("Ärende avslutat i team")
    await room["fk"].press("Markera som hanterat")
    await room["fk"].sees("Välj vad det blev.")
    await room["fk"].tick("Hanterat")
    await room["fk"].press("Markera som hanterat")
    await room["fk"].sees("Markerat som hanterat")


ITEMS = (
    ("Två studiebesök", "af", "PL"),
    ("3 t/vecka ork", "jt", "FN"),
    ("Ny kontakt i vården", "rg", "HE"),
)
