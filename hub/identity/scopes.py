"""What a token lets its holder do (RFC 6749 3.3): one scope per kind of action, so that none holds more."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """Wire values: never renamed."""

    MESSAGES_SEND = "messages:send"
    MESSAGES_READ = "messages:read"
    RULES_EXPLAIN = "rules:explain"
    INBOX_READ = "inbox:read"
    INBOX_ANSWER = "inbox:answer"
    CASES_READ = "cases:read"
    CONSENTS_READ = "consents:read"
    CONNECTION_MANAGE = "connection:manage"


ALL: Final = frozenset(Scope)
MEANINGS: Final[dict[Scope, str]] = {
    Scope.MESSAGES_SEND: "Skicka meddelanden.",
    Scope.MESSAGES_READ: "Se egna skickade meddelanden och hur långt de har kommit.",
    Scope.RULES_EXPLAIN: "Pröva ett meddelande utan att skicka.",
    Scope.INBOX_READ: "Se inkorgen och öppna meddelanden.",
    Scope.INBOX_ANSWER: "Kvittera och rapportera vad det blev.",
    Scope.CASES_READ: "Se egna ärenden.",
    Scope.CONSENTS_READ: "Se egna samtycken.",
    Scope.CONNECTION_MANAGE: "Ställa in den egna anslutningen.",
}


class UnknownScope(ValueError):
    """A scope that does not exist was asked for."""


def read(text: str | None) -> frozenset[Scope]:
    """The scopes in a space-separated list; all for none. Raises `UnknownScope`."""
    if text is None:
        return ALL
    try:
        found = frozenset(Scope(name) for name in text.split(" "))
    except ValueError:
        raise UnknownScope from None
    return found


def write(scopes: frozenset[Scope]) -> str:
    return " ".join(sorted(scopes))
