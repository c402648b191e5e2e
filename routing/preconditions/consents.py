"""The named checks that a rule row may list: what neither a schema nor a transition table can say.

Each takes the message and what is known, and gives a refusal or nothing. The vocabulary is closed; the rulebook
refuses a row that names a check which is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from routing import rulebook as rulebooks
from routing.case import PlanChain
from routing.directory import Directory
from routing.message import Message
from routing.refusals import Refusal, RefusalCode
from routing.situation import Situation

# A sender's clock may run ahead of ours by this much; further ahead is a fault.
CLOCK_TOLERANCE = timedelta(minutes=5)

Precondition = Callable[[Message, Situation, Directory, rulebooks.Rulebook], Refusal | None]


def _refuse(message: Message, check: str, code: RefusalCode, *pointers: str) -> Refusal:
    return Refusal(code, f"{message.type}/{check}", pointers=pointers)


def times_are_past(message: Message, situation: Situation) -> Refusal | None:
    """Nothing is reported before it has happened, nor sent from the future."""
    occurred_at = datetime.fromisoformat(message.handling["occurred_at"])
    if message.sent_at > situation.at + CLOCK_TOLERANCE:
        return _refuse(message, "times", RefusalCode.SCHEMA_INVALID, "/time")
    if occurred_at > message.sent_at + CLOCK_TOLERANCE:
        return _refuse(message, "times", RefusalCode.SCHEMA_INVALID, "/data/handling/occurred_at")
    return None


def _minimum_age(
    message: Message, situation: Situation, directory: Directory, rulebook: rulebooks.Rulebook
) -> Refusal | None:
    born_on = message.born_on
    if born_on is None or _years(born_on, situation.today) >= rulebook.settings.minimum_age:
        return None
    return _refuse(message, "minimum_age", RefusalCode.AGE_RULE, "/data/person")


def _years(born_on: date, today: date) -> int:
    return today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))


def _no_open_case(
    message: Message, situation: Situation, directory: Directory, rulebook: rulebooks.Rulebook
) -> Refusal | None:
    # Only this stadsdel's own cases count: another's must not be revealed by the answer.
    if any(case.responsible_stadsdel == message.sender for case in situation.open_cases):
        return _refuse(message, "no_open_case", RefusalCode.DUPLICATE_CASE)
    return None


def _plan_version_follows(
    message: Message, situation: Situation, directory: Directory, rulebook: rulebooks.Rulebook
) -> Refusal | None:
    if message.content["version"] == _chain(message, situation).latest + 1:
        return None
    return _refuse(message, "plan_version", RefusalCode.STALE_VERSION, "/data/content/version")


def _plan_version_is_latest(
    message: Message, situation: Situation, directory: Directory, rulebook: rulebooks.Rulebook
) -> Refusal | None:
    if message.content["version"] == _chain(message, situation).latest:
        return None
    return _refuse(message, "plan_version", RefusalCode.STALE_VERSION, "/data/content/version")


def _chain(message: Message, situation: Situation) -> PlanChain:
    plans = situation.case.plans if situation.case else {}
    return plans.get(str(message.content["plan_id"]), PlanChain())


def _plan_within_longest_period(
    message: Message, situation: Situation, directory: Directory, rulebook: rulebooks.Rulebook
) -> Refusal | None:
    begins, ends = _plan_period(message)
    longer = ends > months_after(begins, rulebook.settings.plan_longest_months)
    excused = any(deviation.get("kind") == "gt_6_months" for deviation in message.content.get("deviations", ()))
    if ends < begins or (longer and not excused):
        return _refuse(message, "plan_period", RefusalCode.SCHEMA_INVALID, "/data/content/period/to")
    return None


def _plan_period(message: Message) -> tuple[date, date]:
    """The period that the plan states, else the one that its activities span."""
    content = message.content
    spans = [(each["start"], each["planned_end"]) for each in content["activities"]]
    if "period" in content:
        spans = [(content["period"]["from"], content["period"]["to"])]
    begins, ends = min(start for start, _ in spans), max(end for _, end in spans)
    return date.fromisoformat(begins), date.fromisoformat(ends)


def months_after(day: date, months: int) -> date:
    """The same day `months` later, or the last day of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in range(day.day, 0, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has a first day")


def _within_remit(
    message: Message, situation: Situation, directory: Directory, rulebook: rulebooks.Rulebook
) -> Refusal | None:
    # Investigations of work ability as a ground for sickness benefit belong to FK and AF, not to jobbtorg.
    for index, activity in enumerate(message.content["activities"]):
        if activity["service_code"] == "work_ability_investigation":
            pointer = f"/data/content/activities/{index}/service_code"
            return _refuse(message, "within_remit", RefusalCode.OUT_OF_REMIT, pointer)
    return None


def _participant_present(
    message: Message, situation: Situation, directory: Directory, rulebook: rulebooks.Rulebook
) -> Refusal | None:
    if message.content["participant_present"]:
        return None
    pointer = "/data/content/participant_present"
    return _refuse(message, "participant_present", RefusalCode.PARTICIPANT_ABSENT, pointer)


def _lead_is_a_seat(
    message: Message, situation: Situation, directory: Directory, rulebook: rulebooks.Rulebook
) -> Refusal | None:
    if message.content["lead_party"] in message.content["agreed_by_seats"]:
        return None
    return _refuse(message, "lead_party", RefusalCode.SCHEMA_INVALID, "/data/content/lead_party")


def _consent_dates(
    message: Message, situation: Situation, directory: Directory, rulebook: rulebooks.Rulebook
) -> Refusal | None:
    content = message.content
    signed_on = date.fromisoformat(content["signed_on"])
    valid_from, valid_to = (date.fromisoformat(content[name]) for name in ("valid_from", "valid_to"))
    longest = months_after(valid_from, rulebook.settings.consent_longest_months)
    faults = {
        "signed_on": signed_on > situation.today,  # nobody has signed tomorrow
        "valid_from": valid_from < signed_on,  # no cover for what was told before
        "valid_to": valid_to < valid_from or valid_to > longest,
    }
    pointers = [f"/data/content/{name}" for name, wrong in faults.items() if wrong]
    if pointers:
        return _refuse(message, "consent_dates", RefusalCode.SCHEMA_INVALID, *pointers)
    return None


def _consent_recorder(
    message: Message, situation: Situation, directory: Directory, rulebook: rulebooks.Rulebook
) -> Refusal | None:
    # The parties are told who recorded the consent: nobody may say that another did.
    recorder = message.content.get("recorded_by")
    if recorder is None or recorder["unit_id"] == message.sender:
        return None
    pointer = "/data/content/recorded_by/unit_id"
    return _refuse(message, "consent_recorder", RefusalCode.SENDER_NOT_ALLOWED, pointer)


def _consent_version_follows(
    message: Message, situation: Situation, directory: Directory, rulebook: rulebooks.Rulebook
) -> Refusal | None:
    known = situation.consents.get(message.content["consent_id"])
    if known is None:
        right = message.content["version"] == 1
    else:
        # One answer for a wrong number, another recorder and another person: who has which consent is not told.
        right = (
            message.content["version"] == known.version + 1
            and known.recorded_by == message.sender
            and known.person_key == message.person_key
        )
    if not right:
        return _refuse(message, "consent_version", RefusalCode.STALE_VERSION, "/data/content/version")
    over = known.is_over(situation.at) if known is not None else None
    # What the person has taken back, or has let run out, takes a new paper with an id of its own.
    return None if over is None else _refuse(message, "consent_version", over, "/data/content/consent_id")


def _withdrawal_by_party(
    message: Message, situation: Situation, directory: Directory, rulebook: rulebooks.Rulebook
) -> Refusal | None:
    known = situation.consents.get(message.content["consent_id"])
    authority = directory.find_authority(message.sender)
    if (
        known is None
        or message.person_key not in (None, known.person_key)
        or not (known.recorded_by == message.sender or (authority is not None and known.names(authority)))
    ):
        pointer = "/data/content/consent_id"
        return _refuse(message, "withdrawal_by_party", RefusalCode.CONSENT_MISSING, pointer)
    # A withdrawal that names nobody would be taken and change nothing.
    strange = [
        f"/data/content/parties/{index}"
        for index, name in enumerate(message.content.get("parties", ()))
        if directory.find_authority(name) is None
    ]
    return _refuse(message, "withdrawal_by_party", RefusalCode.UNKNOWN_UNIT, *strange) if strange else None


PRECONDITIONS: Mapping[str, Precondition] = {
    "minimum_age": _minimum_age,
    "no_open_case": _no_open_case,
    "plan_version_follows": _plan_version_follows,
    "plan_version_is_latest": _plan_version_is_latest,
    "plan_within_longest_period": _plan_within_longest_period,
    "within_remit": _within_remit,
    "participant_present": _participant_present,
    "lead_is_a_seat": _lead_is_a_seat,
    "joint_plan_version_follows": _plan_version_follows,
    "consent_dates": _consent_dates,
    "consent_recorder": _consent_recorder,
    "consent_version_follows": _consent_version_follows,
    "withdrawal_by_party": _withdrawal_by_party,
}
