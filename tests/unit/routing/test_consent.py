"""Consent: directed, for one purpose, within its days, and never more than what was signed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from routing import consent as consents
from routing.consent import ConsentStatus, Exclusion
from routing.refusals import RefusalCode
from tests.support import events, judging, persons
from tests.support.judging import covered, edge

STOCKHOLM = ZoneInfo("Europe/Stockholm")
TO_JOBBTORG = {"holder": "sdn-farsta", "recipient": "amn"}


def test_covers_the_categories_of_the_edge() -> None:
    given = judging.consent(edge("sdn-farsta", "amn", ["ID", "ED"]))
    cover = covered(given, **TO_JOBBTORG)
    assert cover.categories == {"ID", "ED"}
    assert cover.consent == given
    assert cover.missing is None


def test_is_bound_to_its_purpose_even_between_the_same_parties() -> None:
    given = judging.consent(purpose="jobbtorg_planning")
    cover = covered(given, purpose="finsam_joint_planning", **TO_JOBBTORG)
    assert cover.missing is RefusalCode.CONSENT_MISSING


def test_one_direction_does_not_imply_the_other() -> None:
    given = judging.consent(edge("rg", "fk"))
    assert covered(given, holder="rg", recipient="fk").missing is None
    assert covered(given, holder="fk", recipient="rg").missing is RefusalCode.CONSENT_NOT_COVERING


def test_an_edge_that_its_holder_has_not_confirmed_covers_nothing() -> None:
    given = judging.consent(edge("af", "amn", confirmed=False))
    assert covered(given, holder="af", recipient="amn").missing is RefusalCode.CONSENT_NOT_COVERING


# The last day counts whole: the consent ends at midnight in Stockholm after it, also on the two days of the year that
# have 23 and 25 hours.
LAST_DAYS = [
    date(2026, 6, 30),
    date(2026, 3, 29),  # summer time begins
    date(2026, 3, 28),
    date(2026, 10, 25),  # summer time ends
    date(2026, 10, 24),
    date(2026, 12, 31),
]


@pytest.mark.parametrize("last", LAST_DAYS, ids=str)
def test_ends_at_midnight_in_stockholm_after_the_last_day(last: date) -> None:
    given = judging.consent(valid_to=last)
    midnight = datetime.combine(last + timedelta(days=1), datetime.min.time(), STOCKHOLM).astimezone(UTC)
    before = midnight - timedelta(microseconds=1)
    assert covered(given, at=before, **TO_JOBBTORG).missing is None
    assert covered(given, at=midnight, **TO_JOBBTORG).missing is RefusalCode.CONSENT_EXPIRED


@pytest.mark.parametrize("first", LAST_DAYS, ids=str)
def test_begins_at_midnight_in_stockholm(first: date) -> None:
    given = judging.consent(valid_from=first, valid_to=first + timedelta(days=90))
    midnight = datetime.combine(first, datetime.min.time(), STOCKHOLM).astimezone(UTC)
    before = midnight - timedelta(microseconds=1)
    assert covered(given, at=before, **TO_JOBBTORG).missing is RefusalCode.CONSENT_MISSING
    assert covered(given, at=midnight, **TO_JOBBTORG).missing is None


def test_midnight_is_stockholms_and_not_utcs() -> None:
    given = judging.consent(valid_to=date(2026, 6, 30))
    assert covered(given, at=datetime(2026, 6, 30, 21, 59, 59, tzinfo=UTC), **TO_JOBBTORG).missing is None
    assert covered(given, at=datetime(2026, 6, 30, 22, 0, tzinfo=UTC), **TO_JOBBTORG).missing is not None


@pytest.mark.parametrize(
    ("exclusion", "hidden"),
    [
        (Exclusion("amn", "ED"), {"ED"}),
        (Exclusion(None, "ED"), {"ED"}),
        (Exclusion("amn", None), {"ID", "ED"}),
        (Exclusion("af", "ED"), set()),
        (Exclusion("af", None), set()),
        (Exclusion("amn", "HE"), set()),
        (Exclusion(None, None), {"ID", "ED"}),  # what nobody can read keeps everything back
    ],
)
def test_an_exclusion_takes_away_what_it_names(exclusion: Exclusion, hidden: set[str]) -> None:
    given = judging.consent(edge("sdn-farsta", "amn", ["ID", "ED"]), excluded=(exclusion,))
    cover = covered(given, **TO_JOBBTORG)
    assert cover.categories == {"ID", "ED"} - hidden
    assert (cover.missing is RefusalCode.CONSENT_NOT_COVERING) == (hidden == {"ID", "ED"})


@pytest.mark.parametrize(
    ("named", "hidden"),
    [
        ({"category": "HE"}, {"HE"}),
        ({"recipient_authority": "fk"}, {"ID", "ST", "HE"}),
        ({"recipient_authority": "af"}, set()),
    ],
)
def test_a_fact_in_words_keeps_back_the_whole_of_what_it_stands_beside(named: dict[str, str], hidden: set[str]) -> None:
    """No machine finds "psykiatri" in a text: the category or the authority beside it is what is kept back."""
    told = {"holder_authority": "sdn-farsta", "recipient_authority": "fk", "categories": ["ID", "ST", "HE"]}
    content = events.consent(
        at=judging.NOON,
        edges=[told | {"confirmed_by_holder": True}],
        excluded=[{"fact": "psykiatri", **named}],
    )["content"]
    given = consents.read(content, judging.key_of(persons.ASTA) or "", "sd-farsta", lambda name: name)
    cover = covered(given, holder="sdn-farsta", recipient="fk")
    assert cover.categories == {"ID", "ST", "HE"} - hidden


def test_two_consents_add_up() -> None:
    one = judging.consent(edge("sdn-farsta", "amn", ["ID"]))
    other = judging.consent(edge("sdn-farsta", "amn", ["ED", "ST"]), consent_id="another")
    cover = covered(one, other, **TO_JOBBTORG)
    assert cover.categories == {"ID", "ED", "ST"}
    assert cover.consent == other  # the one that gives most is named


@pytest.mark.parametrize(
    "status", [ConsentStatus.DRAFT, ConsentStatus.SUPERSEDED, ConsentStatus.SUSPENDED, ConsentStatus.VOID]
)
def test_only_an_active_consent_covers(status: ConsentStatus) -> None:
    given = judging.consent(status=status)
    assert covered(given, **TO_JOBBTORG).missing is RefusalCode.CONSENT_MISSING


def test_a_whole_withdrawal_covers_nothing_for_anybody() -> None:
    left = consents.withdraw(judging.consent())
    assert covered(left, **TO_JOBBTORG).missing is RefusalCode.CONSENT_WITHDRAWN
    assert covered(left, holder="amn", recipient="sdn-farsta").missing is RefusalCode.CONSENT_WITHDRAWN


def test_a_party_can_be_withdrawn_alone_and_in_both_directions() -> None:
    edges = (*judging.both_ways("sdn-farsta", "amn"), *judging.both_ways("sdn-farsta", "af"))
    left = consents.withdraw(judging.consent(*edges), parties=["amn"])
    assert covered(left, **TO_JOBBTORG).missing is RefusalCode.CONSENT_WITHDRAWN
    assert covered(left, holder="amn", recipient="sdn-farsta").missing is RefusalCode.CONSENT_WITHDRAWN
    assert covered(left, holder="sdn-farsta", recipient="af").missing is None


def test_a_category_can_be_withdrawn_alone() -> None:
    left = consents.withdraw(judging.consent(edge("sdn-farsta", "amn", ["ID", "BE"])), categories=["BE"])
    assert covered(left, **TO_JOBBTORG).categories == {"ID"}


def test_withdrawals_add_up() -> None:
    once = consents.withdraw(judging.consent(edge("sdn-farsta", "amn", ["ID", "BE", "ED"])), categories=["BE"])
    twice = consents.withdraw(once, categories=["ED"])
    assert covered(twice, **TO_JOBBTORG).categories == {"ID"}


def test_the_nearest_reason_is_named() -> None:
    other_way = judging.consent(edge("amn", "sdn-farsta"), consent_id="other-way")
    expired = judging.consent(consent_id="expired", valid_to=date(2026, 2, 28))
    withdrawn = replace(judging.consent(consent_id="withdrawn"), status=ConsentStatus.WITHDRAWN)
    assert covered(**TO_JOBBTORG).missing is RefusalCode.CONSENT_MISSING
    assert covered(other_way, **TO_JOBBTORG).missing is RefusalCode.CONSENT_NOT_COVERING
    assert covered(other_way, expired, **TO_JOBBTORG).missing is RefusalCode.CONSENT_EXPIRED
    assert covered(withdrawn, expired, other_way, **TO_JOBBTORG).missing is RefusalCode.CONSENT_WITHDRAWN


# -- what is recorded ------------------------------------------------------------------------------------------------

RECORDED = {"person": persons.ASTA}


def recorded(known: consents.Consent | None = None, **content: object) -> str:
    if known is not None:
        content = {"consent_id": known.consent_id, "version": known.version + 1, **content}
    decision = judging.judge(
        "consent.recorded",
        consents=[known] if known else [],
        content={"edges": events.both_ways("sdn-farsta", "amn"), **content},
    )
    return judging.outcome(decision)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({}, "accepted"),
        ({"signed_on": "2026-03-03", "valid_from": "2026-03-03"}, "SCHEMA_INVALID"),  # signed tomorrow
        ({"signed_on": "2026-03-02", "valid_from": "2026-03-01"}, "SCHEMA_INVALID"),  # cover for what is past
        ({"signed_on": "2026-03-01", "valid_from": "2026-03-01"}, "accepted"),
        ({"signed_on": "2026-03-02", "valid_from": "2026-04-01"}, "accepted"),  # counts from April
        ({"valid_from": "2026-03-02", "valid_to": "2026-03-01"}, "SCHEMA_INVALID"),
        ({"valid_from": "2026-03-02", "valid_to": "2027-03-02"}, "accepted"),  # twelve months
        ({"valid_from": "2026-03-02", "valid_to": "2027-03-03"}, "SCHEMA_INVALID"),
    ],
)
def test_dates_of_a_consent(content: dict[str, str], expected: str) -> None:
    assert recorded(**content) == expected


def test_a_new_version_follows_the_one_before() -> None:
    known = judging.consent(version=3)
    assert recorded(known) == "accepted"
    assert recorded(known, version=3) == "STALE_VERSION"
    assert recorded(known, version=5) == "STALE_VERSION"
    assert recorded(None, version=2) == "STALE_VERSION"


def test_another_recorder_or_person_gets_the_answer_of_a_wrong_number() -> None:
    assert recorded(judging.consent(recorded_by="jt-sydost")) == "STALE_VERSION"
    assert recorded(judging.consent(person_key="key-of-somebody-else")) == "STALE_VERSION"


def test_what_is_withdrawn_or_run_out_needs_a_new_paper() -> None:
    assert recorded(consents.withdraw(judging.consent())) == "CONSENT_WITHDRAWN"
    assert recorded(judging.consent(valid_to=date(2026, 3, 1))) == "CONSENT_EXPIRED"
    assert recorded(judging.consent(valid_to=date(2026, 3, 2))) == "accepted"  # on its last day
    assert recorded(consents.withdraw(judging.consent(), categories=["BE"])) == "accepted"


# -- withdrawal ------------------------------------------------------------------------------------------------------


def withdrawn(known: consents.Consent | None, sender: str, **parts: object) -> str:
    content = {"consent_id": judging.CONSENT_ID, **parts.pop("content", {})}  # type: ignore[dict-item]
    decision = judging.judge(
        "consent.withdrawn",
        sender,
        consents=[known] if known else [],
        content=content,
        **parts,  # type: ignore[arg-type]
    )
    return judging.outcome(decision)


@pytest.mark.parametrize("sender", ["sd-farsta", "jt-sydost", "jt-jarva"])
def test_may_be_withdrawn_at_any_party_that_it_names(sender: str) -> None:
    assert withdrawn(judging.consent(), sender) == "accepted"


def test_a_stranger_hears_the_same_as_of_an_unknown_consent() -> None:
    assert withdrawn(judging.consent(), "sd-bromma") == "CONSENT_MISSING"
    assert withdrawn(None, "sd-bromma") == "CONSENT_MISSING"
    assert withdrawn(None, "sd-farsta") == "CONSENT_MISSING"


def test_another_persons_consent_is_not_withdrawn() -> None:
    assert withdrawn(judging.consent(), "sd-farsta", person=persons.BO) == "CONSENT_MISSING"
    assert withdrawn(judging.consent(), "sd-farsta", person=None) == "accepted"


def test_a_withdrawal_that_names_nobody_is_not_taken() -> None:
    content = {"scope": "parties", "parties": ["amn", "sdn-ingenstans"]}
    assert withdrawn(judging.consent(), "sd-farsta", content=content) == "UNKNOWN_UNIT"
    content = {"scope": "parties", "parties": ["jt-sydost"]}  # an authority may be named by a unit of it
    assert withdrawn(judging.consent(), "sd-farsta", content=content) == "accepted"
