"""Plays the scenes and says how to look at what is left."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.text import Text

from hub.client.client import HubClient
from hub.demo import joint_plan, straight_way, waiting
from hub.demo.stage import CLOCK, Stage
from hub.demo.telling import Teller
from hub.identity.tokens import TokenIssuer
from hub.settings import Settings
from routing import rulebook
from schemas import envelope as envelopes

# The steps tell what was decided; the words of the message types come from the hub's own catalogue.
INTRODUCTION = (
    "Påhittade personer. Varje rad är ett meddelande över HTTP: vem som sänder, vad, och vad varje mottagare får."
)
TOKEN_LIFE = timedelta(minutes=15)


async def play(url: str, settings: Settings, issuer: TokenIssuer, console: Console | None = None) -> None:
    """Plays the demonstration against the hub at `url`."""
    console = console or Console(highlight=False, soft_wrap=True)
    async with HubClient(url) as public:
        names = {unit["unit"]: unit["name"] for unit in (await public.units())["items"]}
        catalogue = (await public.catalogue())["items"]
    titles = {entry["type"].removeprefix(envelopes.TYPE_PREFIX): entry["title"]["sv"] for entry in catalogue}
    reasons = {code.value: text.title_sv for code, text in rulebook.load(settings.rules_dir).refusals.items()}
    teller = Teller(console, names, titles, reasons)
    console.print(Text(INTRODUCTION, style="italic"))
    async with Stage(url, issuer, teller) as stage:
        teller.scene("Raka vägen: från Farsta till Jobbtorg Sydost")
        case = await straight_way.play(stage)
        teller.scene("Gemensam planering i FINSAM-teamet")
        await joint_plan.play(stage)
        teller.scene("Det som väntar på någon")
        await waiting.play(stage)
    token = issuer.issue(straight_way.SYDOST, TOKEN_LIFE, CLOCK.now())
    _show_ways_to_look(console, url, settings, case, token)


def _show_ways_to_look(console: Console, url: str, settings: Settings, case: str | None, token: str) -> None:
    program = _program()
    where = f"--data-dir {settings.data_dir}"
    console.print()
    console.print(Text("Navet är igång. Så kan ni titta vidare:", style="bold"))
    for label, target in (
        ("Teamets skrivbord", f"{url}/sign-in?as=samordnare"),
        ("Kontrollrummet", f"{url}/sign-in?as=admin"),
        ("Alla påhittade", f"{url}/sign-in"),
        ("Logga in", f"{url}/sign-in  (välj en påhittad person)"),
        ("Gränssnittet", f"{url}/docs"),
        ("Meddelandetyperna", f"{url}/v1/catalogue"),
        ("Enheterna", f"{url}/v1/directory/units"),
        ("Driftläget", f"{url}/readyz?verbose"),
    ):
        console.print(f"  {label:<18} {target}")
    console.print()
    console.print("  En token för Jobbtorg Sydost (gäller i 15 minuter):")
    console.print(f"  {token}", style="dim")
    console.print()
    console.print("  Pröva i ett annat fönster:")
    console.print(f"  {program} audit show --limit 20 {where}")
    if case is not None:
        console.print(f"  {program} case show {case} {where}")
    curl = f'curl -H "Authorization: Bearer $({program} token {straight_way.SYDOST} {where})"'
    console.print(f"  {curl} '{url}/v1/inbox?state=handled'")
    console.print()
    console.print("  Avsluta med Ctrl-C.", style="dim")


def _program() -> str:
    """How this program was called, so that the examples can be copied."""
    started = Path(sys.argv[0])
    return str(started) if started.name == "samverkan" else "samverkan"
