"""The rulebook: which message may go to whom, for which purpose, on which legal basis, and what it moves.

The rules are the files in `rules/`; this module gives them shape and refuses what it does not understand.
`routing.checks` finds more: rules that can be read but cannot be meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from routing import ceilings, deadline_rules, retention_rules, screening, texts, vocabulary
from routing.ceilings import Allowed, CategoryText, Ceilings
from routing.deadline_rules import DeadlineRules
from routing.refusals import RefusalCode
from routing.retention_rules import RetentionRules
from routing.rule_files import Place, Reading
from routing.rule_files import RuleFault as RuleFault
from routing.rule_files import RulesBroken as RulesBroken
from routing.screening import Screening
from routing.texts import RefusalText as RefusalText
from routing.texts import WarningText
from routing.vocabulary import (
    AnyState,
    Basis,
    Category,
    Check,
    Effect,
    FinsamState,
    Found,
    Hand,
    Kind,
    Move,
    Need,
    Own,
    Purpose,
    State,
    TypeName,
    Warns,
)

FOLDER = Path(__file__).parent / "rules"

Values = tuple[str | bool | int, ...]


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


def matches(data: Mapping[str, Any], when: Mapping[str, Values]) -> bool:
    """True when the data has, at every pointer, one of the values named for it."""
    for pointer, accepted in when.items():
        value: Any = data
        for part in pointer.lstrip("/").split("/"):
            value = value.get(part) if isinstance(value, Mapping) else None
        if not any(value == wanted and type(value) is type(wanted) for wanted in accepted):
            return False
    return True


@dataclass(frozen=True, slots=True)
class RecipientRule:
    """One kind of recipient on one route: how it is found, on which bases, and which content it sees.

    `bases` stand in the order in which they are tried; `sees` are pointers into data (None: all content). `own` says
    when the message is about the recipient's own activity, which opens what the ceiling leaves for that alone.
    `authority` stands for the recipient's own where nobody is there to receive: a copy to be handed on by the sender.
    """

    kind: str
    found: Found
    bases: tuple[str, ...]
    sees: tuple[str, ...] | None = None
    own: Own | None = None
    authority: str | None = None


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """The same rule for several kinds, as it stands in the file."""

    kinds: tuple[Kind, ...]
    found: Found
    bases: tuple[Basis, ...]
    sees: tuple[str, ...] | None = None
    own: Own | None = None
    authority: str | None = None

    def rules(self) -> Mapping[str, RecipientRule]:
        return {
            kind: RecipientRule(kind, self.found, self.bases, self.sees, self.own, self.authority)
            for kind in self.kinds
        }


@dataclass(frozen=True, slots=True)
class Route:
    """The way of one type for one purpose; `when` narrows it to messages with certain values, `senders` to kinds.

    `moves` are transitions, one of which must fit. Without moves, `within` and `within_finsam` are the states
    in which the message is taken; both empty: in every state, and without a case. `also` are those who may send it
    beside the responsible units. `recipients` has the rows by kind.
    """

    purpose: Purpose
    rows: tuple[RecipientRow, ...] = field(metadata={"key": "to"})
    when: Mapping[str, Values] = field(default_factory=_nothing)
    senders: frozenset[Kind] = frozenset()
    moves: tuple[Move, ...] = ()
    within: frozenset[State] = frozenset()
    within_finsam: frozenset[FinsamState] = frozenset()
    seats_from: str | None = None
    also: tuple[Hand, ...] = ()
    recipients: Mapping[str, RecipientRule] = field(init=False)

    def __post_init__(self) -> None:
        by_kind = {kind: rule for row in self.rows for kind, rule in row.rules().items()}
        object.__setattr__(self, "recipients", MappingProxyType(by_kind))

    def fits(self, sender_kind: str, data: Mapping[str, Any]) -> bool:
        return (not self.senders or sender_kind in self.senders) and matches(data, self.when)


@dataclass(frozen=True, slots=True)
class TypeRule:
    """One type of message: who sends it, what it may carry, what is checked, and its routes.

    `refused_senders` gives a kind its own code where SENDER_NOT_ALLOWED would not say enough. `warns` are named
    warnings, which refuse nothing. `uniform` types get one receipt, whether anybody is known behind the number or not.
    `field_lists` are the states of a statutory list of fields that count where no agreement names others. `reserved`:
    nobody sends it; the type only keeps its name. `free_text` False: a text in words is refused, whatever it says.
    """

    name: str
    title_sv: str
    senders: frozenset[Kind]
    subject: Literal["required", "optional", "absent"]
    categories: frozenset[Category]
    routes: tuple[Route, ...] = field(metadata={"key": "route"})
    refused_senders: Mapping[str, RefusalCode] = field(default_factory=_nothing)
    checks: tuple[Check, ...] = ()
    opens: Literal["case", "finsam"] | None = None
    registers: Literal["consent", "withdrawal"] | None = None
    warns: tuple[Warns, ...] = ()
    uniform: bool = False
    field_lists: tuple[str, ...] = ()
    reserved: bool = False
    free_text: bool = True

    def find_route(self, sender_kind: str, data: Mapping[str, Any]) -> Route | None:
        """The first route for the purpose that the message states, its sender's kind, and the values that it has."""
        purpose = data["handling"]["purpose"]
        for route in self.routes:
            if route.purpose == purpose and route.fits(sender_kind, data):
                return route
        return None


