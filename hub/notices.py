"""What the hub itself tells the parties: messages like others, of the catalogue's `hub.*` types, about no person."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from hub.intake import receipts
from hub.intake.receiving import Received, Receiver
from hub.intake.recording import MessageRecording
from hub.ledger import Ledger
from routing import decision as decisions
from routing.directory import Directory
from routing.rulebook import Rulebook
from routing.situation import Situation
from routing.vocabulary import HUB
from schemas import envelope as envelopes


class Notices:
    """Writes notices into the group under way; they go out with its commit."""

    def __init__(
        self, receiver: Receiver, directory: Directory, rulebook: Rulebook, recording: MessageRecording
    ) -> None:
        self._receiver = receiver
        self._directory = directory
        self._rulebook = rulebook
        self._recording = recording

    def post(
        self,
        ledger: Ledger,
        name: str,
        content: Mapping[str, Any],
        *,
        to: Iterable[str],
        case_id: str | None = None,
    ) -> None:
        """Tells each open unit in `to`; nobody there, nothing is said. `case_id` is the lane that the notice joins."""
        today = Situation(at=ledger.at, accepted_at=ledger.at).today
        units = [unit for unit in map(self._directory.find_unit, sorted(set(to))) if unit is not None]
        open_units = [unit.unit_id for unit in units if unit.kind != HUB and unit.is_open(today)]
        for first in range(0, len(open_units), _MOST):
            self._post(ledger, name, content, open_units[first : first + _MOST], case_id)

    def _post(
        self, ledger: Ledger, name: str, content: Mapping[str, Any], units: list[str], case_id: str | None
    ) -> None:
        event = {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": f"/units/{HUB}",
            "type": envelopes.TYPE_PREFIX + name,
            "time": receipts.timestamp(ledger.at),
            "subject": case_id,
            "data": {"handling": _handling(units, receipts.timestamp(ledger.at)), "content": content},
        }
        given = {key: value for key, value in event.items() if value is not None}
        envelope = envelopes.parse_structured(given)
        received = self._receiver.receive(envelope, HUB, ledger.at)
        assert isinstance(received, Received), f"the hub's own {name} is not as its schema wants"
        situation = Situation(at=ledger.at, accepted_at=ledger.at, case=ledger.find_case(case_id))
        decision = decisions.decide(received.message, situation, self._directory, self._rulebook)
        assert decision.refusal is None, f"the rules let nobody hear the hub's own {name}"
        if case_id is not None:
            ledger.prepare_sequences([(case_id, unit) for unit in units])
        self._recording.record(ledger, received, decision)


# The longest list of recipients that a message may have.
_MOST = 8


def _handling(units: list[str], at: str) -> dict[str, Any]:
    return {
        "to": [{"unit": unit} for unit in units],
        "function": "navet",
        "officer_role": "automatisk",
        "purpose": "notice",
        "occurred_at": at,
        "basis": [],
        "categories": [],
        "protected_identity": "none",
    }
