"""What is due among the given bodies, keys and messages. The dry run and the run itself both ask here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from hub.ledger import Ledger
from hub.store.kept import KeptBody, KeptMetadata
from hub.store.port import Reader
from hub.store.records import StoredConsent
from routing import retention
from routing.retention import Copy, Kind, Term
from routing.retention_rules import RetentionRules

CONSENT: Final = "consent:"
PERSON: Final = "person:"
MESSAGE: Final = "message:"


@dataclass(frozen=True, slots=True)
class Due:
    """One thing whose time is over. `what` names it without telling of whom; `position` is a message's."""

    term: Term
    lane_id: str
    what: str
    type: str | None = None
    position: int = 0
    is_held: bool = False


def held_lanes(reader: Reader) -> frozenset[str]:
    return frozenset(hold.lane_id for hold in reader.list_holds())


def term_of_body(body: KeptBody, rules: RetentionRules) -> Term:
    copies = [Copy(copy.state, copy.settled_at) for copy in body.copies]
    return retention.body_term(body.type, body.recorded_at, copies, rules)


def due_bodies(
    bodies: Collection[KeptBody], at: datetime, rules: RetentionRules, held: Collection[str]
) -> dict[int, Due]:
    """By position."""
    terms = [(body, term_of_body(body, rules)) for body in bodies]
    return {
        body.position: Due(term, body.lane_id, body.message_id, body.type, body.position, body.lane_id in held)
        for body, term in terms
        if term.is_over(at)
    }


def due_metadata(
    messages: Collection[KeptMetadata], at: datetime, rules: RetentionRules, held: Collection[str]
) -> list[Due]:
    """A message that still has its body waits: somebody holds it back."""
    terms = [(each, retention.metadata_term(each.recorded_at, rules)) for each in messages if not each.has_body]
    return [
        Due(term, each.lane_id, each.message_id, each.type, each.position, each.lane_id in held)
        for each, term in terms
        if term.is_over(at)
    ]


def due_lanes(ledger: Ledger, lane_ids: Sequence[str], rules: RetentionRules, held: Collection[str]) -> list[Due]:
    """Keys whose time is over: of cases, of consents, of persons. The ledger's instant counts."""
    cases = [lane_id for lane_id in lane_ids if ":" not in lane_id]
    consents = [lane_id.removeprefix(CONSENT) for lane_id in lane_ids if lane_id.startswith(CONSENT)]
    persons = [lane_id for lane_id in lane_ids if lane_id.startswith(PERSON)]
    terms = {
        **_case_terms(ledger, cases, rules),
        **_consent_terms(ledger.group.find_consents(consent_ids=consents) if consents else [], rules),
        **_person_terms(ledger, persons, rules),
    }
    return [
        Due(terms[lane_id], lane_id, _shown(lane_id), is_held=lane_id in held)
        for lane_id in lane_ids
        if lane_id in terms and terms[lane_id].is_over(ledger.at)
    ]


def _shown(lane_id: str) -> str:
    """A person's lane is named after the keyed hash of the number: nothing to show."""
    return "-" if lane_id.startswith(PERSON) else lane_id.removeprefix(CONSENT)


def _case_terms(ledger: Ledger, case_ids: Sequence[str], rules: RetentionRules) -> Mapping[str, Term]:
    ledger.prepare_cases(case_ids)
    closed = [case for case in map(ledger.find_case, case_ids) if case is not None and case.closed_at is not None]
    with_bodies = ledger.group.list_cases_with_bodies([case.case_id for case in closed])
    terms = {
        case.case_id: retention.case_term(case, has_bodies=case.case_id in with_bodies, rules=rules) for case in closed
    }
    return {case_id: term for case_id, term in terms.items() if term is not None}


def _consent_terms(consents: Collection[StoredConsent], rules: RetentionRules) -> Mapping[str, Term]:
    return {
        f"{CONSENT}{each.consent_id}": retention.consent_term(date.fromisoformat(each.valid_to), each.ended_at, rules)
        for each in consents
    }


def _person_terms(ledger: Ledger, lane_ids: Sequence[str], rules: RetentionRules) -> Mapping[str, Term]:
    last = ledger.group.find_last_messages(lane_ids) if lane_ids else {}
    return {lane_id: retention.person_term(at, rules) for lane_id, at in last.items()}


def count(dues: Collection[Due]) -> dict[str, int]:
    """How many of each kind."""
    kinds = [due.term.kind for due in dues]
    return {kind.value: kinds.count(kind) for kind in Kind if kind in kinds}
