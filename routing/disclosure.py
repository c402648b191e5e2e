"""One recipient's copy: the agreement, the legal basis, the ceiling of its kind, what texts tell, and what is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from routing import basis as bases
from routing import directory as directories
from routing import own_activity
from routing import rulebook as rulebooks
from routing.addressing import Recipient, Unresolved
from routing.basis import UsedBasis
from routing.message import Message
from routing.refusals import Refusal, RefusalCode
from routing.screening import NUMBER
from routing.situation import Situation
from schemas import projection, registry
from schemas.frozen import dataclass


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
    attached: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The files that it may fetch, of those that the message brings."""
    unseen: bool = False
    """Whether the sender may not learn that this unit has anything to do with the person."""

    @property
    def discloses(self) -> bool:
        return self.verdict in (Verdict.DELIVER, Verdict.REDACT)


@dataclass(frozen=True, slots=True)
class Matter:
    """What is decided on, with what is known, together."""

    message: Message
    situation: Situation
    directory: directories.Directory
    rulebook: rulebooks.Rulebook
    sender: directories.Unit
    rule: rulebooks.TypeRule
    in_data: frozenset[str]
    wanted: frozenset[str]
    """All categories that the message carries, in its data and in the files that go with it."""
    told: Mapping[str, frozenset[str]]
    """What the free texts tell of beside their own category: pointer into data -> categories."""

    def refuse(self, step: str, code: RefusalCode, *pointers: str, about: str | None = None) -> Refusal:
        return Refusal(code, f"{self.message.type}/{step}", about, pointers)


def matter_of(
    message: Message,
    situation: Situation,
    directory: directories.Directory,
    rulebook: rulebooks.Rulebook,
    sender: directories.Unit,
) -> Matter:
    rule, in_data = rulebook.types[message.type], message.message_type.categories_in(message.data)
    wanted = in_data.union(*message.attached.values()) if message.attached else in_data
    texts, screening = message.message_type.free_text_in(message.data), rulebook.screening
    told: dict[str, frozenset[str]] = {}
    if texts and not screening.tells_nothing(text for _, text in texts):
        told = {pointer: found for pointer, text in texts if (found := screening.categories_told(text))}
    if rule.registers is not None:
        # What the person wants kept from somebody stands in the person's own words and reaches nobody.
        told = {pointer: frozenset({NUMBER}) for pointer, categories in told.items() if NUMBER in categories}
    return Matter(message, situation, directory, rulebook, sender, rule, in_data, wanted, told)


def rule_on(matter: Matter, targets: list[Recipient | Unresolved]) -> tuple[Ruling, ...]:
    single = len(targets) == 1
    rulings = [
        rule_on_one(matter, target, single=single)
        if isinstance(target, Recipient)
        else unresolved_ruling(matter.message, target)
        for target in targets
    ]
    return tuple(rulings)


def rule_on_one(matter: Matter, recipient: Recipient, *, single: bool) -> Ruling:
    message, unit, kind = matter.message, recipient.unit, recipient.kind
    label = f"{message.type}/{kind}"

    def refuse(code: RefusalCode, about: str | None = None, *pointers: str) -> Ruling:
        return Ruling(
            unit.unit_id, kind, Verdict.REFUSE, label, code, about, withheld=pointers, unseen=recipient.unseen
        )

    if not matter.directory.has_agreement(matter.sender.kind, unit.kind, message.purpose, matter.situation.today):
        return refuse(RefusalCode.NO_AGREEMENT)
    if not own_activity.concerns(message, recipient, matter.situation):
        return refuse(RefusalCode.RECIPIENT_NOT_ALLOWED)
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
        return refuse(grounds.missing)
    view = view_for(matter.rulebook, message.message_type, recipient.rule, message.purpose)
    copy = view.project(
        message.data,
        grounds.categories,
        party=matter.directory.names_of(recipient.authority),
        recipient_kind=kind,
        present=matter.in_data,
    )
    if copy.data is None:
        return refuse(_code_for_torso(grounds, copy), " ".join(sorted(copy.lacking)) or None, *copy.missing)
    attached = _files_for(matter, recipient, grounds) if message.attached else {}
    withheld = (*copy.withheld, *(f"/attachments/{name}" for name in message.attached if name not in attached))
    if grounds.whole and withheld:
        return refuse(RefusalCode.NO_BASIS, None, *withheld)
    telling = _telling_texts(matter, recipient, grounds, copy)
    if telling:
        return refuse(RefusalCode.FREE_TEXT_BLOCKED, None, *telling)
    return Ruling(
        unit.unit_id,
        kind,
        Verdict.REDACT if withheld else Verdict.DELIVER,
        label,
        basis=grounds.basis,
        withheld=withheld,
        carried=copy.carried.union(*attached.values()) if attached else copy.carried,
        copy=copy.data,
        attached=attached,
        unseen=recipient.unseen,
    )


def _known_whole(matter: Matter, recipient: Recipient, grounds: bases.Grounds) -> frozenset[str]:
    """The categories of which this recipient may know everything, on this basis."""
    allowed = matter.rulebook.allowed(recipient.kind, matter.message.purpose, own=recipient.rule.own is not None)
    return grounds.categories.intersection(code for code, facets in allowed.items() if facets is None)


def _files_for(matter: Matter, recipient: Recipient, grounds: bases.Grounds) -> Mapping[str, frozenset[str]]:
    """A file cannot be cut: it goes whole, to whom everything in it may be told."""
    known = _known_whole(matter, recipient, grounds)
    return {name: categories for name, categories in matter.message.attached.items() if categories <= known}


def _telling_texts(
    matter: Matter, recipient: Recipient, grounds: bases.Grounds, copy: projection.Projection
) -> list[str]:
    """Texts in the copy that tell of what this recipient may not know whole, or of what nothing covers."""
    if not matter.told:
        return []
    known = _known_whole(matter, recipient, grounds)
    return [
        pointer
        for pointer, told in matter.told.items()
        if not told <= known and not any(_is_within(pointer, withheld) for withheld in copy.withheld)
    ]


def _is_within(pointer: str, other: str) -> bool:
    return pointer == other or pointer.startswith(other + "/")


@lru_cache(maxsize=4096)
def view_for(
    rulebook: rulebooks.Rulebook,
    message_type: registry.MessageType,
    rule: rulebooks.RecipientRule,
    purpose: str,
) -> projection.View:
    """What one kind of recipient may ever see of a type for a purpose, before any consent is asked."""
    allowed = rulebook.allowed(rule.kind, purpose, own=rule.own is not None)
    return projection.derive_view(message_type, allowed, rule.sees)


def _code_for_torso(grounds: bases.Grounds, copy: projection.Projection) -> RefusalCode:
    """A required part is gone: because no basis reaches it, or because the kind may never see it."""
    if not copy.lacking:
        return RefusalCode.RECIPIENT_NOT_ALLOWED
    by_consent = grounds.basis is not None and grounds.basis.code == bases.CONSENT
    return RefusalCode.CONSENT_NOT_COVERING if by_consent else RefusalCode.NO_BASIS


def unresolved_ruling(message: Message, target: Unresolved) -> Ruling:
    label = f"{message.type}/recipient"
    return Ruling(target.name, target.kind, Verdict.REFUSE, label, target.code, target.about)
