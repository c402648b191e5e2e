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
    """A message that starts or meets a deadline.

    `about` points to the id of what it concerns (none: the whole case; `*` stands for each of a list). `counted_from`
    points to days of which the first that is there counts (empty: the day on which the hub takes it). `week` points to
    the ISO week that it tells of: then a weekly deadline goes on with the next one.
    """

    type: TypeName
    when: Mapping[str, tuple[str | bool | int, ...]] = field(default_factory=_nothing)
    about: str | None = None
    counted_from: tuple[str, ...] = ()
    week: str | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """How long; the earliest of what is given. `on` points to the due day itself. 0 days: at once.

    `weekday` (1 is Monday) and `hour`, in Stockholm: that time after the end of the week, and again every week."""

    working_days: int | None = None
    days: int | None = None
    months: int | None = None
    on: str | None = None
    weekday: int | None = None
    hour: int = 0

    @property
    def is_weekly(self) -> bool:
        return self.weekday is not None


@dataclass(frozen=True, slots=True)
class Passing:
    """Where the case goes when the due instant has passed."""

    source: frozenset[State] = field(metadata={"key": "from"})
    target: State = field(metadata={"key": "to"})


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """One deadline. `told` is the role that hears of it; `escalate_after_working_days` when its manager does (0: at the
    due instant itself). A deadline that `restarts` not runs on when the same happens again. `requested`: only where the
    stadsdel has asked for these reports. `fixed`: a statute or a decision says how long, and no agreement may say
    otherwise.
    """

    id: str
    title_sv: str
    starts: tuple[Sign, ...]
    due: Due
    told: Literal["stadsdel", "jobbtorg", "team", "transferring"]
    ends: tuple[Sign, ...] = ()
    remind_days_before: tuple[int, ...] = ()
    escalate_after_working_days: int | None = None
    younger_than: int | None = None
    requested: Literal["attendance", "activity", "closing"] | None = None
    fixed: bool = False
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
        check_due(reading, rule.due, place.inside("due"))
        given = [rule.escalate_after_working_days, *rule.remind_days_before]
        if any(number is not None and not 0 <= number <= _MOST for number in given):
            reading.faults.append(place.fault(f"has a number that is not from 0 to {_MOST}"))
    return DeadlineRules(
        rows=MappingProxyType({name: rule for name, rule in rows.items() if rule.enabled}),
        counts_working_days=counting is None or counting.days == "working",
        consent_days=tuple(sorted(consent.remind_days_before, reverse=True)) if consent else (),
        unread=unread or _UNREAD,
    )


def check_due(reading: Reading, due: Due, place: Place) -> None:
    """Notes the faults of one due time."""
    numbers = [due.working_days, due.days, due.months]
    if due == Due():
        reading.faults.append(place.fault("is empty"))
    if any(number is not None and not 0 <= number <= _MOST for number in numbers):
        reading.faults.append(place.fault(f"has a number that is not from 0 to {_MOST}"))
    if due.weekday is not None and any(number is not None for number in (*numbers, due.on)):
        reading.faults.append(place.fault("is weekly and something else"))
    if due.weekday not in (None, *range(1, 8)) or not 0 <= due.hour <= 23 or (due.hour and due.weekday is None):
        reading.faults.append(place.fault("takes a weekday from 1 to 7 and an hour from 0 to 23"))


_MOST = 400
# Stands in while a file without the table is told its faults; nothing is decided by it.
_UNREAD = UnreadRule("t19", "", 5, 30)


@lru_cache(maxsize=1024)
def _concerning(rules: DeadlineRules, type_name: str) -> tuple[DeadlineRule, ...]:
    # Asked for every accepted message, and most types concern a few deadlines or none.
    return tuple(
        rule for rule in rules.rows.values() if any(sign.type == type_name for sign in (*rule.starts, *rule.ends))
    )