@dataclass(frozen=True, slots=True)
class BasisRule:
    """One legal basis for a disclosure. None for categories or kinds means any.

    `claimed` is False where the hub sees for itself that the basis holds and the sender need not claim it. `whole`
    means all or nothing: where something falls away, nothing is told.
    """

    code: str
    title_sv: str
    statute: str
    categories: frozenset[Category] | None = None
    never: frozenset[Category] = frozenset()
    sender_kinds: frozenset[Kind] | None = None
    recipient_kinds: frozenset[Kind] | None = None
    needs: tuple[Need, ...] = ()
    roles: frozenset[str] = frozenset()
    claimed: bool = True
    enabled: bool = True
    whole: bool = False

    def fits(self, sender_kind: str, recipient_kind: str) -> bool:
        """True when the basis is made for a message between these kinds."""
        return (self.sender_kinds is None or sender_kind in self.sender_kinds) and (
            self.recipient_kinds is None or recipient_kind in self.recipient_kinds
        )

    def can_cover(self, category: str) -> bool:
        return category not in self.never and (self.categories is None or category in self.categories)


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of a case. `source` empty: there is no case yet (machine finsam: no FINSAM state yet).

    `target` None: the state stays. `when` maps pointers into data to the values that fit; all must. `in_force` asks
    whether an approved version of the plan is in force, `waits` whether one waits for its decision (None: it does not
    matter). `effects` happen in their order.
    """

    id: str
    machine: Literal["case", "finsam"]
    source: frozenset[AnyState] = field(metadata={"key": "from"})
    type: TypeName
    target: AnyState | None = field(default=None, metadata={"key": "to"})
    when: Mapping[str, Values] = field(default_factory=_nothing)
    in_force: bool | None = field(default=None, metadata={"key": "when_in_force"})
    waits: bool | None = field(default=None, metadata={"key": "when_waits"})
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """All states and every step between them. A step that is not listed is a STATE_CONFLICT."""

    states: frozenset[str]
    final_states: frozenset[str]
    finsam_states: frozenset[str]
    finsam_final_states: frozenset[str]
    transitions: Mapping[str, Transition]


@dataclass(frozen=True, slots=True)
class Settings:
    """The numbers and choices that an administrator may change. `settings.toml` explains each."""

    minimum_age: int
    consent_longest_months: int
    plan_longest_months: int
    plan_least_weekly_hours: int
    osl_10_2_roles: frozenset[str]
    ground_least_characters: int
    youth_oldest: int
    oldest_likely: int
    activities_longest_months: int
    jobbtorg_secrecy: Literal["26:1", "28:11"]
    sol_15_9: bool
    holder_confirms: Literal["itself", "recorder"]
    statistics_least_count: int
    osl_10_2_most: int
    osl_10_2_window_hours: int
    protection_most: int
    protection_window_hours: int


@dataclass(frozen=True, slots=True, eq=False)
class Rulebook:
    """Everything that the rule files say. `digest` names exactly this content in every decision."""

    digest: str
    types: Mapping[str, TypeRule]
    bases: Mapping[str, BasisRule]
    lifecycle: Lifecycle
    refusals: Mapping[RefusalCode, RefusalText]
    warnings: Mapping[str, WarningText]
    settings: Settings
    ceilings: Ceilings
    screening: Screening
    deadlines: DeadlineRules
    retention: RetentionRules
    files: Mapping[str, str]
    """The file in which each type stands."""
    sources: Mapping[str, str]
    """The files' own text, by name."""

    @property
    def categories(self) -> Mapping[str, CategoryText]:
        return self.ceilings.categories

    def find_type(self, name: str) -> TypeRule | None:
        return self.types.get(name)

    def allowed(self, kind: str, purpose: str, *, own: bool = False) -> Allowed:
        """The most that a kind of recipient may see: category -> None (all of it) or the open facets."""
        return self.ceilings.allowed(kind, purpose, own=own)


