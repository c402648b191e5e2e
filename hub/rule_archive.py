"""Every rulebook that was ever in force, with the text of its files.

What decided in the past can so be read and compared after a restart too, and by every process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.audit.entry import AuditAction
from hub.audit.recording import HUB
from hub.ledger import Ledger
from hub.store.history import StoredRulebook


@dataclass(frozen=True, slots=True)
class TakeRulebook:
    """These rules are in force from now on. `before` is what they take the place of while the hub runs; None at its
    start, of which the log tells anyhow."""

    digest: str
    files: Mapping[str, str]
    before: str | None = None


class RulebookKeeping:
    """The handler of `TakeRulebook`. The log and the archive learn of a change together, or neither does."""

    def prepare(self, ledger: Ledger, commands: Sequence[TakeRulebook]) -> None:
        return None

    def handle(self, ledger: Ledger, command: TakeRulebook) -> None:
        if command.before is not None:
            change = {"before": command.before, "rulebook": command.digest}
            ledger.audit(AuditAction.RULES_CHANGED, HUB, detail=change)
        newest = ledger.group.list_rulebooks(limit=1)
        if not newest or newest[0].digest != command.digest:
            ledger.changes.rulebooks.append(StoredRulebook(command.digest, ledger.at, command.files))
