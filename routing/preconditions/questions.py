"""Checks of questions to the one who holds the information, of the answers, and of what the law has sent unasked."""

from __future__ import annotations

from collections.abc import Iterator

from routing.preconditions.asking import Asked
from routing.refusals import Refusal, RefusalCode


def question_fits_parties(asked: Asked) -> Refusal | None:
    """Whether a person is known there is asked between stadsdelar only (SoL 2025:400 15:8)."""
    if asked.content["question_code"] != "is_aktuell":
        return None
    named = [address.unit for address in asked.message.addresses]
    units = [asked.directory.find_unit(name) for name in [asked.message.sender, *named] if name is not None]
    if None not in named and all(unit is not None and unit.kind == "sd" for unit in units):
        return None
    return asked.refuse("question", RefusalCode.RECIPIENT_NOT_ALLOWED, "/data/content/question_code")


def answers_a_question(asked: Asked) -> Refusal | None:
    """Only who was asked answers, and only the one who asked. The hub itself never answers from what it stores."""
    question = asked.situation.earlier.get(asked.message.answers or "")
    if (
        question is not None
        and question.type == "information.requested"
        and asked.message.sender in question.recipients
    ):
        return None
    return asked.refuse("question", RefusalCode.COULD_NOT_BE_DELIVERED)


def person_has_case(asked: Asked) -> Refusal | None:
    """What the statute sends goes to the stadsdel where the person has a case; elsewhere nothing is delivered."""
    known = {case.responsible_stadsdel for case in asked.situation.open_cases} - {None}
    if all(name in known for name in _named_stadsdelar(asked)):
        return None
    return asked.refuse("person", RefusalCode.COULD_NOT_BE_DELIVERED)


def _named_stadsdelar(asked: Asked) -> Iterator[str | None]:
    """Each unit addressed, also by another of its names; a role is the case's own."""
    for address in asked.message.addresses:
        if address.unit is None:
            yield asked.case.responsible_stadsdel if asked.case else None
        else:
            unit = asked.directory.find_by_name(address.unit, asked.situation.today)
            yield unit.unit_id if unit is not None else None
