"""May this message be told to this recipient, which fields, and why.

Pure: the same answer for intake, delivery, dry run and audit.

The order is the law's and the city's, first failing rule wins: who sends, what the person's protection says, purpose
(which chooses the route), recipients, the case's state and the named checks, the categories that the message carries,
and then for each recipient the agreement, the legal basis, and the copy that the ceiling of its kind leaves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
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

# Any spelling of a Swedish personal number ends so: six digits for the day, a sign or spaces or nothing, four digits.
# Phone numbers of ten digits are caught too; they have a field of their own.
# The first digit stands alone, so that the search skips from digit to digit.
_NUMBER_IN_TEXT = re.compile(r"[0-9][0-9]{5}[\s+\-\u2010-\u2015]{0,3}[0-9]{4}")


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
    """All rulings on one message. `refusal` is set when nobody gets it; `case` is the case afterwards; `ends_consents`
    when the person's consents end with it."""

    rulings: tuple[Ruling, ...] = ()
    refusal: Refusal | None = None
    case: Case | None = None
    ends_consents: bool = False

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
    return _refuse_sender_on(type_name, sender_id, situation.today, directory, rulebook)


@lru_cache(maxsize=4096)
def _refuse_sender_on(
    type_name: str,
    sender_id: str,
    today: date,
    directory: directories.Directory,
    rulebook: rulebooks.Rulebook,
) -> Refusal | None:
    # Asked twice for every message, at the door and in the decision; units and types are few.
    rule = rulebook.find_type(type_name)
    if rule is None:
        return Refusal(RefusalCode.SCHEMA_UNKNOWN, type_name)
    sender = directory.find_unit(sender_id)
    if sender is None:
        return Refusal(RefusalCode.UNKNOWN_UNIT, f"{type_name}/sender")
    if not sender.is_open(today):
        successor = sender.successors[0] if sender.successors else None
        return Refusal(RefusalCode.UNIT_CLOSED, f"{type_name}/sender", successor)
    if sender.kind in rule.refused_senders:
        return Refusal(rule.refused_senders[sender.kind], f"{type_name}/sender")
    if sender.kind not in rule.senders:
        return Refusal(RefusalCode.SENDER_NOT_ALLOWED, f"{type_name}/sender")
    return None


@dataclass(frozen=True, slots=True)
class _Matter:
    """What is decided on, with what is known, together."""

    message: Message
    situation: Situation
    directory: directories.Directory
    rulebook: rulebooks.Rulebook
    sender: directories.Unit
    rule: rulebooks.TypeRule
    wanted: frozenset[str]

    def refuse(self, step: str, code: RefusalCode, *pointers: str, about: str | None = None) -> Refusal:
        return Refusal(code, f"{self.message.type}/{step}", about, pointers)


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
    sender = directory.find_unit(message.sender)
    assert sender is not None  # refuse_sender said so
    rule, wanted = rulebook.types[message.type], message.message_type.categories_in(message.data)
    return _decide(_Matter(message, situation, directory, rulebook, sender, rule, wanted))


