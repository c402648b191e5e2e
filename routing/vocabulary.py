"""The closed words of the rule files. Another word needs code behind it, and so a line here."""

from __future__ import annotations

from typing import Annotated, Literal

from routing.rule_files import Word

KINDS = frozenset({"sd", "jt", "af", "fk", "rg", "sfi", "utb", "pv", "em", "team", "stat", "forbund"})
"""Kinds of unit: stadsdel, jobbtorg, Arbetsförmedlingen, Försäkringskassan, region, SFI, education, provider,
employer, coordinator of a FINSAM team, statistics, samordningsförbund."""

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
    }
)
"""What a message may be for. Control is not among them and must never be."""

FINSAM_PURPOSE = "finsam_joint_planning"

MESSAGE_DATA = "MD"
"""The category of facts about the message itself. Every kind may see it, and it needs no basis."""

CHECKS = frozenset(
    {
        "minimum_age",
        "no_open_case",
        "plan_version_follows",
        "plan_version_is_latest",
        "plan_within_longest_period",
        "within_remit",
        "participant_present",
        "lead_is_a_seat",
        "joint_plan_version_follows",
        "consent_dates",
        "consent_recorder",
        "consent_version_follows",
        "withdrawal_by_party",
    }
)
"""The named checks that a type may ask for; `routing.preconditions` has one function for each."""

EFFECTS = frozenset(
    {
        "responsibility_given",
        "reporting_requested",
        "plan_proposed",
        "plan_enters_force",
        "team_takes_part",
        "case_closes",
        "consents_end",
    }
)
"""What a transition may do beside moving the state; `routing.lifecycle` has one function for each."""

NEEDS = frozenset({"consent", "reporting_request", "ground", "officer_role", "same_authority", "single_recipient"})
"""What a basis may need before it covers anything; `routing.basis` tests each."""

WORDS = {"kind": KINDS, "purpose": PURPOSES, "check": CHECKS, "effect": EFFECTS, "need": NEEDS}

Kind = Annotated[str, Word("kind")]
Purpose = Annotated[str, Word("purpose")]
Check = Annotated[str, Word("check")]
Effect = Annotated[str, Word("effect")]
Need = Annotated[str, Word("need")]

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

Found = Literal["catchment", "responsible", "addressed", "coordinator", "seat", "edges"]
