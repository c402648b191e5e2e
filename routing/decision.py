"""May this message be told to this recipient, which fields, and why.

Pure: the same answer for intake, delivery, dry run and audit.

The order is the law's and the city's, first failing rule wins: who sends, what the person's protection says, purpose
(which chooses the route), recipients, the case's state and the named checks, the categories that the message carries,
and then for each recipient the agreement, the legal basis, and the copy that the ceiling of its kind leaves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from routing import addressing, lifecycle, preconditions
from routing import basis as bases
from routing import directory as directories
from routing import rulebook as rulebooks
from routing.addressing import Recipient, Unresolved
from routing.basis import UsedBasis
from routing.case import Case
from routing.message import Message
from routing.refusals import Refusal, RefusalCode
from routing.situation import Situation
from schemas import projection, registry

# Any spelling of a Swedish personal number: 6 or 8 digits for the day, a sign or a space or nothing, four digits.
_NUMBER_IN_TEXT = re.compile(r"(?<![0-9])(?:[0-9]{2})?[0-9]{6}[\s+\-\u2010-\u2015]{0,3}[0-9]{4}(?![0-9])")


class Verdict(StrEnum):
    """What happens with one recipient's copy."""

    DELIVER = "deliver"
    REDACT = "redact"
    REFUSE = "refuse"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Ruling:
    """The decision for one recipient. `copy` is what it may see; `withheld` are pointers for the sender only."""

    unit: str
    kind: str
    verdict: Verdict
    rule: str
    code: RefusalCode | None = None
    about: str | None = None
    basis: UsedBasis | None = None
    withheld: tuple[str, ...] = ()
    carried: frozenset[str] = frozenset()
    copy: Mapping[str, Any] | None = None

    @property
    def discloses(self) -> bool:
        return self.verdict in (Verdict.DELIVER, Verdict.REDACT)


@dataclass(frozen=True, slots=True)
class Decision:
    """All rulings on one message. `refusal` is set when nobody gets it; `case` is the case afterwards."""

    rulings: tuple[Ruling, ...] = ()
    refusal: Refusal | None = None
    case: Case | None = None

    @property
    def accepted(self) -> bool:
        return self.refusal is None


def refuse_sender(
    type_name: str,
    sender_id: str,
    situation: Situation,
    directory: directories.Directory,
    rulebook: rulebooks.Rulebook,
) -> Refusal | None:
    """Step 1, which needs no valid content: is this an open unit of a kind that may send the type at all."""
    rule = rulebook.find_type(type_name)
    if rule is None:
        return Refusal(RefusalCode.SCHEMA_UNKNOWN, type_name)
    sender = directory.find_unit(sender_id)
    if sender is None:
        return Refusal(RefusalCode.UNKNOWN_UNIT, f"{type_name}/sender")
    if not sender.is_open(situation.today):
        successor = sender.successors[0] if sender.successors else None
        return Refusal(RefusalCode.UNIT_CLOSED, f"{type_name}/sender", successor)
    if sender.kind in rule.refused_senders:
        return Refusal(rule.refused_senders[sender.kind], f"{type_name}/sender")
    if sender.kind not in rule.senders:
        return Refusal(RefusalCode.SENDER_NOT_ALLOWED, f"{type_name}/sender")
    return None


def decide(
    message: Message,
    situation: Situation,
    directory: directories.Directory,
    rulebook: rulebooks.Rulebook,
) -> Decision:
    """The whole decision on a schema-valid message."""
    refusal = refuse_sender(message.type, message.sender, situation, directory, rulebook)
    if refusal is not None:
        return Decision(refusal=refusal)
    refusal = _refuse_before_recipients(message, situation, rulebook)
    if refusal is not None:
        return Decision(refusal=refusal, rulings=_manual_ruling(message, refusal))
    rule = rulebook.types[message.type]
    route = rule.find_route(message.data)
    if route is None:
        return Decision(refusal=Refusal(RefusalCode.PURPOSE_NOT_ALLOWED, f"{message.type}/purpose"))
    targets = addressing.resolve(message, route, situation, directory)
    refusal = _refuse_without_recipient(message, rule, targets)
    if refusal is not None:
        return Decision(refusal=refusal, rulings=_unresolved_rulings(message, targets))
    move = lifecycle.find_move(message, situation.case, route, rulebook)
    if isinstance(move, Refusal):
        return Decision(refusal=move)
    refusal = _refuse_content(message, rule, situation, directory, rulebook)
    if refusal is not None:
        return Decision(refusal=refusal)
    rulings = _rule_on(message, targets, situation, directory, rulebook)
    refusal = _refuse_all(message, rule, rulings, directory)
    if refusal is not None:
        return Decision(rulings=tuple(_refused(ruling, refusal) for ruling in rulings), refusal=refusal)
    reached = {ruling.unit: ruling.kind for ruling in rulings if ruling.discloses}
    case = lifecycle.advance(message, move, situation, reached)
    return Decision(rulings=rulings, case=case)


