"""Whether a message is about the recipient's own activity, which opens what its ceiling leaves for that alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from routing.addressing import Recipient
from routing.message import Message
from routing.situation import Situation


def concerns(message: Message, recipient: Recipient, situation: Situation) -> bool:
    """True when the rule asks for nothing, or what it asks for holds."""
    return recipient.rule.own is None or OWN[recipient.rule.own](message, recipient, situation)


def _always(message: Message, recipient: Recipient, situation: Situation) -> bool:
    return True


def _commissioned(message: Message, recipient: Recipient, situation: Situation) -> bool:
    """Every activity that the message speaks of is organised for Arbetsförmedlingen (lag 2009:47 2 §)."""
    memory = situation.case.memory if situation.case else None
    named = list(activity_ids(message.content))
    found = [memory.find_activity(name) for name in named] if memory else []
    return bool(found) and all(activity is not None and activity.commissioned_by_af for activity in found)


def _ordered(message: Message, recipient: Recipient, situation: Situation) -> bool:
    """The provider has an order in the case."""
    orders = situation.case.memory.orders.values() if situation.case else ()
    return any(order.provider == recipient.unit.unit_id for order in orders)


def activity_ids(value: Any) -> Iterator[str]:
    """The id of every activity that a part of a message speaks of."""
    match value:
        case Mapping():
            if isinstance(value.get("activity_id"), str):
                yield value["activity_id"]
            for child in value.values():
                yield from activity_ids(child)
        case list():
            for child in value:
                yield from activity_ids(child)


OWN: Mapping[str, Callable[[Message, Recipient, Situation], bool]] = {
    "always": _always,
    "commissioned": _commissioned,
    "ordered": _ordered,
}
