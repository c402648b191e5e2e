"""The steps that `rules explain` prints: in their order, and which one decided."""

import pytest

from hub.client.answers import Basis, FieldFault, Problem, RecipientResult
from hub.reference import steps
from routing import rulebook
from routing.refusals import RefusalCode
from tests.support import events, judging

RULES = judging.rules()


def told(answer, type_name="referral.submitted", sender="sd-farsta"):
    event = {"type": f"se.samverkan.{type_name}", "data": events.data(type_name, at=judging.NOON)}
    return steps.list_steps(event, sender, answer, RULES, judging.directory())


def refused(code, **more):
    return Problem(status=403, code=code, **more)


@pytest.mark.parametrize(
    ("answer", "decides"),
    [
        (refused("SELF_REFERRAL"), "sender"),
        (refused("PERSON_ID_INVALID"), "form"),
        (refused("PROTECTED_IDENTITY"), "case and protection"),
        (refused("PURPOSE_NOT_ALLOWED"), "purpose"),
        (refused("WRONG_CATCHMENT"), "recipients"),
        (refused("DUPLICATE_CASE"), "state and checks"),
        (refused("SENDER_NOT_ALLOWED"), "state and checks"),  # its kind may send, but another is responsible
        (refused("FREE_TEXT_BLOCKED"), "content"),
        (refused("SCHEMA_INVALID", errors=[FieldFault(pointer="/data/content/x", keyword="type", detail="")]), "form"),
        (
            refused(
                "SCHEMA_INVALID",
                errors=[FieldFault(pointer="/data/handling/categories", keyword="rule", detail="")],
            ),
            "content",
        ),
    ],
)
def test_the_step_that_decides_is_named_and_none_after_it_is_reached(answer, decides):
    found = told(answer)
    names = [step.name for step in found]
    at = names.index(decides)
    assert [step.result for step in found] == [
        *["passed"] * at,
        f"decided: {answer.code}",
        *["not reached"] * (len(found) - at - 1),
    ]


def test_a_kind_that_may_not_send_the_type_is_stopped_at_the_first_step():
    assert told(refused("SENDER_NOT_ALLOWED"), sender="fk-stockholm")[0].result == "decided: SENDER_NOT_ALLOWED"


def test_each_recipient_has_its_own_steps_with_the_statutes_in_the_order_in_which_they_are_tried():
    row = {"unit": "jt-sydost", "verdict": "refuse", "code": "CONSENT_MISSING", "rule": "referral.submitted/jt"}
    answer = refused("CONSENT_MISSING", recipients=[RecipientResult(**row)])
    agreement, basis, copy = [step for step in told(answer) if step.recipient == "jt-sydost"]
    assert (agreement.result, basis.result, copy.result) == ("passed", "decided: CONSENT_MISSING", "not reached")
    assert basis.looked_at.startswith("in this order: CONSENT (OSL")
    assert {step.result for step in told(answer) if step.recipient is None} == {"passed"}


def test_a_copy_that_lost_fields_names_them_and_the_basis_that_carried_the_rest():
    given = {"unit": "jt-sydost", "verdict": "redact", "code": None, "rule": "referral.submitted/jt"}
    basis = Basis(code="CONSENT", consent=None, version=None)
    recipient = RecipientResult(**given, basis=basis, withheld=["/content/note"])
    found = told(refused(None, recipients=[recipient]))
    assert [step.result for step in found[-2:]] == ["passed: CONSENT", "passed, without /content/note"]


def test_every_refusal_code_belongs_to_a_step():
    for code in RefusalCode:
        results = [step.result for step in told(refused(code.value, errors=[]))]
        assert results.count(f"decided: {code.value}") == 1, code


def test_a_type_that_the_rules_here_do_not_know_has_no_steps():
    event = {"type": "se.samverkan.no.such"}
    assert steps.list_steps(event, "sd-farsta", refused("SCHEMA_UNKNOWN"), rulebook.load(), judging.directory()) == []
