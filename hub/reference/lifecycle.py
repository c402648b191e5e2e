"""docs/reference/lifecycle.md and its drawing: the states of a case, and every step between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from hub.reference import drawing, layout, names, rule_comments
from hub.reference.markdown import codes, heading, table
from routing.rulebook import Lifecycle, Rulebook, Transition

HEAD = """\
# The life of a case

A case at a jobbtorg and a FINSAM case have a machine of states each. Either may exist without the other. A message
moves a case by one of the transitions below, or leaves it where it is; what is not listed is refused with
[`STATE_CONFLICT`](refusal-codes.md), and nothing changes. Which messages are taken in which states without moving
anything stands with each type in [the catalogue](catalogue.md).

The page and the drawing are written from `routing/rules/lifecycle.toml` by `scripts/write_reference.py`, and a test
compares them with it.

![Both machines: states as boxes, transitions as arrows](lifecycle.svg)
"""
NOTES = (
    "Blue: onward. Orange: back. Where arrows join, one step leaves several states. ↻: the state stays.",
    "Double frame: nothing more is expected. The dot: there is no case yet.",
)

Name = Literal["case", "finsam"]
TITLES: Mapping[Name, str] = {"case": "Ärende vid jobbtorg", "finsam": "FINSAM-ärende"}
ENGLISH: Mapping[Name, str] = {"case": "the case at a jobbtorg", "finsam": "the FINSAM case"}


def render(rulebook: Rulebook, rules: Path) -> str:
    """The page."""
    effects = rule_comments.read_words(rules, "lifecycle.toml")
    parts = [HEAD]
    for machine in TITLES:
        parts.append(heading(2, f"{TITLES[machine]}: {ENGLISH[machine]}", machine))
        parts.append(_states(rulebook.lifecycle, machine))
        rows = [_row(step, effects) for step in _transitions(rulebook.lifecycle, machine)]
        parts.append(table(("id", "from", "message", "condition", "to", "effects"), rows))
    parts += [heading(2, "Without a message", "without-a-message"), _own_moves(rulebook)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _own_moves(rulebook: Rulebook) -> str:
    """What the hub itself does to a case: by a deadline, for a protected person, and at the end of its time."""
    rows: list[Sequence[str]] = [
        (rule.id, codes(sorted(rule.moves.source)), f"the deadline passes: {rule.title_sv}", f"`{rule.moves.target}`")
        for rule in rulebook.deadlines.rows.values()
        if rule.moves is not None
    ]
    cases = rulebook.retention.cases
    over = (
        f"{cases.followed_up_months} months after the closing, once it is followed up and its last body is erased; "
        f"{cases.longest_months} months after it in any case (gallring)"
    )
    rows += [
        ("t22", "any", "a message says that the person is protected", "stays, handled by people only"),
        (
            "t23",
            "closed",
            over,
            "`archived`: units and times are left; its key, its person and its plans are destroyed",
        ),
    ]
    return table(("id", "from", "when", "to"), rows)


def draw(rulebook: Rulebook) -> str:
    """The drawing."""
    machines = [_machine(rulebook, machine) for machine in TITLES if _transitions(rulebook.lifecycle, machine)]
    description = f"{len(rulebook.lifecycle.transitions)} transitions; the page beside this picture lists them."
    return drawing.draw("The life of a case", description, machines, NOTES)


def _transitions(lifecycle: Lifecycle, machine: Name) -> list[Transition]:
    return [step for step in lifecycle.transitions.values() if step.machine == machine]


def _list_states(lifecycle: Lifecycle, machine: Name) -> tuple[list[str], frozenset[str]]:
    """The states in the order of the drawing, and those that end a case."""
    states, final = (
        (lifecycle.states, lifecycle.final_states)
        if machine == "case"
        else (lifecycle.finsam_states, lifecycle.finsam_final_states)
    )
    return layout.order_states(states, final, _steps(lifecycle, machine)), final


def _steps(lifecycle: Lifecycle, machine: Name) -> list[layout.Step]:
    return [layout.Step(step.id, step.source, step.target) for step in _transitions(lifecycle, machine)]


def _machine(rulebook: Rulebook, machine: Name) -> drawing.Machine:
    order, final = _list_states(rulebook.lifecycle, machine)
    return drawing.Machine(
        title=TITLES[machine],
        layout=layout.lay_out(order, _steps(rulebook.lifecycle, machine)),
        final=final,
        names=names.STATES[machine],
        tooltips={step.id: _message(rulebook, step) for step in _transitions(rulebook.lifecycle, machine)},
    )


def _message(rulebook: Rulebook, step: Transition) -> str:
    rule = rulebook.find_type(step.type)
    return f"{step.type} ({rule.title_sv})" if rule else step.type


def _states(lifecycle: Lifecycle, machine: Name) -> str:
    order, final = _list_states(lifecycle, machine)
    rows = [
        (f"`{state}`", names.STATES[machine].get(state, ""), "nothing more is expected" if state in final else "")
        for state in order
        if state != layout.START
    ]
    return table(("state", "in Swedish", ""), rows)


def _row(step: Transition, words: Mapping[str, str]) -> Sequence[str]:
    conditions = [names.condition(step.when)] if step.when else []
    if step.in_force is not None:
        conditions.append(f"an approved version of the plan is {'' if step.in_force else 'not '}in force")
    if step.waits is not None:
        conditions.append(f"a version of the plan {'waits' if step.waits else 'does not wait'} for a decision")
    conditions += names.untold(step, _TOLD)
    return (
        f'<a id="{step.id}"></a>{step.id}',
        codes(sorted(step.source)) or "no case",
        f"`{step.type}`",
        "; ".join(conditions),
        f"`{step.target}`" if step.target else "stays",
        "; ".join(f"{words.get(effect, names.in_words(effect))} (`{effect}`)" for effect in step.effects),
    )


_TOLD = {"id", "machine", "source", "type", "target", "when", "in_force", "waits", "effects"}
