"""What is decided by: one rulebook and one directory, and every part that rests on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.commit_group import Handler
from hub.intake.accepting import MessageAcceptance
from hub.intake.receiving import Receiver
from hub.registry_of_consents import ConsentBook
from routing.directory import Directory
from routing.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Deciding:
    """Everything that rests on one rulebook and one directory. Another of either takes another of these, whole."""

    rulebook: Rulebook
    directory: Directory
    book: ConsentBook
    receiver: Receiver
    acceptance: MessageAcceptance
    handlers: Mapping[type, Handler]
