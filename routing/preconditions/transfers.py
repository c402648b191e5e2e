"""Checks of a transfer of responsibility: it moves when the receiver accepts, never when it is sent (2007)."""

from __future__ import annotations

from routing.case import Transfer
from routing.preconditions.asking import Asked
from routing.refusals import Refusal, RefusalCode


def transfer_fits(asked: Asked) -> Refusal | None:
    content = asked.content
    named = Transfer(content["from_unit"], content["to_unit"])
    fits = _may_accept(asked, named) if content["step"] == "accepted" else _may_send(asked, named)
    return None if fits else asked.refuse("transfer", RefusalCode.STATE_CONFLICT, "/data/content/to_unit")


def _may_send(asked: Asked, named: Transfer) -> bool:
    case, sender = asked.case, asked.message.sender
    giver, taker = asked.directory.find_unit(named.from_unit), asked.directory.find_unit(named.to_unit)
    return (
        case is not None
        and case.memory.transfer is None
        and named.from_unit == sender
        and sender in (case.responsible_stadsdel, case.responsible_jobbtorg)
        and named.to_unit != sender
        and giver is not None
        and taker is not None
        and taker.kind == giver.kind
    )


def _may_accept(asked: Asked, named: Transfer) -> bool:
    return asked.memory.transfer == named and asked.message.sender == named.to_unit
