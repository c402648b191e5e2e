"""A unit's connection as the hub sees it: what counts, what will end, what was asked for last, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from hub.identity.attempts import Attempt
from hub.service import Hub
from hub.store.parties import KeyKind, PartyKey
from hub.store.webhooks import Webhook
from routing.consent import STOCKHOLM

ENDS_SOON: Final = timedelta(days=30)
WAITS_LONG: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `ok` is None where there was nothing to look at."""

    check: str
    ok: bool | None
    said: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """For the unit itself and for who looks after the hub; nothing about persons, and no secret."""

    unit_id: str
    checks: tuple[Check, ...]
    keys: tuple[PartyKey, ...]
    attempts: tuple[Attempt, ...]


def describe(hub: Hub, unit_id: str) -> Connection:
    """Asks the store."""
    keys = sorted(hub.reader.list_party_keys([unit_id]), key=lambda key: (key.begins_at, key.key_id), reverse=True)
    attempts = hub.attempts.list_latest(unit_id)
    return Connection(unit_id, tuple(list_checks(hub, unit_id)), tuple(keys), tuple(attempts))


def list_checks(hub: Hub, unit_id: str) -> Iterator[Check]:
    """In the order in which a connection comes to be."""
    unit = hub.directory.find_unit(unit_id)
    is_open = unit is not None and unit.is_open(hub.clock.now().astimezone(STOCKHOLM).date())
    yield Check(
        "unit",
        is_open,
        "Enheten är öppen i katalogen." if is_open else "Enheten är inte öppen i katalogen i dag.",
        "" if is_open else "Kontakta navet: katalogen eller enhetens id är fel.",
    )
    yield _keys(hub, unit_id, KeyKind.JWK, "keys", "en nyckel")
    if any(key.kind is KeyKind.CERTIFICATE for key in hub.reader.list_party_keys([unit_id])):
        yield _keys(hub, unit_id, KeyKind.CERTIFICATE, "certificates", "ett certifikat")
    yield _webhook(hub.reader.find_webhooks([unit_id]).get(unit_id))
    yield _inbox(hub, unit_id)


def _keys(hub: Hub, unit_id: str, kind: KeyKind, name: str, word: str) -> Check:
    at = hub.clock.now()
    counting = [key for key in hub.reader.list_party_keys([unit_id]) if key.kind is kind and key.counts_at(at)]
    if not counting:
        return Check(
            name, None, "Inget som är registrerat gäller: nästa token går inte att hämta.", f"Lämna {word} till navet."
        )
    lasting = [key for key in counting if key.ends_at is None or key.ends_at > at + ENDS_SOON]
    if not lasting:
        last = max(key.ends_at for key in counting if key.ends_at is not None)
        return Check(name, False, f"Den sista slutar gälla {last.date()}.", "Byt i tid: samverkan party key rotate.")
    return Check(name, True, f"{len(counting)} gäller.")


def state_of(webhook: Webhook) -> str:
    """`active`, `failing` (resting between attempts) or `ended`."""
    return "ended" if not webhook.is_active else "failing" if webhook.failures else "active"


def _webhook(webhook: Webhook | None) -> Check:
    if webhook is None:
        return Check("webhook", None, "Ingen adress för aviseringar är registrerad.")
    match state_of(webhook):
        case "active":
            return Check("webhook", True, "Senaste aviseringen togs emot, eller ingen har skickats än.")
        case "failing":
            said = f"De {webhook.failures} senaste försöken misslyckades."
            return Check("webhook", False, said, "Se till att adressen svarar 2xx inom tiden, utan omdirigering.")
        case _:
            todo = "Registrera adressen på nytt när mottagaren fungerar."
            return Check("webhook", False, "Aviseringarna är avslutade, oftast för att mottagaren svarade 410.", todo)


def _inbox(hub: Hub, unit_id: str) -> Check:
    waiting = hub.reader.list_inbox(unit_id, limit=1, at=hub.clock.now())
    if not waiting:
        return Check("inbox", True, "Inget väntar på kvittens.")
    age = hub.clock.now() - waiting[0].recorded_at
    late = age > WAITS_LONG
    todo = "Kvittera det som finns hos er, eller se varför det inte hämtas." if late else ""
    minutes = int(age.total_seconds() // 60)
    return Check("inbox", not late, f"Det äldsta okvitterade har väntat {minutes} minuter.", todo)
