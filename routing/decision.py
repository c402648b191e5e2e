"""May this message be told to this recipient, which fields, and why.

Pure: the same answer for intake, delivery, dry run and audit.

The order is the law's and the city's, first failing rule wins: who sends, what the person's protection says, purpose
(which chooses the route), recipients, the case's state and the named checks, the categories that the message carries,
and then for each recipient the agreement, the legal basis, and the copy that the ceiling of its kind leaves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from functools import lru_cache

from routing import addressing, deadlines, lifecycle, warnings
from routing import directory as directories
from routing import rulebook as rulebooks
from routing.addressing import Recipient, Unresolved
from routing.case import Case
from routing.deadline_rules import Due
from routing.disclosure import Matter, matter_of, rule_on, rule_on_one, unresolved_ruling
from routing.disclosure import Ruling as Ruling
from routing.disclosure import Verdict as Verdict
from routing.disclosure import view_for as view_for
from routing.message import Message
from routing.preconditions import times
from routing.preconditions.asking import Asked
from routing.preconditions.table import PRECONDITIONS
from routing.refusals import Refusal, RefusalCode
from routing.situation import Situation
from routing.vocabulary import HUB
from routing.warnings import Warned
from schemas.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Decision:
    """All rulings on one message. `refusal` is set when nobody gets it; `case` is the case afterwards; `ends_consents`
    when the person's consents end with it. `warnings` are for the sender. `uniform`: the sender may not learn from the
    answer whether anybody is known behind the number."""

    rulings: tuple[Ruling, ...] = ()
    refusal: Refusal | None = None
    case: Case | None = None
    ends_consents: bool = False
    warnings: tuple[Warned, ...] = ()
    uniform: bool = False

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
    return _decide(matter_of(message, situation, directory, rulebook, sender))


def _decide(matter: Matter) -> Decision:
    message, situation = matter.message, matter.situation
    refusal = _refuse_before_recipients(matter)
    if refusal is not None:
        return Decision(refusal=refusal, rulings=_manual_rulings(matter, refusal))
    route = matter.rule.find_route(matter.sender.kind, message.data)
    if route is None:
        return Decision(refusal=matter.refuse("purpose", RefusalCode.PURPOSE_NOT_ALLOWED))
    targets = addressing.resolve(message, route, situation, matter.directory)
    refusal = _refuse_without_recipient(matter, targets)
    if refusal is not None:
        return Decision(refusal=refusal, rulings=_unresolved_rulings(message, targets))
    if not lifecycle.may_move(message, matter.sender, situation.case, route, matter.rulebook):
        return Decision(refusal=matter.refuse("responsible", RefusalCode.SENDER_NOT_ALLOWED))
    move = lifecycle.find_move(message, situation.case, route, matter.rulebook)
    if isinstance(move, Refusal):
        return Decision(refusal=move)
    refusal = _refuse_content(matter, route)
    if refusal is not None:
        return Decision(refusal=refusal)
    rulings = rule_on(matter, targets)
    refusal = _refuse_all(matter, rulings)
    if refusal is not None:
        return Decision(rulings=tuple(_refused(ruling, refusal) for ruling in rulings), refusal=refusal)
    if matter.rule.uniform:
        # Last of all, so that nothing that depends on the person can be told from the answers before it.
        refusal = _refuse_checks(matter)
        if refusal is not None:
            return Decision(rulings=rulings, refusal=refusal, uniform=True)
    reached = {ruling.unit: ruling.kind for ruling in rulings if ruling.discloses}
    case = lifecycle.advance(message, move, situation, reached)
    return Decision(
        rulings=rulings,
        case=deadlines.follow(case, message, situation, matter.rulebook, _agreed(matter, reached.values())),
        ends_consents=lifecycle.ends_consents(move),
        warnings=warnings.list_warnings(message, situation, matter.rulebook),
        uniform=matter.rule.uniform,
    )


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
    unit = directory.find_unit(unit_id)
    sender = directory.find_unit(message.sender)
    route = rule.find_route(sender.kind, message.data) if rule and sender else None
    recipient_rule = route.recipients.get(kind) if route else None
    if rule is None or route is None or recipient_rule is None or unit is None or sender is None:
        return Ruling(unit_id, kind, Verdict.REFUSE, label, RefusalCode.RECIPIENT_NOT_ALLOWED)
    if not unit.is_open(situation.today):
        return Ruling(unit_id, kind, Verdict.REFUSE, label, RefusalCode.UNIT_CLOSED)
    matter = matter_of(message, situation, directory, rulebook, sender)
    # Counted as at intake: two addresses may mean one recipient.
    single = len(message.addresses) <= 1 or len(addressing.resolve(message, route, situation, directory)) == 1
    return rule_on_one(matter, Recipient(unit, kind, recipient_rule), single=single)


def _refuse_before_recipients(matter: Matter) -> Refusal | None:
    return (
        times.times_are_past(matter.message, matter.situation)
        or _refuse_stranger(matter)
        or _refuse_protected(matter.message, matter.situation)
        or _refuse_other_person(matter)
    )


def _refuse_protected(message: Message, situation: Situation) -> Refusal | None:
    case = situation.case
    if message.sender == HUB:
        return None  # a notice says nothing about the person; it is how parties learn that people take over
    if message.handling["protected_identity"] != "none" or (case is not None and case.suspended):
        return Refusal(RefusalCode.PROTECTED_IDENTITY, "protected_identity")
    return None


def _refuse_stranger(matter: Matter) -> Refusal | None:
    """One answer for no such case, another's case, and a case that the sender should have named."""
    subject, case = matter.message.subject, matter.situation.case
    if subject is None:
        wrong = matter.rule.subject == "required"
        return matter.refuse("subject", RefusalCode.SCHEMA_INVALID, "/subject") if wrong else None
    if matter.rule.subject == "absent":
        return matter.refuse("subject", RefusalCode.SCHEMA_INVALID, "/subject")
    if matter.message.sender == HUB:
        return None
    if case is None or not case.is_party(matter.message.sender):
        return matter.refuse("party", RefusalCode.COULD_NOT_BE_DELIVERED)
    return None


