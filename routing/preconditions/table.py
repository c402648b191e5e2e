"""Every named check. The vocabulary is closed; the rulebook refuses a row that names a check which is not here."""

from __future__ import annotations

from collections.abc import Mapping

from routing.preconditions import (
    activities,
    consents,
    contacts,
    finsam,
    plans,
    providers,
    questions,
    referrals,
    representation,
    suppression,
    transfers,
)
from routing.preconditions.asking import Precondition

PRECONDITIONS: Mapping[str, Precondition] = {
    "minimum_age": referrals.minimum_age,
    "no_open_case": referrals.no_open_case,
    "attempt_follows": contacts.attempt_follows,
    "appointment_has_passed": contacts.appointment_has_passed,
    "contact_was_attempted": contacts.contact_was_attempted,
    "months_have_passed": contacts.months_have_passed,
    "plan_version_follows": plans.plan_version_follows,
    "plan_version_is_latest": plans.plan_version_is_latest,
    "plan_within_longest_period": plans.plan_within_longest_period,
    "plan_hours_or_deviation": plans.plan_hours_or_deviation,
    "plan_is_in_force": plans.plan_is_in_force,
    "review_needs_new_plan": plans.review_needs_new_plan,
    "within_remit": plans.within_remit,
    "activity_is_approved": activities.activity_is_approved,
    "attendance_within_activity": activities.attendance_within_activity,
    "corrects_own_report": activities.corrects_own_report,
    "transfer_fits": transfers.transfer_fits,
    "order_is_new": providers.order_is_new,
    "order_is_active": providers.order_is_active,
    "attendance_within_order": providers.attendance_within_order,
    "small_cells_are_suppressed": suppression.small_cells_are_suppressed,
    "question_fits_parties": questions.question_fits_parties,
    "answers_a_question": questions.answers_a_question,
    "person_has_case": questions.person_has_case,
    "participant_present": finsam.participant_present,
    "lead_is_a_seat": finsam.lead_is_a_seat,
    "joint_plan_version_follows": plans.plan_version_follows,
    "joint_plan_is_known": finsam.joint_plan_is_known,
    "consent_dates": consents.consent_dates,
    "consent_recorder": consents.consent_recorder,
    "consent_version_follows": consents.consent_version_follows,
    "consent_parties_known": consents.consent_parties_known,
    "widening_is_signed": consents.widening_is_signed,
    "giver_has_mandate": representation.giver_has_mandate,
    "giver_is_of_age": representation.giver_is_of_age,
    "withdrawal_by_party": consents.withdrawal_by_party,
}
