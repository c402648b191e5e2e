"""Which faults pass by themselves, and how far each reaches."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from adapters.filedrop.tokens import TokenUnavailable
from hub.client.errors import AnswerNotUnderstood, HubError, HubUnavailable, NotAuthenticated, Refused

_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{1,63}")

PASSING: Final = (HubError, TokenUnavailable)
"""What a call of the hub may raise. A `Refused` with a code is an answer; everything else may pass."""


class Reach(Enum):
    """What is to wait: this one item and what depends on it, or everything."""

    ITEM = "item"
    HUB = "hub"


def is_answer(fault: Exception) -> bool:
    """Whether the hub itself said no. A proxy's 403, or another server's 404, has no code: nothing was judged."""
    return isinstance(fault, Refused) and fault.code is not None and _CODE.fullmatch(fault.code) is not None


def reach_of(fault: Exception) -> Reach:
    """A hub that answers 500 stumbled over this one item; it must not hold up what comes behind."""
    if isinstance(fault, HubUnavailable) and fault.reason == "500":
        return Reach.ITEM
    return Reach.HUB


def describe(fault: Exception) -> str:
    """For the terminal, without a value of any message."""
    match fault:
        case TokenUnavailable():
            return str(fault)
        case NotAuthenticated():
            return "the hub does not accept the token (401)"
        case HubUnavailable():
            return str(fault)
        case Refused() if fault.code is None:
            return f"what answers at the hub's address is not the hub (status {fault.status})"
        case Refused():
            return code_of(fault)
        case AnswerNotUnderstood():
            return "the hub's answer was not understood"
        case OSError():
            return fault.strerror or type(fault).__name__
        case _:
            return type(fault).__name__


def code_of(refused: Refused) -> str:
    code = refused.code or ""
    return f"{code} ({refused.status})" if _CODE.fullmatch(code) else str(refused.status)
