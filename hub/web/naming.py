"""What codes, units and types are called, for people, in the language of the reader.

Swedish words of the rules' codes stand in the rules themselves, so that who reads a rule reads what a handläggare does;
what they are called in another language stands in the catalogue `rules` of that language. A code without a word in the
language keeps its Swedish one: rules of an operator's own may have codes that no catalogue knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hub.control.connections import Check
from hub.reference import names
from hub.service import Hub
from hub.web.texts import Words
from routing.consent import STOCKHOLM
from routing.refusals import RefusalCode
from routing.texts import RefusalText
from schemas.registry import Fault

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
        found = next((entry for entry in self.hub.registry.list_types() if entry.name == name), None)
        if found is None:
            return name
        return found.title_en if self.words.language == "en" else found.title_sv

    def category(self, code: str) -> str:
        found = self.hub.rulebook.categories.get(code)
        return self._rule("categories", code, found.title_sv if found else code)

    def basis(self, code: str) -> str:
        found = self.hub.rulebook.bases.get(code)
        return self._rule("bases", code, found.title_sv if found else code)

    def refusal(self, code: str | None) -> str:
        """What a refusal is called; empty without a code."""
        found = self._refusal(code)
        return self._rule("refusals.title", code or "", found.title_sv if found else code or "")

    def advice(self, code: str | None) -> str:
        """What to do about a refusal; empty where nothing is known of it."""
        found = self._refusal(code)
        return self._rule("refusals.advice", code or "", found.advice_sv if found else "")

    def _refusal(self, code: str | None) -> RefusalText | None:
        return self.hub.rulebook.refusals.get(RefusalCode(code)) if code in RefusalCode.__members__ and code else None

    def warning(self, code: str) -> str:
        found = self.hub.rulebook.warnings.get(code)
        return self._rule("warnings.title", code, found.title_sv if found else code)

    def deadline(self, code: str) -> str:
        """By the id of its rule."""
        found = self.hub.rulebook.deadlines.rows.get(code)
        return self._rule("deadlines", code, found.title_sv if found else code)

    def fault(self, fault: Fault) -> str:
        """What is wrong with a field of a message."""
        return self._rule("faults", fault.keyword, fault.detail)

    def check(self, check: Check) -> tuple[str, str]:
        """What was found at a unit's connection, and what to do about it: empty where nothing has to be done."""
        state = f"{check.check}.{'none' if check.ok is None else 'ok' if check.ok else 'fault'}"
        return self._rule("checks", state, check.said), self._rule("checks", f"{state}_todo", check.todo)

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
            return self.kind(text)
        return self.purpose(text) if text in names.PURPOSES else text.replace("_", " ")

    def kind(self, code: str) -> str:
        """A kind of unit, as it stands within a sentence."""
        return self._rule("kinds", code, names.kind(code))

    def label(self, value: object) -> str:
        """A value of a code list as it begins a line."""
        name = self.code(value)
        return name[:1].upper() + name[1:]

    def purpose(self, code: str) -> str:
        return self._rule("purposes", code, names.purpose(code))

    def state(self, code: str | None) -> str:
        """Where a case stands, in either of its two lives."""
        swedish = names.FINSAM_STATES.get(code or "") or names.CASE_STATES.get(code or "") or code or ""
        return self._rule("states", code or "", swedish)

    def _rule(self, part: str, code: str, swedish: str) -> str:
        return self.words.find(f"rules.{part}.{code}") or swedish


def short(case_id: str) -> str:
    """What people call a case by."""
    return case_id[:8]
