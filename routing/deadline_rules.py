"""The shape of `rules/deadlines.toml`: what starts a time, how it is counted, what meets it, and who is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from routing.rule_files import Place, Reading
from routing.unread import UnreadRule
from routing.vocabulary import State, TypeName


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Sign:
    """A message that starts or meets a deadline. `about` points to the id of what it concerns (none: the whole case),
    `counted_from` to days of which the first that is there counts (empty: the day on which the hub takes it)."""

    type: TypeName
    when: Mapping[str, tuple[str | bool | int, ...]] = field(default_factory=_nothing)
    about: str | None = None
    counted_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Due:
    """How long; the earliest of what is given. `on` points to the due day itself. 0 days: at once."""

    working_days: int | None = None
    days: int | None = None
    months: int | None = None
    on: str | None = None


@dataclass(frozen=True, slots=True)
class Passing:
    """Where the case goes when the due instant has passed."""

    source: frozenset[State] = field(metadata={"key": "from"})
    target: State = field(metadata={"key": "to"})


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """One deadline. `told` is the role that hears of it; `escalate_after_working_days` when its manager does (0: at the
    due instant itself). A deadline that `restarts` not runs on when the same happens again."""

    id: str
    title_sv: str
    starts: tuple[Sign, ...]
    due: Due
    told: Literal["stadsdel", "jobbtorg", "team", "transferring"]
    ends: tuple[Sign, ...] = ()
    remind_days_before: tuple[int, ...] = ()
    escalate_after_working_days: int | None = None
    younger_than: int | None = None
    restarts: bool = True
    survives_closing: bool = False
    moves: Passing | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Counting:
    """`days` is how working days are counted: as such, or as days of the calendar."""

    days: Literal["working", "calendar"]


@dataclass(frozen=True, slots=True)
class ConsentReminders:
    remind_days_before: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class DeadlineRules:
    """All deadlines by id, in the order of the file; those that are switched off are not among them."""

    rows: Mapping[str, DeadlineRule]
    counts_working_days: bool
    consent_days: tuple[int, ...]
    unread: UnreadRule

    def concerning(self, type_name: str) -> tuple[DeadlineRule, ...]:
        """Those that a message of this type may start or meet, in the order of the file."""
        return _concerning(self, type_name)


def read(reading: Reading, path: Path) -> DeadlineRules:
    """Reads the file; faults gather in `reading`. The states and the types must be known by then."""
    content = reading.load_file(path, frozenset({"counting", "consent", "unread", "deadline"}))
    counting = reading.read_table(Counting, content, path.name, "counting")
    consent = reading.read_table(ConsentReminders, content, path.name, "consent")
    unread = reading.read_table(UnreadRule, content, path.name, "unread")
    if unread is not None and not 1 <= unread.remind_after_days < unread.return_after_days <= _MOST:
        reading.faults.append(Place(path.name, "unread").fault(f"must go from 1 to {_MOST} days, the reminder first"))
    rows = reading.read_index(DeadlineRule, content, path.name, "deadline", "id")
    for rule in rows.values():
        place = Place(path.name, f"deadline[{rule.id}]")
        numbers = [rule.due.working_days, rule.due.days, rule.due.months]
        if rule.due == Due():
            reading.faults.append(place.inside("due").fault("is empty"))
        given = [*numbers, rule.escalate_after_working_days, *rule.remind_days_before]
        if any(number is not None and not 0 <= number <= _MOST for number in given):
            reading.faults.append(place.fault(f"has a number that is not from 0 to {_MOST}"))
    return DeadlineRules(
        rows=MappingProxyType({name: rule for name, rule in rows.items() if rule.enabled}),
        counts_working_days=counting is None or counting.days == "working",
        consent_days=tuple(sorted(consent.remind_days_before, reverse=True)) if consent else (),
        unread=unread or _UNREAD,
    )


_MOST = 400
# Stands in while a file without the table is told its faults; nothing is decided by it.
_UNREAD = UnreadRule("t19", "", 5, 30)


@lru_cache(maxsize=1024)
def _concerning(rules: DeadlineRules, type_name: str) -> tuple[DeadlineRule, ...]:
    # Asked for every accepted message, and most types concern a few deadlines or none.
    return tuple(
        rule for rule in rules.rows.values() if any(sign.type == type_name for sign in (*rule.starts, *rule.ends))
    )