def load(directory: Path | None = None) -> Rulebook:
    """The rulebook in a folder (None: the one that is delivered).

    Types are read from every `types*.toml`. Raises `rule_files.RulesBroken` with every fault.
    """
    folder = directory or FOLDER
    reading = Reading(dict(vocabulary.WORDS))
    limits = ceilings.read(reading, folder / "categories.toml")
    settings = _read_settings(reading, folder / "settings.toml")
    words = screening.read(reading, folder / "trigger_words.toml")
    bases = _read_bases(reading, folder / "bases.toml")
    paths = sorted({*folder.glob("types*.toml"), folder / "types.toml"})
    contents = {path.name: reading.load_file(path, frozenset({"type"})) for path in paths}
    names = [reading.list_names(content, "type", "name") for content in contents.values()]
    reading.vocabularies["type"] = frozenset().union(*names)
    lifecycle = _read_lifecycle(reading, folder / "lifecycle.toml")
    due = deadline_rules.read(reading, folder / "deadlines.toml")
    types = _read_types(reading, contents)
    kept = retention_rules.read(reading, folder / "retention.toml")
    refusals = texts.read_refusals(reading, folder / "refusals.toml")
    warnings = texts.read_warnings(reading, folder / "refusals.toml")
    reading.raise_faults()
    assert settings is not None  # a faulty table has raised
    assert kept is not None
    return Rulebook(
        digest=reading.digest(),
        types=types,
        bases={code: _with_settings(rule, settings) for code, rule in bases.items()},
        lifecycle=lifecycle,
        refusals=refusals,
        warnings=warnings,
        settings=settings,
        ceilings=limits,
        screening=words,
        deadlines=due,
        retention=kept,
        files=_list_files(reading, contents),
        sources=reading.texts,
    )


def _list_files(reading: Reading, contents: Mapping[str, dict[str, Any]]) -> Mapping[str, str]:
    return {name: file for file, content in contents.items() for name in reading.list_names(content, "type", "name")}


def _read_settings(reading: Reading, path: Path) -> Settings | None:
    content = reading.load_file(path, frozenset({"settings"}))
    return reading.read_table(Settings, content, path.name, "settings")


def _with_settings(rule: BasisRule, settings: Settings) -> BasisRule:
    if rule.code == "OSL_10_2":
        return replace(rule, roles=settings.osl_10_2_roles)
    if rule.code == "SOL_15_9":
        return replace(rule, enabled=rule.enabled and settings.sol_15_9)
    return rule


def _read_bases(reading: Reading, path: Path) -> Mapping[str, BasisRule]:
    content = reading.load_file(path, frozenset({"basis"}))
    reading.vocabularies["basis"] = reading.list_names(content, "basis", "code")
    return reading.read_index(BasisRule, content, path.name, "basis", "code")


def _read_types(reading: Reading, contents: Mapping[str, dict[str, Any]]) -> Mapping[str, TypeRule]:
    found: dict[str, TypeRule] = {}
    for file, content in contents.items():
        for name, rule in reading.read_index(TypeRule, content, file, "type", "name").items():
            if name in found:
                reading.faults.append(Place(file, f"type[{name}]").fault("stands in another file too"))
            found[name] = rule
    return MappingProxyType(found)


@dataclass(frozen=True, slots=True)
class _Machine:
    states: frozenset[str]
    final: frozenset[AnyState]


def _read_lifecycle(reading: Reading, path: Path) -> Lifecycle:
    content = reading.load_file(path, frozenset({"case", "finsam", "transition"}))
    states = {name: _list_states(content.get(name)) for name in ("case", "finsam")}
    reading.vocabularies["state"] = states["case"]
    reading.vocabularies["FINSAM state"] = states["finsam"]
    reading.vocabularies["state of a case or of FINSAM"] = states["case"] | states["finsam"]
    reading.vocabularies["transition"] = reading.list_names(content, "transition", "id")
    case, finsam = (
        reading.read_table(_Machine, content, path.name, name) or _Machine(frozenset(), frozenset())
        for name in ("case", "finsam")
    )
    transitions = reading.read_index(Transition, content, path.name, "transition", "id")
    for transition in transitions.values():
        place = Place(path.name, f"transition[{transition.id}]")
        strange = transition.source - states[transition.machine]
        if transition.target is not None:
            strange |= {transition.target} - states[transition.machine]
        reading.faults += [
            place.fault(f"{state!r} is no state of the machine {transition.machine}") for state in sorted(strange)
        ]
    return Lifecycle(case.states, case.final, finsam.states, finsam.final, transitions)


def _list_states(machine: Any) -> frozenset[str]:
    states = machine.get("states") if isinstance(machine, dict) else None
    return frozenset(state for state in states if isinstance(state, str)) if isinstance(states, list) else frozenset()
