"""What the hub decided for each recipient, readably."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from hub.cli import lookups, terminal
from hub.cli.terminal import Cell

if TYPE_CHECKING:
    from hub.client.answers import Basis, Problem, Receipt, RecipientResult, Warned
    from hub.settings import Settings
    from routing.rulebook import RefusalText, Rulebook

STYLES: Final = {"deliver": "green", "redact": "yellow", "manual": "magenta", "refuse": "red"}
MEANINGS: Final = {
    "deliver": "gets all that it may see of this type",
    "redact": "gets it without the fields below",
    "manual": "is told by people, not by the hub",
    "refuse": "gets nothing",
}


def load_texts(settings: Settings) -> Rulebook | None:
    """The rulebook whose texts explain codes; None, with a note, when it cannot be used."""
    from routing import rulebook

    try:
        return rulebook.load(settings.rules_dir)
    except rulebook.RulesBroken:
        terminal.note("The rules of this machine are broken, so codes are shown without their texts.")
        return None


def show_table(recipients: Iterable[RecipientResult], texts: Rulebook | None) -> None:
    """One row per recipient."""
    rows = [
        (
            recipient.unit,
            Cell(recipient.verdict, STYLES.get(recipient.verdict, "")),
            reason(recipient.code, texts),
            recipient.basis.code if recipient.basis else None,
            ", ".join(recipient.withheld),
        )
        for recipient in recipients
    ]
    if rows:
        terminal.show_table(("recipient", "verdict", "reason", "basis", "withheld"), rows)


def show_reasons(recipients: Iterable[RecipientResult], texts: Rulebook | None) -> None:
    """A paragraph per recipient: the verdict, the rule, the legal basis, and what to do about a refusal."""
    for recipient in recipients:
        meaning = MEANINGS.get(recipient.verdict, "")
        terminal.say("")
        terminal.say(f"{recipient.unit}: {recipient.verdict}, {meaning}", STYLES.get(recipient.verdict, ""))
        terminal.show_fields((f"  {name}", value) for name, value in _reasons(recipient, texts) if value)


def _reasons(recipient: RecipientResult, texts: Rulebook | None) -> Iterable[tuple[str, str | None]]:
    yield "reason", reason(recipient.code, texts)
    yield "what to do", _advice(recipient.code, texts)
    yield "concerns", recipient.about
    yield "basis", _basis(recipient.basis, texts)
    yield "rule", recipient.rule
    yield "withheld", ", ".join(recipient.withheld)


def reason(code: str | None, texts: Rulebook | None) -> str:
    """A code with its Swedish title."""
    text = _find_text(code, texts)
    return f"{code} {text.title_sv}" if code and text else code or ""


def _advice(code: str | None, texts: Rulebook | None) -> str | None:
    text = _find_text(code, texts)
    return text.advice_sv if text else None


def _find_text(code: str | None, texts: Rulebook | None) -> RefusalText | None:
    found = texts.refusals.values() if texts is not None else ()
    return next((text for text in found if text.code.value == code), None)


def _basis(basis: Basis | None, texts: Rulebook | None) -> str | None:
    if basis is None:
        return None
    rule = texts.bases.get(basis.code) if texts is not None else None
    words = f"{basis.code}: {rule.title_sv} ({rule.statute})" if rule else basis.code
    consent = f", consent {basis.consent}" if basis.consent else ""
    version = f" version {basis.version}" if basis.version else ""
    return f"{words}{consent}{version}"


def show_receipt_head(receipt: Receipt) -> None:
    """When it was taken, and where it stands."""
    terminal.show_fields(
        [
            ("message", receipt.id),
            ("case", receipt.case),
            ("recorded", lookups.show_instant(receipt.recordedtime)),
            ("log", f"entry {receipt.log.index}" if receipt.log else None),
        ]
    )


def show_warnings(warnings: Iterable[Warned], texts: Rulebook | None) -> None:
    """One line for each thing to look at, with what to do."""
    for each in warnings:
        text = texts.warnings.get(each.code.lower()) if texts is not None else None
        told = f"{text.title_sv}. {text.advice_sv}" if text is not None else ""
        terminal.say(f"{each.code} {each.pointer} {told}".rstrip(), "yellow")


def show_problem(problem: Problem) -> None:
    """The code with its title, what to do, and every faulty field."""
    terminal.say(f"Refused: {problem.code or problem.status} {problem.title}".rstrip(), "bold red")
    if problem.detail:
        terminal.say(problem.detail)
    if problem.errors:
        rows = [(fault.pointer or "/", fault.keyword, fault.detail) for fault in problem.errors]
        terminal.show_table(("field", "fault", "what is accepted"), rows)