def _refuse_other_person(matter: Matter) -> Refusal | None:
    case = matter.situation.case
    if case is None or case.person_key is None or matter.message.person_key in (None, case.person_key):
        return None
    return matter.refuse("person", RefusalCode.THIRD_PARTY_DATA, "/data/person")


def _refuse_without_recipient(matter: Matter, targets: list[Recipient | Unresolved]) -> Refusal | None:
    if any(isinstance(target, Recipient) for target in targets):
        return None
    first = targets[0] if targets else None
    if isinstance(first, Unresolved):
        return matter.refuse("recipient", first.code, about=first.about)
    if matter.rule.registers is not None:
        return None
    return matter.refuse("recipient", RefusalCode.RECIPIENT_NOT_ALLOWED)


def _agreed(matter: Matter, kinds: Collection[str]) -> Mapping[str, Due]:
    today, purpose = matter.situation.today, matter.message.purpose
    return matter.directory.agreed_deadlines(matter.sender.kind, kinds, purpose, today)


def _refuse_content(matter: Matter, route: rulebooks.Route) -> Refusal | None:
    checked = None if matter.rule.uniform else _refuse_checks(matter)
    return checked or _refuse_field_list(matter, route) or _refuse_categories(matter) or _refuse_free_text(matter)


def _refuse_checks(matter: Matter) -> Refusal | None:
    asked = Asked(matter.message, matter.situation, matter.directory, matter.rulebook)
    for name in matter.rule.checks:
        refusal = PRECONDITIONS[name](asked)
        if refusal is not None:
            return refusal
    return None


def _refuse_field_list(matter: Matter, route: rulebooks.Route) -> Refusal | None:
    """What the state tells by statute follows a list of fields, and the list changes: only those in force count."""
    if not matter.rule.field_lists:
        return None
    message, kinds, today = matter.message, tuple(route.recipients), matter.situation.today
    agreed = matter.directory.agreed_field_lists(message.type, matter.sender.kind, kinds, message.purpose, today)
    if message.content.get("list_version") in (agreed or matter.rule.field_lists):
        return None
    return matter.refuse("field_list", RefusalCode.SCHEMA_INVALID, "/data/content/list_version")


def _refuse_categories(matter: Matter) -> Refusal | None:
    undeclared = matter.wanted.difference(matter.message.handling["categories"])
    if undeclared:
        about, pointer = " ".join(sorted(undeclared)), "/data/handling/categories"
        return matter.refuse("categories", RefusalCode.SCHEMA_INVALID, pointer, about=about)
    return None


def _refuse_free_text(matter: Matter) -> Refusal | None:
    """A personal number goes in no free text; a telling word only where the sender says that it tells of that."""
    if not matter.rule.free_text:
        texts = matter.message.message_type.free_text_in(matter.message.data)
        return (
            matter.refuse("free_text", RefusalCode.FREE_TEXT_BLOCKED, *[f"/data{at}" for at, _ in texts])
            if texts
            else None
        )
    declared = frozenset(matter.message.handling["categories"])
    blocked = [f"/data{pointer}" for pointer, told in matter.told.items() if not told <= declared]
    return matter.refuse("free_text", RefusalCode.FREE_TEXT_BLOCKED, *blocked) if blocked else None


def _refuse_all(matter: Matter, rulings: tuple[Ruling, ...]) -> Refusal | None:
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


def _alone(matter: Matter, reached: list[Ruling]) -> bool:
    """True when a named team case would be known to the initiator's own authority only."""
    if matter.rule.opens != "finsam" or matter.message.person_key is None:
        return False
    own = matter.sender.authority
    return all(matter.directory.find_authority(ruling.unit) == own for ruling in reached)


def _refused(ruling: Ruling, refusal: Refusal) -> Ruling:
    if not ruling.discloses:
        return ruling
    return Ruling(
        ruling.unit, ruling.kind, Verdict.REFUSE, refusal.rule, refusal.code, refusal.about, unseen=ruling.unseen
    )


def _unresolved_rulings(message: Message, targets: list[Recipient | Unresolved]) -> tuple[Ruling, ...]:
    return tuple(unresolved_ruling(message, target) for target in targets if isinstance(target, Unresolved))


def _manual_rulings(matter: Matter, refusal: Refusal) -> tuple[Ruling, ...]:
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
