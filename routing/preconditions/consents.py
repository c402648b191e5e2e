"""Checks of a consent and of its withdrawal."""

from __future__ import annotations

from datetime import date

from routing import calendar
from routing import consent as consents
from routing.consent import CONFIRMING_KINDS, Consent
from routing.preconditions import representation
from routing.preconditions.asking import Asked
from routing.refusals import Refusal, RefusalCode


def consent_dates(asked: Asked) -> Refusal | None:
    content = asked.content
    signed_on = date.fromisoformat(content["signed_on"])
    valid_from, valid_to = (date.fromisoformat(content[name]) for name in ("valid_from", "valid_to"))
    longest = calendar.months_after(valid_from, asked.rulebook.settings.consent_longest_months)
    faults = {
        "signed_on": signed_on > asked.situation.today,  # nobody has signed tomorrow
        "valid_from": valid_from < signed_on,  # no cover for what was told before
        "valid_to": valid_to < valid_from or valid_to > longest,
    }
    pointers = [f"/data/content/{name}" for name, wrong in faults.items() if wrong]
    if pointers:
        return asked.refuse("consent_dates", RefusalCode.SCHEMA_INVALID, *pointers)
    return None


def consent_recorder(asked: Asked) -> Refusal | None:
    # The parties are told who recorded the consent: nobody may say that another did.
    recorder = asked.content.get("recorded_by")
    known = asked.situation.consents.get(asked.content["consent_id"])
    right = known.recorded_by if known is not None and _is_confirmation(asked, known) else asked.message.sender
    if recorder is None or recorder["unit_id"] == right:
        return None
    pointer = "/data/content/recorded_by/unit_id"
    return asked.refuse("consent_recorder", RefusalCode.SENDER_NOT_ALLOWED, pointer)


def consent_version_follows(asked: Asked) -> Refusal | None:
    known = asked.situation.consents.get(asked.content["consent_id"])
    if known is None:
        right = asked.content["version"] == 1
    else:
        # One answer for a wrong number, another recorder and another person: who has which consent is not told.
        right = (
            asked.content["version"] == known.version + 1
            and (known.recorded_by == asked.message.sender or _is_confirmation(asked, known))
            and known.person_key == asked.message.person_key
        )
    if not right:
        return asked.refuse("consent_version", RefusalCode.STALE_VERSION, "/data/content/version")
    over = known.is_over(asked.situation.at) if known is not None else None
    # What the person has taken back, or has let run out, takes a new paper with an id of its own.
    return None if over is None else asked.refuse("consent_version", over, "/data/content/consent_id")


def _is_confirmation(asked: Asked, known: Consent) -> bool:
    """True when a holder that must check a consent itself says that it has, and says nothing else.

    It has seen only its own edges and the dates, and sends those back. What else the paper says stays as recorded.
    """
    unit = asked.directory.find_unit(asked.message.sender)
    if unit is None or unit.kind not in CONFIRMING_KINDS or unit.unit_id == known.recorded_by:
        return False
    told, signed = _paper(asked), {(edge.holder, edge.recipient, edge.categories) for edge in known.edges}
    return (
        any(edge.confirmed and edge.holder == unit.authority for edge in told.edges)
        and all((edge.holder, edge.recipient, edge.categories) in signed for edge in told.edges)
        and all(unit.authority in (edge.holder, edge.recipient) for edge in told.edges)
        and (told.purpose, told.valid_from, told.valid_to) == (known.purpose, known.valid_from, known.valid_to)
        and known.signed_on in (None, told.signed_on)
        and not representation.is_doubtful(asked.content)
    )


def consent_parties_known(asked: Asked) -> Refusal | None:
    """A name that is misspelt would be taken, cover nothing and tell nobody."""
    strange = [
        f"/data/content/edges/{index}/{side}"
        for index, edge in enumerate(asked.content["edges"])
        for side in ("holder_authority", "recipient_authority")
        if asked.directory.find_authority(edge[side]) is None
    ]
    return asked.refuse("consent_parties_known", RefusalCode.UNKNOWN_UNIT, *strange) if strange else None


def widening_is_signed(asked: Asked) -> Refusal | None:
    """More than before takes a new signature; less takes none."""
    known = asked.situation.consents.get(asked.content["consent_id"])
    if known is None or known.signed_on is None or known.recorded_by != asked.message.sender:
        return None
    told = _paper(asked)
    if told.signed_on is not None and told.signed_on < known.signed_on and consents.widens(known, told):
        return asked.refuse("widening", RefusalCode.SCHEMA_INVALID, "/data/content/signed_on")
    return None


def _paper(asked: Asked) -> Consent:
    key = asked.message.person_key or ""
    return consents.read(asked.content, key, asked.message.sender, asked.directory.find_authority)


def withdrawal_by_party(asked: Asked) -> Refusal | None:
    known = asked.situation.consents.get(asked.content["consent_id"])
    authority = asked.directory.find_authority(asked.message.sender)
    if (
        known is None
        or asked.message.person_key not in (None, known.person_key)
        or not (known.recorded_by == asked.message.sender or (authority is not None and known.names(authority)))
    ):
        pointer = "/data/content/consent_id"
        return asked.refuse("withdrawal_by_party", RefusalCode.CONSENT_MISSING, pointer)
    if asked.content["scope"] == "void" and known.recorded_by != asked.message.sender:
        # Only who has the paper can find that it was never valid.
        return asked.refuse("withdrawal_by_party", RefusalCode.SENDER_NOT_ALLOWED, "/data/content/scope")
    # A withdrawal that names nobody would be taken and change nothing.
    strange = [
        f"/data/content/parties/{index}"
        for index, name in enumerate(asked.content.get("parties", ()))
        if asked.directory.find_authority(name) is None
    ]
    return asked.refuse("withdrawal_by_party", RefusalCode.UNKNOWN_UNIT, *strange) if strange else None
