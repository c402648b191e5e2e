"""The decision once more, when a recipient reads: what was allowed may not be any longer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from routing import consent as consents
from routing import decision as decisions
from routing.decision import Verdict
from routing.refusals import RefusalCode
from tests.support import judging
from tests.support.judging import judge, ruling

FARSTA = [judging.consent()]


def read_again(*, consents: Any = FARSTA, case: Any = None, at: datetime = judging.NOON, **parts: Any) -> Any:
    message = judging.message("referral.submitted", **parts)
    situation = judging.situation(consents=consents, case=case, at=at, accepted_at=judging.NOON)
    return decisions.decide_again(message, "jt-sydost", "jt", situation, judging.directory(), judging.rules())


def test_reading_gives_the_copy_that_was_decided_at_intake() -> None:
    at_intake = ruling(judge("referral.submitted", consents=FARSTA), "jt-sydost")
    closed = judging.case("closed")  # the state does not matter any more
    assert read_again(case=closed).copy["content"] == (at_intake.copy or {})["content"]


def test_reading_is_refused_when_the_consent_is_withdrawn() -> None:
    withdrawn = [consents.withdraw(judging.consent())]
    assert read_again(consents=withdrawn).code is RefusalCode.CONSENT_WITHDRAWN
    assert read_again(consents=withdrawn).copy is None


def test_reading_leaves_out_what_the_person_has_withdrawn() -> None:
    narrowed = [consents.withdraw(judging.consent(), categories=["ED"])]
    given = read_again(consents=narrowed)
    assert given.verdict is Verdict.REDACT
    assert "education_level" not in given.copy["content"]
    assert "ED" not in given.copy["handling"]["categories"]


def test_reading_is_refused_when_the_consent_has_run_out() -> None:
    later = judging.NOON + timedelta(days=400)
    assert read_again(at=later).code is RefusalCode.CONSENT_EXPIRED


def test_reading_is_refused_when_a_protection_has_arrived() -> None:
    assert read_again(case=judging.case("active", suspended=True)).verdict is Verdict.MANUAL


def test_reading_on_request_counts_the_day_of_the_report() -> None:
    message = judging.message("case.closed", basis=[("sd", "SOL_15_9", None)], subject=judging.CASE_ID)
    case = judging.case("closed", reporting_request=judging.request(judging.TODAY))
    situation = judging.situation(case=case, at=judging.NOON + timedelta(days=30), accepted_at=judging.NOON)
    again = decisions.decide_again(message, "sd-farsta", "sd", situation, judging.directory(), judging.rules())
    assert again.discloses
