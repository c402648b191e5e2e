"""The closed words of the rule files. Another word needs code behind it, and so a line here."""

from __future__ import annotations

from typing import Annotated, Literal

from routing.rule_files import Word

KINDS = frozenset({"sd", "jt", "af", "fk", "rg", "sfi", "utb", "pv", "em", "team", "stat", "forbund", "hub"})
"""Kinds of unit: stadsdel, jobbtorg, Arbetsförmedlingen, Försäkringskassan, region, SFI, education, provider,
employer, coordinator of a FINSAM team, statistics, samordningsförbund, and the hub itself, which sends notices."""

HUB = "hub"
"""The kind of the hub itself, and the id of its one unit."""

PURPOSES = frozenset(
    {
        "jobbtorg_planning",
        "af_coordination",
        "fk_coordination",
        "sfi_coordination",
        "finsam_joint_planning",
        "provider_activity",
        "placement",
        "case_transfer",
        "statutory_information",
        "follow_up",
        "consent_administration",
        "statistics",
        "notice",
    }
)
"""What a message may be for; `notice` is the hub's own. Control is not among them and must never be."""

FINSAM_PURPOSE = "finsam_joint_planning"

MESSAGE_DATA = "MD"
"""The category of facts about the message itself. Every kind may see it, and it needs no basis."""

CHECKS = frozenset(
    {
        "minimum_age",
        "no_open_case",
        "attempt_follows",
        "appointment_has_passed",
        "contact_was_attempted",
        "months_have_passed",
        "plan_version_follows",
        "plan_version_is_latest",
        "plan_within_longest_period",
        "plan_hours_or_deviation",
        "plan_is_in_force",
        "review_needs_new_plan",
        "within_remit",
        "activity_is_approved",
        "attendance_within_activity",
        "corrects_own_report",
        "transfer_fits",
        "order_is_new",
        "order_is_active",
        "attendance_within_order",
        "small_cells_are_suppressed",
        "question_fits_parties",
        "answers_a_question",
        "person_has_case",
        "participant_present",
        "lead_is_a_seat",
        "joint_plan_version_follows",
        "joint_plan_is_known",
        "consent_dates",
        "consent_recorder",
        "consent_version_follows",
        "consent_parties_known",
        "widening_is_signed",
        "giver_has_mandate",
        "giver_is_of_age",
        "withdrawal_by_party",
    }
)
"""The named checks that a type may ask for; `routing.preconditions.table` has one function for each."""

EFFECTS = frozenset(
    {
        "responsibility_given",
        "reporting_requested",
        "lessons_noted",
        "attempt_counted",
        "plan_proposed",
        "plan_enters_force",
        "plan_returned",
        "review_counted",
        "activity_begun",
        "interruption_begun",
        "interruption_over",
        "transfer_sent",
        "transfer_accepted",
        "order_placed",
        "team_takes_part",
        "case_closes",
        "finsam_closes",
        "consents_end",
    }
)
"""What a transition may do beside moving the state; `routing.effects` has one function for each."""

WARNINGS = frozenset(
    {
        "extent_below_half",
        "age_outside_youth",
        "age_unlikely",
        "sfi_clash",
        "long_time_in_activities",
        "af_plan_may_be_old",
        "consent_suspended",
    }
)
"""What a type may warn of; `routing.warnings` has one function for each."""

NEEDS = frozenset(
    {"consent", "reporting_request", "ground", "officer_role", "same_authority", "single_recipient", "nameless"}
)
"""What a basis may need before it covers anything; `routing.basis` tests each."""

WORDS = {
    "kind": KINDS,
    "purpose": PURPOSES,
    "check": CHECKS,
    "effect": EFFECTS,
    "need": NEEDS,
    "warning": WARNINGS,
}

Kind = Annotated[str, Word("kind")]
Purpose = Annotated[str, Word("purpose")]
Check = Annotated[str, Word("check")]
Effect = Annotated[str, Word("effect")]
Need = Annotated[str, Word("need")]
Warns = Annotated[str, Word("warning")]

# These words are closed by the rule files themselves: what one file defines, the others may use.
Category = Annotated[str, Word("category")]
Facet = Annotated[str, Word("facet")]
Basis = Annotated[str, Word("basis")]
State = Annotated[str, Word("state")]
FinsamState = Annotated[str, Word("FINSAM state")]
AnyState = Annotated[str, Word("state of a case or of FINSAM")]
Move = Annotated[str, Word("transition")]
TypeName = Annotated[str, Word("type")]
UnitId = Annotated[str, Word("unit")]

Found = Literal[
    "catchment",
    "responsible",
    "addressed",
    "coordinator",
    "seat",
    "edges",
    "originals",
    "asker",
    "orderer",
    "successor",
    "predecessor",
    "sender",
]
"""How a recipient is found; `routing.addressing` has a way for each."""

Hand = Literal["performer", "receiver"]
"""Who may send in a case beside those responsible for it; `routing.lifecycle` tests each."""

Own = Literal["always", "commissioned", "ordered"]
"""When a message is about the recipient's own activity; `routing.own_activity` tests each."""
