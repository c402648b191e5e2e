"""What each step of accepting one message costs alone, in one process, without network or disk: minima of many runs.

In the running hub the same steps cost about twice as much: there each message finds the processor's caches full of
others. So these figures are for comparing one step before and after a change; `accept.py` measures the whole.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent))

import messages
import people

from hub.audit import entry as audit_entry
from hub.audit.entry import AuditAction
from hub.intake import receipts
from hub.intake.receiving import Received, Receiver
from hub.registry_of_consents import ConsentBook
from hub.vault import Vault, body_aad
from routing import decision
from routing import directory as directories
from routing import rulebook as rulebooks
from routing.situation import Situation
from schemas import envelope as envelopes
from schemas.registry import Registry

RUNS, ROUNDS = 40, 70


def least_microseconds(step: Callable[[], object]) -> float:
    """The fastest of several rounds: what disturbs a round only ever makes it slower."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.thread_time()
        for _ in range(RUNS):
            step()
        best = min(best, (time.thread_time() - started) / RUNS)
    return best * 1e6


def build_steps(folder: Path) -> dict[str, Callable[[], object]]:
    """The steps in the order in which a referral goes through them, each on what the one before gave."""
    registry, directory, rulebook = Registry.load(), directories.load(), rulebooks.load()
    vault, at = Vault.open(folder / "master.key", create=True), datetime.now(UTC)
    receiver = Receiver(registry, directory, rulebook, vault, allow_test_numbers=True)
    number, consent_id = next(islice(people.list_numbers(), 1000, None)), str(uuid.uuid4())
    raw = json.dumps(messages.referral(number, consent_id), ensure_ascii=False).encode()
    envelope = envelopes.parse_http(messages.MEDIA, {}, raw)
    assert isinstance(envelope, envelopes.Envelope)
    received = receiver.receive(envelope, messages.UNIT, at)
    assert isinstance(received, Received)
    message, kind = received.message, received.message.message_type
    signed = messages.consent(number, consent_id)["data"]["content"]  # type: ignore[index]
    consent = ConsentBook(directory).from_content(signed, message.person_key or "", messages.UNIT)
    case_id = str(uuid.uuid4())
    situation = Situation(at=at, accepted_at=at, consents={consent_id: consent}, new_case_id=case_id)
    decided = decision.decide(message, situation, directory, rulebook)
    assert decided.accepted
    [ruling] = decided.rulings
    rule = rulebook.types[message.type].routes[0].recipients[ruling.kind]
    view = decision.view_for(rulebook, kind, rule, message.purpose)
    covered = frozenset(consent.edges[0].categories)
    aad = body_aad(case_id, envelope.source, message.message_id, message.type, kind.version)

    def seal() -> tuple[str, bytes]:
        key = vault.new_data_key(case_id)[1]
        return key.commit(received.body), key.seal(received.body, aad=aad)

    def audit() -> object:
        row = receipts.recipient_row(ruling, case_id)
        detail = {"version": kind.version, "payload": "0" * 32, "recipients": [row], "rulebook": rulebook.digest}
        more = {"type": message.type, "message_id": message.message_id, "case_id": case_id, "detail": detail}
        return audit_entry.build(1, at, AuditAction.MESSAGE_ACCEPTED, messages.UNIT, **more)

    return {
        "parse: strict JSON and envelope": lambda: envelopes.parse_http(messages.MEDIA, {}, raw),
        "validate: the type's schema": lambda: kind.faults(envelope.data),
        "receive: with schema, number, fingerprint": lambda: receiver.receive(envelope, messages.UNIT, at),
        "decide: with projection": lambda: decision.decide(message, situation, directory, rulebook),
        "project: one recipient's copy": lambda: view.project(
            message.data, covered, party=frozenset({ruling.unit}), recipient_kind=ruling.kind
        ),
        "seal: new data key, commitment, AES-GCM": seal,
        "audit: entry and leaf": audit,
    }


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    table = Table(title="One referral of 2 KB, one recipient")
    table.add_column("step")
    table.add_column("µs", justify="right")
    with tempfile.TemporaryDirectory() as folder:
        for name, step in build_steps(Path(folder)).items():
            table.add_row(name, f"{least_microseconds(step):.1f}")
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
