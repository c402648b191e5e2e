"""What codes, units and types are called, for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hub.reference import names
from hub.service import Hub
from hub.web.texts import Words
from routing.consent import STOCKHOLM
from routing.refusals import RefusalCode

# Codes of such values are the same words in many types; a title of its own has a code where that is not so.
_KINDS_OF_UNIT = frozenset({"sd", "jt", "af", "fk", "rg", "sfi", "utb", "pv", "em", "team", "stat", "forbund"})


@dataclass(frozen=True, slots=True)
class Naming:
    """Names in one language; codes without a name are shown as they are."""

    hub: Hub
    words: Words

    def unit(self, unit_id: str) -> str:
        found = self.hub.directory.find_unit(unit_id)
        if found is None:
            return unit_id
        return self.words("team.stadsdel", name=found.name) if found.kind == "sd" else found.name

    def list_units(self, kind: str | None = None) -> tuple[tuple[str, str], ...]:
        """Every unit that there is now, or every one of a kind, with its name, in the order of the names."""
        on = self.hub.clock.now().astimezone(STOCKHOLM).date()
        found = (
            (unit.unit_id, self.unit(unit.unit_id))
            for unit in self.hub.directory.list_units(on)
            if kind in (None, unit.kind)
        )
        return tuple(sorted(found, key=lambda unit: unit[1]))

    def list_authorities(self) -> tuple[tuple[str, str], ...]:
        """Every authority that has a unit now, with its name, in the order of the names."""
        on = self.hub.clock.now().astimezone(STOCKHOLM).date()
        found = {unit.authority for unit in self.hub.directory.list_units(on)}
        return tuple(sorted(((each, self.authority(each, on)) for each in found), key=lambda each: each[1]))

    def authority(self, authority: str, on: date) -> str:
        """By its units: an authority has no name of its own in the directory."""
        units = self.hub.directory.list_authority_units(authority, on)
        if authority == "amn":
            return self.words("team.amn")
        return self.unit(units[0].unit_id) if units else authority

    def type(self, type_name: str) -> str:
        """By the catalogue; `type_name` with or without the prefix of an event."""
        name = type_name.removeprefix("se.samverkan.")
        for entry in self.hub.registry.list_types():
            if entry.name == name:
                return entry.title_en if self.words.language == "en" else entry.title_sv
        return name

    def category(self, code: str) -> str:
        found = self.hub.rulebook.categories.get(code)
        return self.words.find(f"codes.category_{code}") or (found.title_sv if found else code)

    def basis(self, code: str) -> str:
        found = self.hub.rulebook.bases.get(code)
        return found.title_sv if found else code

    def refusal(self, code: str | None) -> str:
        return next(
            (text.title_sv for known, text in self.hub.rulebook.refusals.items() if known.value == code), code or ""
        )

    def code(self, value: object) -> str:
        """Any value of a code list."""
        text = str(value)
        if text in self.hub.rulebook.categories:
            return self.category(text)
        if text in RefusalCode.__members__:
            return self.refusal(text)
        known = self.words.find(f"codes.{text}")
        if known:
            return known
        if text in _KINDS_OF_UNIT:
            return names.kind(text)
        return names.PURPOSES.get(text) or text.replace("_", " ")

    def party(self, kind: str) -> str:
        """A kind of party as it begins a line."""
        name = self.code(kind)
        return name[:1].upper() + name[1:]

    def purpose(self, code: str) -> str:
        return self.words.find(f"codes.{code}") or names.purpose(code)

    def state(self, code: str | None) -> str:
        known = names.FINSAM_STATES.get(code or "") or names.CASE_STATES.get(code or "")
        return self.words.find(f"codes.state_{code}") or known or (code or "")


def short(case_id: str) -> str:
    """What people call a case by."""
    return case_id[:8]