def _decide(matter: _Matter) -> Decision:
    message, situation = matter.message, matter.situation
    refusal = _refuse_before_recipients(matter)
    if refusal is not None:
        return Decision(refusal=refusal, rulings=_manual_rulings(matter, refusal))
    route = matter.rule.find_route(message.data)
    if route is None:
        return Decision(refusal=matter.refuse("purpose", RefusalCode.PURPOSE_NOT_ALLOWED))
    targets = addressing.resolve(message, route, situation, matter.directory)
    refusal = _refuse_without_recipient(matter, targets)
    if refusal is not None:
        return Decision(refusal=refusal, rulings=_unresolved_rulings(message, targets))
    if not lifecycle.may_move(message, situation.case, route, matter.rulebook):
        return Decision(refusal=matter.refuse("responsible", RefusalCode.SENDER_NOT_ALLOWED))
    move = lifecycle.find_move(message, situation.case, route, matter.rulebook)
    if isinstance(move, Refusal):
        return Decision(refusal=move)
    refusal = _refuse_content(matter)
    if refusal is not None:
        return Decision(refusal=refusal)
    rulings = _rule_on(matter, targets)
    refusal = _refuse_all(matter, rulings)
    if refusal is not None:
        return Decision(rulings=tuple(_refused(ruling, refusal) for ruling in rulings), refusal=refusal)
    reached = {ruling.unit: ruling.kind for ruling in rulings if ruling.discloses}
    case = lifecycle.advance(message, move, situation, reached)
    return Decision(rulings=rulings, case=case, ends_consents=lifecycle.ends_consents(move))


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
    if rule is None or route is None or recipient_rule is None or unit is None or sender is None:
        return Ruling(unit_id, kind, Verdict.REFUSE, label, RefusalCode.RECIPIENT_NOT_ALLOWED)
    if not unit.is_open(situation.today):
        return Ruling(unit_id, kind, Verdict.REFUSE, label, RefusalCode.UNIT_CLOSED)
    wanted = message.message_type.categories_in(message.data)
    matter = _Matter(message, situation, directory, rulebook, sender, rule, wanted)
    # Counted as at intake: two addresses may mean one recipient.
    single = len(message.addresses) <= 1 or len(addressing.resolve(message, route, situation, directory)) == 1
    return _rule_on_one(matter, Recipient(unit, kind, recipient_rule), single=single)


def _refuse_before_recipients(matter: _Matter) -> Refusal | None:
    return (
        preconditions.times_are_past(matter.message, matter.situation)
        or _refuse_stranger(matter)
        or _refuse_protected(matter.message, matter.situation)
        or _refuse_other_person(matter)
    )


def _refuse_protected(message: Message, situation: Situation) -> Refusal | None:
    case = situation.case
    if message.handling["protected_identity"] != "none" or (case is not None and case.suspended):
        return Refusal(RefusalCode.PROTECTED_IDENTITY, "protected_identity")
    return None


def _refuse_stranger(matter: _Matter) -> Refusal | None:
    """One answer for no such case, another's case, and a case that the sender should have named."""
    subject, case = matter.message.subject, matter.situation.case
    if subject is None:
        wrong = matter.rule.subject == "required"
        return matter.refuse("subject", RefusalCode.SCHEMA_INVALID, "/subject") if wrong else None
    if matter.rule.subject == "absent":
        return matter.refuse("subject", RefusalCode.SCHEMA_INVALID, "/subject")
    if case is None or not case.is_party(matter.message.sender):
        return matter.refuse("party", RefusalCode.COULD_NOT_BE_DELIVERED)
    return None


def _refuse_other_person(matter: _Matter) -> Refusal | None:
    case = matter.situation.case
    if case is None or case.person_key is None or matter.message.person_key in (None, case.person_key):
        return None
    return matter.refuse("person", RefusalCode.THIRD_PARTY_DATA, "/data/person")


def _refuse_without_recipient(matter: _Matter, targets: list[Recipient | Unresolved]) -> Refusal | None:
    if any(isinstance(target, Recipient) for target in targets):
        return None
    first = targets[0] if targets else None
    if isinstance(first, Unresolved):
        return matter.refuse("recipient", first.code, about=first.about)
    if matter.rule.registers is not None:
        return None
    return matter.refuse("recipient", RefusalCode.RECIPIENT_NOT_ALLOWED)


def _refuse_content(matter: _Matter) -> Refusal | None:
    message = matter.message
    for name in matter.rule.checks:
        check = preconditions.PRECONDITIONS[name]
        refusal = check(message, matter.situation, matter.directory, matter.rulebook)
        if refusal is not None:
            return refusal
    undeclared = matter.wanted.difference(message.handling["categories"])
    if undeclared:
        about, pointer = " ".join(sorted(undeclared)), "/data/handling/categories"
        return matter.refuse("categories", RefusalCode.SCHEMA_INVALID, pointer, about=about)
    texts = message.message_type.free_text_in(message.data)
    blocked = [f"/data{pointer}" for pointer, text in texts if names_a_number(text)]
    return matter.refuse("free_text", RefusalCode.FREE_TEXT_BLOCKED, *blocked) if blocked else None


