"""Codes in the words of the rules, and units by their authority."""

from __future__ import annotations

from typing import Any

from hub.reference import names
from routing.directory import Directory
from routing.refusals import RefusalCode
from routing.rulebook import Rulebook

VERDICTS = {
    "deliver": "lämnades ut",
    "redact": "lämnades ut i den del som fick lämnas ut",
    "refuse": "lämnades inte ut",
    "manual": "hanteras av handläggare",
}
AUTHORITIES = {
    "amn": "Arbetsmarknadsnämnden",
    "af": "Arbetsförmedlingen",
    "fk": "Försäkringskassan",
}
MEDIA_TYPES = {"application/pdf": "PDF-fil", "image/png": "bild (PNG)", "image/jpeg": "bild (JPEG)"}
STOPPED = "stoppades innan någon läste det"
STATES = {
    "pending": "på väg",
    "notified": "aviserat",
    "read": "läst",
    "handled": "hanterat",
    "refused": "inte utlämnat",
    "expired": "tiden gick ut",
    "dead": "kunde inte levereras",
}


class Words:
    """`masked`: where a person lives must not be read out of the units, so they are named by their kind only."""

    def __init__(self, directory: Directory, rulebook: Rulebook, *, masked: bool) -> None:
        self._directory = directory
        self._rulebook = rulebook
        self._masked = masked

    def unit(self, unit_id: str) -> dict[str, Any]:
        unit = self._directory.find_unit(unit_id)
        if unit is None:
            return {"unit": None if self._masked else unit_id, "authority": None, "name": None}
        if self._masked:
            return {"unit": None, "authority": None, "name": names.kind(unit.kind)}
        return {"unit": unit_id, "authority": unit.authority, "name": unit.name}

    def controller(self, unit_id: str) -> tuple[str, str]:
        """Who answers for what this unit does: the authority, and how it is called."""
        unit = self._directory.find_unit(unit_id)
        if unit is None:
            return ("", "okänd") if self._masked else (unit_id, unit_id)
        if self._masked:
            return names.kind(unit.kind), names.kind(unit.kind)
        if unit.authority.startswith("sdn-"):
            return unit.authority, f"Stadsdelsnämnden ({unit.name})"
        return unit.authority, AUTHORITIES.get(unit.authority, unit.name)

    def type(self, name: str | None) -> str | None:
        rule = self._rulebook.types.get(name) if name is not None else None
        return rule.title_sv if rule is not None else name

    def refusal(self, code: str | None) -> str | None:
        if code is None:
            return None
        known = code in set(RefusalCode)
        return self._rulebook.refusals[RefusalCode(code)].title_sv if known else code

    def basis(self, code: str) -> str:
        rule = self._rulebook.bases.get(code)
        return f"{rule.title_sv} ({rule.statute})" if rule is not None else code

    def category(self, code: str) -> str:
        text = self._rulebook.ceilings.categories.get(code)
        return text.title_sv if text is not None else code

    def purpose(self, code: str | None) -> str | None:
        return names.purpose(code) if code is not None else None