def decide_again(
    message: Message,
    unit_id: str,
    kind: str,
    situation: Situation,
    directory: directories.Directory,
    rulebook: rulebooks.Rulebook,
) -> Ruling:
    """The ruling for one recipient when it reads: protection, recipient, basis and copy, not the case's state."""
    label = f"{message.type}/{kind}"
    refusal = _refuse_protected(message, situation)
    if refusal is not None:
        return Ruling(unit_id, kind, Verdict.MANUAL, refusal.rule, refusal.code)
    rule = rulebook.find_type(message.type)
    route = rule.find_route(message.data) if rule else None
    recipient_rule = route.recipients.get(kind) if route else None
    unit = directory.find_unit(unit_id)
    sender = directory.find_unit(message.sender)
    if recipient_rule is None or unit is None or sender is None:
        return Ruling(unit_id, kind, Verdict.REFUSE, label, RefusalCode.RECIPIENT_NOT_ALLOWED)
    if not unit.is_open(situation.today):
        return Ruling(unit_id, kind, Verdict.REFUSE, label, RefusalCode.UNIT_CLOSED)
    recipient = Recipient(unit, kind, recipient_rule)
    single = len(message.addresses) <= 1
    return _rule_on_one(message, sender, recipient, situation, directory, rulebook, single=single)


def _refuse_before_recipients(message: Message, situation: Situation, rulebook: rulebooks.Rulebook) -> Refusal | None:
    return (
        preconditions.times_are_past(message, situation)
        or _refuse_stranger(message, situation, rulebook)
        or _refuse_protected(message, situation)
        or _refuse_other_person(message, situation)
    )


def _refuse_protected(message: Message, situation: Situation) -> Refusal | None:
    case = situation.case
    if message.handling["protected_identity"] != "none" or (case is not None and case.suspended):
        return Refusal(RefusalCode.PROTECTED_IDENTITY, "protected_identity")
    return None


def _refuse_stranger(message: Message, situation: Situation, rulebook: rulebooks.Rulebook) -> Refusal | None:
    """One answer for no such case, another's case, and a case that the sender should have named."""
    rule = rulebook.types[message.type]
    case = situation.case
    if message.subject is None:
        if rule.subject != "required":
            return None
        return Refusal(RefusalCode.SCHEMA_INVALID, f"{message.type}/subject", pointers=("/subject",))
    if rule.subject == "absent":
        return Refusal(RefusalCode.SCHEMA_INVALID, f"{message.type}/subject", pointers=("/subject",))
    if case is None or not case.is_party(message.sender):
        return Refusal(RefusalCode.COULD_NOT_BE_DELIVERED, f"{message.type}/party")
    return None


def _refuse_other_person(message: Message, situation: Situation) -> Refusal | None:
    case = situation.case
    if case is None or case.person_key is None or message.person_key in (None, case.person_key):
        return None
    return Refusal(RefusalCode.THIRD_PARTY_DATA, f"{message.type}/person", pointers=("/data/person",))


def _refuse_without_recipient(
    message: Message, rule: rulebooks.TypeRule, targets: list[Recipient | Unresolved]
) -> Refusal | None:
    if any(isinstance(target, Recipient) for target in targets) or (not targets and rule.registers is not None):
        return None
    first = targets[0] if targets else None
    if isinstance(first, Unresolved):
        return Refusal(first.code, f"{message.type}/recipient", first.about)
    return Refusal(RefusalCode.RECIPIENT_NOT_ALLOWED, f"{message.type}/recipient")


def _refuse_content(
    message: Message,
    rule: rulebooks.TypeRule,
    situation: Situation,
    directory: directories.Directory,
    rulebook: rulebooks.Rulebook,
) -> Refusal | None:
    for name in rule.checks:
        refusal = preconditions.PRECONDITIONS[name](message, situation, directory, rulebook)
        if refusal is not None:
            return refusal
    undeclared = message.message_type.categories_in(message.data) - set(message.handling["categories"])
    if undeclared:
        pointer = "/data/handling/categories"
        about = " ".join(sorted(undeclared))
        return Refusal(RefusalCode.SCHEMA_INVALID, f"{message.type}/categories", about, (pointer,))
    blocked = tuple(f"/data{pointer}" for pointer in _numbers_in_text(message))
    if blocked:
        return Refusal(RefusalCode.FREE_TEXT_BLOCKED, f"{message.type}/free_text", pointers=blocked)
    return None


def _numbers_in_text(message: Message) -> Iterator[str]:
    for pointer, text in message.message_type.free_text_in(message.data):
        if names_a_number(text):
            yield pointer


def names_a_number(text: str) -> bool:
    """True when a free text holds something that reads like a personal number, in any spelling."""
    return _NUMBER_IN_TEXT.search(text) is not None


def _rule_on(
    message: Message,
    targets: list[Recipient | Unresolved],
    situation: Situation,
    directory: directories.Directory,
    rulebook: rulebooks.Rulebook,
) -> tuple[Ruling, ...]:
    sender = directory.find_unit(message.sender)
    assert sender is not None  # refuse_sender said so
    single = len(targets) == 1
    return tuple(
        _rule_on_one(message, sender, target, situation, directory, rulebook, single=single)
        if isinstance(target, Recipient)
        else _unresolved_ruling(message, target)
        for target in targets
    )


