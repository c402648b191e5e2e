"""What has been done so far, in numbers and one last line. No file names: they may hold personal numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from enum import StrEnum


class Done(StrEnum):
    """What is counted, in the order in which it is shown."""

    SENT = "sent"
    REFUSED = "refused"
    BAD = "bad"
    HANDLED = "handled"
    RECEIVED = "received"
    GONE = "gone"


class Tally:
    """`show` is called with each new line, or None when only a number changed."""

    def __init__(self, show: Callable[[Tally, str | None], None] = lambda tally, line: None) -> None:
        self._show = show
        self.counts: Counter[Done] = Counter()
        self.waiting = 0

    def note(self, done: Done, line: str) -> None:
        self.counts[done] += 1
        self._show(self, line)

    def say(self, line: str) -> None:
        self._show(self, line)

    def note_waiting(self, waiting: int) -> None:
        if waiting != self.waiting:
            self.waiting = waiting
            self._show(self, None)

    @property
    def holds_a_no(self) -> bool:
        return self.counts[Done.REFUSED] + self.counts[Done.BAD] > 0

    def summary(self) -> str:
        return " · ".join([*(f"{done} {self.counts[done]}" for done in Done), f"waiting {self.waiting}"])
