"""Checks of who is referred, and of the first contact."""

from __future__ import annotations

from routing import calendar
from routing.preconditions.asking import Asked
from routing.refusals import Refusal, RefusalCode


def minimum_age(asked: Asked) -> Refusal | None:
    born_on = asked.message.born_on
    if born_on is None or calendar.years(born_on, asked.situation.today) >= asked.rulebook.settings.minimum_age:
        return None
    return asked.refuse("minimum_age", RefusalCode.AGE_RULE, "/data/person")


def no_open_case(asked: Asked) -> Refusal | None:
    # Only this stadsdel's own cases count: another's must not be revealed by the answer.
    if any(case.responsible_stadsdel == asked.message.sender for case in asked.situation.open_cases):
        return asked.refuse("no_open_case", RefusalCode.DUPLICATE_CASE)
    return None