def _rule_on_one(
    message: Message,
    sender: directories.Unit,
    recipient: Recipient,
    situation: Situation,
    directory: directories.Directory,
    rulebook: rulebooks.Rulebook,
    *,
    single: bool,
) -> Ruling:
    unit, kind, label = recipient.unit, recipient.kind, f"{message.type}/{recipient.kind}"
    if not directory.has_agreement(sender.kind, unit.kind, situation.today):
        return Ruling(unit.unit_id, kind, Verdict.REFUSE, label, RefusalCode.NO_AGREEMENT)
    grounds = bases.find_grounds(message, sender, recipient, situation, rulebook, single_recipient=single)
    if grounds.missing is not None:
        return Ruling(unit.unit_id, kind, Verdict.REFUSE, label, grounds.missing)
    view = view_for(rulebook, message.message_type, recipient.rule, message.purpose)
    copy = view.project(message.data, grounds.categories, party=unit.authority, recipient_kind=kind)
    if copy.data is None:
        code = _code_for_torso(grounds, copy)
        about = " ".join(sorted(copy.lacking)) or None
        missing = copy.missing
        return Ruling(unit.unit_id, kind, Verdict.REFUSE, label, code, about, withheld=missing)
    return Ruling(
        unit.unit_id,
        kind,
        Verdict.REDACT if copy.withheld else Verdict.DELIVER,
        label,
        basis=grounds.basis,
        withheld=copy.withheld,
        carried=copy.carried,
        copy=copy.data,
    )


@lru_cache(maxsize=4096)
def view_for(
    rulebook: rulebooks.Rulebook,
    message_type: registry.MessageType,
    rule: rulebooks.RecipientRule,
    purpose: str,
) -> projection.View:
    """What one kind of recipient may ever see of a type for a purpose, before any consent is asked."""
    return projection.derive_view(message_type, rulebook.allowed(rule.kind, purpose), rule.sees)


def _code_for_torso(grounds: bases.Grounds, copy: projection.Projection) -> RefusalCode:
    """A required part is gone: because no basis reaches it, or because the kind may never see it."""
    if not copy.lacking:
        return RefusalCode.RECIPIENT_NOT_ALLOWED
    by_consent = grounds.basis is not None and grounds.basis.code == bases.CONSENT
    return RefusalCode.CONSENT_NOT_COVERING if by_consent else RefusalCode.NO_BASIS


def _refuse_all(
    message: Message,
    rule: rulebooks.TypeRule,
    rulings: tuple[Ruling, ...],
    directory: directories.Directory,
) -> Refusal | None:
    """Nobody gets it, or a team could not meet: its coordinator or every other authority is missing (lag 2003:1210)."""
    if not rulings:
        return None  # a consent that concerns nobody else is registered all the same
    blocking = [ruling for ruling in rulings if not ruling.discloses]
    reached = [ruling for ruling in rulings if ruling.discloses]
    if not blocking or (not reached and rule.registers is not None):
        return None
    essential = [ruling for ruling in blocking if ruling.kind == "team"]
    if reached and not essential and not _alone(message, rule, reached, directory):
        return None
    first = (essential or blocking)[0]
    code = first.code or RefusalCode.COULD_NOT_BE_DELIVERED
    return Refusal(code, first.rule, first.about)


def _alone(message: Message, rule: rulebooks.TypeRule, reached: list[Ruling], directory: directories.Directory) -> bool:
    """True when a named team case would be known to the initiator's own authority only."""
    if rule.opens != "finsam" or message.person_key is None:
        return False
    own = directory.find_authority(message.sender)
    return all(directory.find_authority(ruling.unit) == own for ruling in reached)


def _refused(ruling: Ruling, refusal: Refusal) -> Ruling:
    if not ruling.discloses:
        return ruling
    return Ruling(ruling.unit, ruling.kind, Verdict.REFUSE, refusal.rule, refusal.code, refusal.about)


def _unresolved_ruling(message: Message, target: Unresolved) -> Ruling:
    label = f"{message.type}/recipient"
    return Ruling(target.name, target.kind, Verdict.REFUSE, label, target.code, target.about)


def _unresolved_rulings(message: Message, targets: list[Recipient | Unresolved]) -> tuple[Ruling, ...]:
    return tuple(_unresolved_ruling(message, target) for target in targets if isinstance(target, Unresolved))


def _manual_ruling(message: Message, refusal: Refusal) -> tuple[Ruling, ...]:
    """For a protected person nobody is looked up: the addresses stand as they were written."""
    if refusal.code is not RefusalCode.PROTECTED_IDENTITY:
        return ()
    names = [entry.unit or entry.team or entry.role or "" for entry in message.addresses]
    return tuple(Ruling(name, "", Verdict.MANUAL, refusal.rule, refusal.code) for name in names if name)