def names_a_number(text: str) -> bool:
    """True when a free text holds something that reads like a personal number, in any spelling."""
    return _NUMBER_IN_TEXT.search(text) is not None


def _rule_on(matter: _Matter, targets: list[Recipient | Unresolved]) -> tuple[Ruling, ...]:
    single = len(targets) == 1
    rulings = [
        _rule_on_one(matter, target, single=single)
        if isinstance(target, Recipient)
        else _unresolved_ruling(matter.message, target)
        for target in targets
    ]
    return tuple(rulings)


def _rule_on_one(matter: _Matter, recipient: Recipient, *, single: bool) -> Ruling:
    message, unit, kind = matter.message, recipient.unit, recipient.kind
    label = f"{message.type}/{kind}"
    if not matter.directory.has_agreement(matter.sender.kind, unit.kind, matter.situation.today):
        return Ruling(unit.unit_id, kind, Verdict.REFUSE, label, RefusalCode.NO_AGREEMENT)
    grounds = bases.find_grounds(
        message,
        matter.sender,
        recipient,
        matter.situation,
        matter.rulebook,
        wanted=matter.wanted,
        single_recipient=single,
    )
    if grounds.missing is not None:
        return Ruling(unit.unit_id, kind, Verdict.REFUSE, label, grounds.missing)
    view = view_for(matter.rulebook, message.message_type, recipient.rule, message.purpose)
    copy = view.project(
        message.data, grounds.categories, party=unit.authority, recipient_kind=kind, present=matter.wanted
    )
    if copy.data is None:
        code = _code_for_torso(grounds, copy)
        about = " ".join(sorted(copy.lacking)) or None
        return Ruling(unit.unit_id, kind, Verdict.REFUSE, label, code, about, withheld=copy.missing)
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


def _refuse_all(matter: _Matter, rulings: tuple[Ruling, ...]) -> Refusal | None:
    """Nobody gets it; or a team could not meet, since its coordinator or every other authority is missing."""
    blocking = [ruling for ruling in rulings if not ruling.discloses]
    if not blocking:
        return None
    reached = [ruling for ruling in rulings if ruling.discloses]
    if not reached and matter.rule.registers is not None:
        return None  # a consent is registered even where nobody may hear of it
    essential = [ruling for ruling in blocking if ruling.kind == "team"]
    if reached and not essential and not _alone(matter, reached):
        return None
    first = (essential or blocking)[0]
    return Refusal(first.code or RefusalCode.COULD_NOT_BE_DELIVERED, first.rule, first.about)


def _alone(matter: _Matter, reached: list[Ruling]) -> bool:
    """True when a named team case would be known to the initiator's own authority only."""
    if matter.rule.opens != "finsam" or matter.message.person_key is None:
        return False
    own = matter.sender.authority
    return all(matter.directory.find_authority(ruling.unit) == own for ruling in reached)


def _refused(ruling: Ruling, refusal: Refusal) -> Ruling:
    if not ruling.discloses:
        return ruling
    return Ruling(ruling.unit, ruling.kind, Verdict.REFUSE, refusal.rule, refusal.code, refusal.about)


def _unresolved_ruling(message: Message, target: Unresolved) -> Ruling:
    label = f"{message.type}/recipient"
    return Ruling(target.name, target.kind, Verdict.REFUSE, label, target.code, target.about)


def _unresolved_rulings(message: Message, targets: list[Recipient | Unresolved]) -> tuple[Ruling, ...]:
    return tuple(_unresolved_ruling(message, target) for target in targets if isinstance(target, Unresolved))


def _manual_rulings(matter: _Matter, refusal: Refusal) -> tuple[Ruling, ...]:
    """For a protected person nobody is resolved: the units and roles that were addressed, as far as they exist."""
    if refusal.code is not RefusalCode.PROTECTED_IDENTITY:
        return ()
    names = [
        entry.role or name
        for entry in matter.message.addresses
        if (name := entry.unit or entry.team or "") or entry.role
        if entry.role or matter.directory.find_unit(name)
    ]
    return tuple(Ruling(name, "", Verdict.MANUAL, refusal.rule, refusal.code) for name in names)
