"""The steps of a decision in their order: what each looks at by the rules, and which of them decided.

The hub's answer names a code, and per recipient a rule; the order of the steps is that of `routing.decision`. What the
steps looked at is told from the rules of this machine, which are the hub's where both are read from the same files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.reference import names

if TYPE_CHECKING:
    from hub.client.answers import Problem, Receipt, RecipientResult
    from routing.directory import Directory
    from routing.rulebook import Route, Rulebook, TypeRule

PASSED: Final = "passed"
NOT_REACHED: Final = "not reached"
DECIDED: Final = "decided"
WHOLE: Final = ("sender", "form", "case and protection", "purpose", "recipients", "state and checks", "content")
EACH: Final = ("agreement", "basis", "copy")
_OF: Final[Mapping[str, str]] = {
    "SELF_REFERRAL": "sender",
    "SCHEMA_UNKNOWN": "form",
    "PERSON_ID_INVALID": "form",
    "TOO_LARGE": "form",
    "COULD_NOT_BE_DELIVERED": "case and protection",
    "PROTECTED_IDENTITY": "case and protection",
    "THIRD_PARTY_DATA": "case and protection",
    "PURPOSE_NOT_ALLOWED": "purpose",
    "RECIPIENT_NOT_ALLOWED": "recipients",
    "WRONG_CATCHMENT": "recipients",
    "CONFLICT_OF_INTEREST": "recipients",
    "FREE_TEXT_BLOCKED": "content",
}
_OF_CONTENT: Final = ("/data/handling/categories", "/data/content/list_version")


@dataclass(frozen=True, slots=True)
class Step:
    """`recipient` is None for a step that concerns the whole message. `looked_at` says what the rules want there,
    `code` why the step decided, `basis` and `withheld` what one that was passed found."""

    name: str
    looked_at: str
    outcome: str
    recipient: str | None = None
    code: str | None = None
    basis: str | None = None
    withheld: Sequence[str] = ()

    @property
    def result(self) -> str:
        told = self.code or self.basis
        kept_back = f", without {', '.join(self.withheld)}" if self.withheld else ""
        return f"{self.outcome}: {told}" if told else f"{self.outcome}{kept_back}"

    def as_json(self) -> dict[str, str | None]:
        return {
            "step": self.name,
            "recipient": self.recipient,
            "looked_at": self.looked_at,
            "result": self.result,
        }


def list_steps(
    event: Mapping[str, Any], sender: str, answer: Receipt | Problem, rulebook: Rulebook, directory: Directory
) -> list[Step]:
    """Every step; [] for a type that the rules here do not know."""
    rule = rulebook.find_type(str(event.get("type", "")).removeprefix("se.samverkan."))
    if rule is None:
        return []
    route = _route(event, sender, rule, directory)
    code = getattr(answer, "code", None)
    decided = None if code is None or _is_about_one(answer) else _step_of(answer, sender, rule, directory)
    steps, over = [], False
    for name in WHOLE:
        outcome = NOT_REACHED if over else DECIDED if name == decided else PASSED
        over = over or name == decided
        steps.append(Step(name, _looks_at(name, rule, route), outcome, code=code if outcome is DECIDED else None))
    for recipient in () if over else answer.recipients:
        steps += _steps_of(recipient, route, rulebook)
    return steps


def _route(event: Mapping[str, Any], sender: str, rule: TypeRule, directory: Directory) -> Route | None:
    data, unit = event.get("data"), directory.find_unit(sender)
    if unit is None or not isinstance(data, dict) or "purpose" not in data.get("handling", {}):
        return None
    return rule.find_route(unit.kind, data)


def _is_about_one(answer: Receipt | Problem) -> bool:
    """Whether the refusal came after each recipient had been judged."""
    return any(recipient.code == getattr(answer, "code", None) for recipient in answer.recipients)


def _step_of(answer: Any, sender: str, rule: TypeRule, directory: Directory) -> str:
    unit = directory.find_unit(sender)
    match answer.code:
        case "SENDER_NOT_ALLOWED":
            return "state and checks" if unit is not None and unit.kind in rule.senders else "sender"
        case "UNKNOWN_UNIT" | "UNIT_CLOSED":
            return "sender" if unit is None or unit.valid_to is not None else "recipients"
        case "SCHEMA_INVALID":
            pointers = {fault.pointer for fault in answer.errors}
            if pointers & set(_OF_CONTENT):
                return "content"
            return "state and checks" if {fault.keyword for fault in answer.errors} == {"rule"} else "form"
        case code:
            return _OF.get(code, "state and checks")


def _looks_at(name: str, rule: TypeRule, route: Route | None) -> str:
    match name:
        case "sender":
            return f"the unit's kind, one of: {names.kinds(rule.senders)}"
        case "form":
            return f"the schema of {rule.name}, and the personal number's check digit"
        case "case and protection":
            return f"the case that it names ({rule.subject}), the flag of protection, that the person is the case's"
        case "purpose":
            told = route.purpose if route is not None else "none that fits"
            return f"{told}, of: {', '.join(dict.fromkeys(each.purpose for each in rule.routes))}"
        case "recipients":
            kinds = names.kinds(route.recipients) if route is not None else "-"
            return f"each address, an open unit of: {kinds}"
        case "state and checks":
            states = sorted({*route.moves, *route.within, *route.within_finsam}) if route is not None else []
            return f"{', '.join(states) or 'any state'}; {', '.join(rule.checks) or 'no checks beside the schema'}"
        case _:
            return f"declared categories, of: {' '.join(sorted(rule.categories)) or 'none'}; texts are screened"


def _steps_of(recipient: RecipientResult, route: Route | None, rulebook: Rulebook) -> Iterator[Step]:
    kind = (recipient.rule or "").rpartition("/")[2]
    row = route.recipients.get(kind) if route is not None else None
    bases = [f"{code} ({rulebook.bases[code].statute})" for code in row.bases] if row is not None else []
    looked_at = {
        "agreement": "an agreement in force between the two kinds, where one is needed",
        "basis": f"in this order: {', '.join(bases) or '-'}",
        "copy": "what the ceiling of its kind and the basis leave of each field",
    }
    discloses = recipient.verdict in ("deliver", "redact")
    decided = None if discloses else "agreement" if recipient.code == "NO_AGREEMENT" else "basis"
    over = False
    for name in EACH:
        outcome = NOT_REACHED if over else DECIDED if name == decided else PASSED
        over = over or name == decided
        yield Step(
            name,
            looked_at[name],
            outcome,
            recipient.unit,
            code=recipient.code if outcome is DECIDED else None,
            basis=recipient.basis.code if not over and name == "basis" and recipient.basis is not None else None,
            withheld=recipient.withheld if not over and name == "copy" else (),
        )
