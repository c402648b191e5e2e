"""`samverkan staff`, against a running hub."""

import json
import urllib.error
import urllib.request

import pytest

IDP = "https://idp.example"


def add(ask, sub, *roles, name="Åsa Öberg"):
    words = [word for role in roles for word in ("--role", role)]
    return ask("staff", "add", name, "--iss", IDP, "--sub", sub, *words, "--json")


def test_who_is_added_is_listed_and_can_call_until_removed(ask, call, hub):
    added = json.loads(add(ask, "asa-1", "administrator", "handlaggare:sd-farsta").stdout)
    assert added["roles"] == ["administrator", "handlaggare:sd-farsta"]
    listed = json.loads(ask("staff", "list", "--json").stdout)["items"]
    assert added in listed
    assert added["staff"] in ask("staff", "list").stdout
    token = call("token", "--staff", added["staff"], "--data-dir", hub.data_dir).stdout.strip()
    request = urllib.request.Request(f"{hub.url}/v1/admin/staff", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    assert ask("staff", "remove", added["staff"]).exit_code == 0
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    with refused.value as answer:
        assert answer.code == 401
    assert ask("staff", "remove", added["staff"]).exit_code == 1


@pytest.mark.parametrize("role", ["boss", "handlaggare", "auditor:sd-farsta"])
def test_what_is_no_role_is_told_before_anything_is_asked(ask, role):
    result = add(ask, "bo-1", role)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


def test_a_unit_that_does_not_exist_is_told_at_its_place(ask):
    result = add(ask, "bo-1", "handlaggare:nowhere")
    assert result.exit_code == 1
    assert "STAFF_WRONG at /roles/0" in result.stderr


def test_without_a_hub_in_the_directory_there_is_nobody_to_add_to(call, tmp_path):
    result = call("staff", "list", "--data-dir", tmp_path / "nothing")
    assert result.exit_code == 1
    assert "There is no hub in" in result.stderr


def test_what_is_no_id_cannot_be_removed(ask):
    assert ask("staff", "remove", "../staff").exit_code == 2


@pytest.mark.parametrize("words", [[], ["sd-farsta", "--staff", "3f0c2a9e-6a0d-4a57-9d43-0f0b6a1f7c11"]])
def test_a_token_is_for_one_unit_or_one_person(call, hub, words):
    result = call("token", *words, "--data-dir", hub.data_dir)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


def test_a_staff_id_has_its_form(call, hub):
    assert call("token", "--staff", "asa", "--data-dir", hub.data_dir).exit_code == 2


def test_a_hub_that_does_not_answer_is_told_on_standard_error_alone(call, hub):
    """So that `--json` stays JSON."""
    result = call("staff", "list", "--json", "--data-dir", hub.data_dir, "--hub", "http://127.0.0.1:1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "trying again" in result.stderr
    assert "does not answer" in result.stderr


def test_the_sessions_of_a_member_are_ended_and_counted(ask):
    added = json.loads(add(ask, "asa-2", "administrator").stdout)
    assert ask("staff", "sign-out", added["staff"]).stdout == "Sessions ended: 0.\n"
    assert json.loads(ask("staff", "sign-out", added["staff"], "--json").stdout) == {"ended": 0}
    assert ask("staff", "sign-out", "0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11").exit_code == 1
