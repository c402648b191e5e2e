"""What the rules' codes are called in words. A code without a name here is shown as it is."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

KINDS: Mapping[str, str] = {
    "sd": "stadsdel",
    "jt": "jobbtorg",
    "af": "Arbetsförmedlingen",
    "fk": "Försäkringskassan",
    "rg": "Region Stockholm",
    "sfi": "sfi",
    "utb": "utbildning",
    "pv": "leverantör",
    "em": "arbetsgivare",
    "team": "samordnare i FINSAM-team",
    "stat": "statistik",
    "forbund": "samordningsförbund",
    "hub": "navet",
}

PURPOSES: Mapping[str, str] = {
    "jobbtorg_planning": "Planering vid jobbtorg",
    "af_coordination": "Samordning med Arbetsförmedlingen",
    "fk_coordination": "Samordning med Försäkringskassan",
    "sfi_coordination": "Samordning med sfi",
    "finsam_joint_planning": "Gemensam planering i FINSAM",
    "provider_activity": "Insats hos leverantör",
    "placement": "Praktik eller anställning",
    "case_transfer": "Överflyttning av ärende",
    "statutory_information": "Uppgiftsskyldighet enligt lag",
    "follow_up": "Uppföljning efter avslut",
    "consent_administration": "Hantering av samtycken",
    "statistics": "Statistik utan uppgifter om enskilda",
    "notice": "Navets egna underrättelser",
}

CASE_STATES: Mapping[str, str] = {
    "referred": "Anvisad",
    "returned": "Återsänd",
    "appointment-offered": "Kallad till besök",
    "no-show": "Uteblev",
    "enrolled": "Inskriven",
    "planning": "Planering",
    "plan-awaiting-approval": "Plan väntar på beslut",
    "plan-disputed": "Oenighet om planen",
    "active": "Plan gäller",
    "under-review": "Omprövas",
    "interrupted": "Avbrott",
    "closed": "Avslutat",
    "archived": "Gallrat",
}

FINSAM_STATES: Mapping[str, str] = {
    "initiated": "Väckt",
    "complete-requested": "Komplettering begärd",
    "accepted": "Antaget",
    "meeting-called": "Kallat till möte",
    "planned": "Gemensam plan",
    "following-up": "Följs upp",
    "closed": "Avslutat",
    "declined": "Avböjt",
    "cancelled": "Inställt",
}

STATES: Mapping[str, Mapping[str, str]] = {"case": CASE_STATES, "finsam": FINSAM_STATES}


def kind(code: str) -> str:
    return KINDS.get(code, code)


def kinds(codes: Iterable[str]) -> str:
    """Several kinds, in the order of the directory's codes."""
    known = list(KINDS)
    order = sorted(codes, key=lambda code: (known.index(code) if code in KINDS else len(known), code))
    return ", ".join(kind(code) for code in order)


def purpose(code: str) -> str:
    return PURPOSES.get(code, code)


def in_words(code: str) -> str:
    return code.replace("_", " ")


def condition(when: Mapping[str, Iterable[object]]) -> str:
    """What a rule asks of the data, pointer by pointer."""
    return " and ".join(
        f"`{pointer}` is " + " or ".join(f"`{json.dumps(value).strip(chr(34))}`" for value in values)
        for pointer, values in when.items()
    )


def untold(rule: Any, told: Collection[str]) -> list[str]:
    """What a rule says in fields that its page has no sentence for: a new condition is shown bare, never left out."""
    return [
        f"`{entry.name}`: {_plain(value)}"
        for entry in dataclasses.fields(rule)
        if entry.name not in told and (value := getattr(rule, entry.name))
    ]


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"`{key}` {_plain(inner)}" for key, inner in value.items())
    if isinstance(value, (tuple, frozenset, list)):
        return ", ".join(f"`{entry}`" for entry in (sorted(value) if isinstance(value, frozenset) else value))
    return f"`{value}`"
