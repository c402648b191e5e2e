"""What a handläggare reads when the hub refuses something, or has something to point at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from routing import vocabulary
from routing.refusals import RefusalCode
from routing.rule_files import Place, Reading
from routing.vocabulary import Warns


@dataclass(frozen=True, slots=True)
class RefusalText:
    """What a handläggare reads about one refusal code, and its HTTP status."""

    code: RefusalCode
    status: int
    title_sv: str
    advice_sv: str


@dataclass(frozen=True, slots=True)
class WarningText:
    """What a handläggare reads about one warning."""

    warning: Warns
    title_sv: str
    advice_sv: str


def read_refusals(reading: Reading, path: Path) -> Mapping[RefusalCode, RefusalText]:
    """The text of every code; a code without one is a fault."""
    content = reading.load_file(path, frozenset({"refusal", "warning"}))
    texts = reading.read_index(RefusalText, content, path.name, "refusal", "code")
    named = reading.list_names(content, "refusal", "code")
    for code in RefusalCode:
        if code not in named:
            reading.faults.append(Place(path.name, f"refusal[{code}]").fault("the code has no text"))
    return MappingProxyType({text.code: text for text in texts.values()})


def read_warnings(reading: Reading, path: Path) -> Mapping[str, WarningText]:
    """The text of every warning, from the same file, which has been read."""
    content = reading.contents.get(path.name, {})
    texts = reading.read_index(WarningText, content, path.name, "warning", "warning")
    for name in sorted(vocabulary.WARNINGS - texts.keys()):
        reading.faults.append(Place(path.name, f"warning[{name}]").fault("the warning has no text"))
    return texts
