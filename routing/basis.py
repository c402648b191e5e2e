"""Which categories of information the claimed legal bases cover, toward one recipient.

The sender claims, the rulebook says which bases the route admits, and each claim is tested against what is known.
Silence covers nothing. Covers add up: a statutory basis and a consent may carry different parts of one message.
"""

from __future__ import annotations

from collections.abc import Iterable

from routing import consent as consents_
from routing import rulebook as rulebooks
from routing.addressing import Recipient
from routing.consent import Consent
from routing.directory import Unit
from routing.message import BasisClaim, Message
from routing.refusals import RefusalCode
from routing.situation import Situation
from schemas.frozen import dataclass

CONSENT = "CONSENT"
# What a standing reporting request must list for a category to be reported under it (SoL 2025:400 15:9).
REPORTED_UNDER = {"AT": "attendance", "AR": "attendance", "PL": "activity", "OU": "closing"}


@dataclass(frozen=True, slots=True)
class UsedBasis:
    """What a disclosure rests on, as it stands in receipts and in the log."""

    code: str
    consent_id: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Grounds:
    """The categories covered and on what; `missing` says why, where nothing is. `whole`: all or nothing may be told."""

    categories: frozenset[str]
    basis: UsedBasis | None
    missing: RefusalCode | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class _Question:
    message: Message
    sender: Unit
    recipient: Recipient
    situation: Situation
    rulebook: rulebooks.Rulebook
    single_recipient: bool

    def known_consents(self) -> list[Consent]:
        """Consents that the sender may know of. Others must not show in any answer."""
        unit_id, authority = self.sender.unit_id, self.sender.authority
        return [
            consent
            for consent in self.situation.consents.values()
            if consent.recorded_by == unit_id or consent.names(authority)
        ]


def find_grounds(
    message: Message,
    sender: Unit,
    recipient: Recipient,
    situation: Situation,
    rulebook: rulebooks.Rulebook,
    *,
    wanted: frozenset[str],
    single_recipient: bool,
) -> Grounds:
    """Adds up what every admitted and tested claim covers toward the recipient.

    `wanted` are the categories that the message carries: no further basis is sought once they are covered.
    """
    question = _Question(message, sender, recipient, situation, rulebook, single_recipient)
    found = [_test(question, claim) for claim in _claims(question)]
    given = [grounds for grounds in found if grounds.basis is not None]
    covered = frozenset().union(*[grounds.categories for grounds in given])
    if given and CONSENT in recipient.rule.bases and not wanted <= covered:
        # What a statute does not reach, the person's consent may: the sender has chosen to tell it.
        covered |= _by_consent(question, None).categories
    if given:
        return Grounds(covered, given[0].basis, whole=any(grounds.whole for grounds in given))
    reasons = [grounds.missing for grounds in found if grounds.missing is not None]
    return Grounds(frozenset(), None, reasons[0] if reasons else _unclaimed_reason(question))


def _unclaimed_reason(question: _Question) -> RefusalCode:
    """Nothing was claimed. Where a consent is the only thing that could be, its lack is the reason."""
    bases = question.rulebook.bases
    claimable = [code for code in question.recipient.rule.bases if bases[code].claimed]
    return RefusalCode.CONSENT_MISSING if claimable == [CONSENT] else RefusalCode.NO_BASIS


def _claims(question: _Question) -> list[BasisClaim]:
    """The sender's claims toward this kind, and the bases that need no claim because the hub sees them itself."""
    kind = question.recipient.kind
    unclaimed = [
        BasisClaim(kind, code)
        for code in question.recipient.rule.bases
        if not question.rulebook.bases[code].claimed and _holds(question, BasisClaim(kind, code))
    ]
    claims = question.message.claims_for(kind)
    if kind == "team":  # the coordinator counts as its home authority, which is a jobbtorg's
        claims += question.message.claims_for("jt")
    return unclaimed + claims


def _test(question: _Question, claim: BasisClaim) -> Grounds:
    basis = question.rulebook.bases.get(claim.code)
    if basis is None or claim.code not in question.recipient.rule.bases or not basis.enabled:
        return Grounds(frozenset(), None, RefusalCode.NO_BASIS)
    if claim.code == CONSENT:
        return _by_consent(question, claim.consent_id)
    if not _holds(question, claim):
        return Grounds(frozenset(), None, RefusalCode.NO_BASIS)
    categories = question.rulebook.categories if basis.categories is None else basis.categories
    if "reporting_request" in basis.needs:
        categories = _requested(question, categories)
    return Grounds(frozenset(categories) - basis.never, UsedBasis(claim.code), whole=basis.whole)


def _by_consent(question: _Question, consent_id: str | None) -> Grounds:
    candidates = [
        consent for consent in question.known_consents() if consent_id is None or consent.consent_id == consent_id
    ]
    cover = consents_.covers(
        candidates,
        purpose=question.message.purpose,
        holder=question.sender.authority,
        recipient=question.recipient.authority,
        at=question.situation.at,
    )
    if cover.consent is None:
        return Grounds(frozenset(), None, cover.missing)
    used = UsedBasis(CONSENT, cover.consent.consent_id, cover.consent.version)
    return Grounds(cover.categories - question.rulebook.bases[CONSENT].never, used)


def _holds(question: _Question, claim: BasisClaim) -> bool:
    basis = question.rulebook.bases[claim.code]
    sender, recipient = question.sender, question.recipient
    if basis.sender_kinds is not None and sender.kind not in basis.sender_kinds:
        return False
    if basis.recipient_kinds is not None and recipient.kind not in basis.recipient_kinds:
        return False
    return all(_need_met(question, basis, claim, need) for need in basis.needs)


def _need_met(question: _Question, basis: rulebooks.BasisRule, claim: BasisClaim, need: str) -> bool:
    match need:
        case "same_authority":
            return question.sender.authority == question.recipient.authority
        case "reporting_request":
            return _request_stands(question, claim)
        case "ground":
            return len(claim.ground or "") >= question.rulebook.settings.ground_least_characters
        case "officer_role":
            return bool(claim.role) and (not basis.roles or claim.role in basis.roles)
        case "single_recipient":
            return question.single_recipient
        case "nameless":
            case = question.situation.case
            return question.message.person_key is None and (case is None or case.person_key is None)
        case _:
            return False


def _request_stands(question: _Question, claim: BasisClaim) -> bool:
    case = question.situation.case
    request = case.reporting_request if case else None
    if request is None or claim.request_id not in (None, request.request_id):
        return False
    accepted_on = question.situation.accepted_at.astimezone(consents_.STOCKHOLM).date()
    return accepted_on <= request.until


def _requested(question: _Question, categories: Iterable[str]) -> frozenset[str]:
    case = question.situation.case
    assert case is not None and case.reporting_request is not None  # _request_stands said so
    items = case.reporting_request.items
    return frozenset(category for category in categories if REPORTED_UNDER.get(category) in (None, *items))
