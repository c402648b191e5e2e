"""What every check is asked about, and how it says no."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from routing.case import NOTHING_REMEMBERED, Case, Memory
from routing.directory import Directory
from routing.message import Message
from routing.refusals import Refusal, RefusalCode
from routing.rulebook import Rulebook
from routing.situation import Situation
from schemas.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """One schema-valid message with what is known when it comes."""

    message: Message
    situation: Situation
    directory: Directory
    rulebook: Rulebook

    @property
    def content(self) -> Mapping[str, Any]:
        return self.message.content

    @property
    def case(self) -> Case | None:
        return self.situation.case

    @property
    def memory(self) -> Memory:
        return NOTHING_REMEMBERED if self.situation.case is None else self.situation.case.memory

    def refuse(self, check: str, code: RefusalCode, *pointers: str) -> Refusal:
        return Refusal(code, f"{self.message.type}/{check}", pointers=pointers)


Precondition = Callable[[Asked], Refusal | None]
