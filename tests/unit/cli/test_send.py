"""Sending from a file, and asking what would be decided."""

import json
import re
import socket
import uuid

import pytest
import stamina


def test_prints_the_receipt_and_ends_well(ask, messages, case_id):
    result = ask("send", messages.fresh_consent, "--as", "sd-farsta")
    assert result.exit_code == 0
    assert result.stdout.startswith("Accepted\n")
    row = next(line for line in result.stdout.splitlines() if line.startswith("jt-sydost"))
    assert row.split()[:2] == ["jt-sydost", "redact"]
    assert "/content/given_by" in row


def test_says_what_it_filled_in(ask, messages):
    result = ask("send", messages.consent, "--as", "sd-farsta")
    told = result.stderr.splitlines()[0]
    assert told.startswith("Filled in: ")
    assert all(f"{name} " in told for name in ("specversion", "id", "time"))
    assert "source /units/sd-farsta" in told


def test_keeps_what_stands_there(ask, messages):
    event = json.loads(messages.referral.read_text())
    event |= {"specversion": "1.0", "id": str(uuid.uuid4()), "time": "2026-02-02T09:12:00+01:00"}
    event["source"] = "/units/jt-sydost"
    result = ask("send", messages.write(event), "--as", "sd-farsta")
    assert "Filled in" not in result.stderr
    # Another's source is the hub's to refuse, not a thing to put right unseen.
    assert result.exit_code == 1


def test_the_same_id_gives_the_same_receipt_again(ask, messages):
    event = json.loads(messages.consent.read_text())
    event["id"] = str(uuid.uuid4())
    event["time"] = "2026-02-02T09:12:00+01:00"
    event["data"]["content"]["consent_id"] = str(uuid.uuid4())
    path = messages.write(event)
    first, second = (json.loads(ask("send", path, "--as", "sd-farsta", "--json").stdout) for _ in range(2))
    assert (first["repeated"], second["repeated"]) == (False, True)
    assert {**first, "repeated": True} == second


def test_a_message_may_come_through_a_pipe(ask, messages):
    result = ask("send", "-", "--as", "jt-sydost", input=messages.referral.read_text())
    assert result.stdout.startswith("Refused: ")


def test_a_refusal_ends_with_one_and_its_reason_in_swedish(ask, messages):
    result = ask("send", messages.referral, "--as", "jt-sydost")
    assert result.exit_code == 1
    code, _, title = result.stdout.splitlines()[0].removeprefix("Refused: ").partition(" ")
    assert code == "SELF_REFERRAL"
    assert title == "En anvisning kan bara komma från hemstadsdelen"


def test_a_refusal_as_json_is_the_problem_document(ask, messages):
    result = ask("send", messages.referral, "--as", "jt-sydost", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["code"] == "SELF_REFERRAL"


def test_every_faulty_field_is_shown_without_its_value(ask, messages):
    event = json.loads(messages.referral.read_text())
    event["data"]["content"]["enrolment_reason"] = "Hemligsson"
    event["data"]["person"]["personal_number"] = 199001012385
    result = ask("send", messages.write(event), "--as", "sd-farsta")
    assert result.exit_code == 1
    assert "/data/content/enrolment_reason" in result.stdout
    assert "/data/person/personal_number" in result.stdout
    assert "Hemligsson" not in result.output


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is not JSON (syntax)"),
        (b'{"a": 1, "a": 2}', "is not JSON (duplicate key)"),
        (b"\xff", "is not JSON (encoding)"),
        (b"[]", "holds no message"),
    ],
)
def test_a_file_that_is_no_message_is_wrong_use(content, said, ask, tmp_path):
    (tmp_path / "m.json").write_bytes(content)
    result = ask("send", tmp_path / "m.json", "--as", "sd-farsta")
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_file_that_is_not_there_is_wrong_use(ask):
    result = ask("send", "nowhere.json", "--as", "sd-farsta")
    assert (result.exit_code, result.stderr) == (2, "nowhere.json cannot be read: No such file or directory.\n")


def test_an_unknown_unit_is_wrong_use(ask, messages):
    result = ask("send", messages.consent, "--as", "sd-farst")
    assert result.exit_code == 2
    assert "did you mean sd-farsta?" in result.stderr


def test_a_token_that_the_hub_does_not_know_is_told(ask, messages):
    result = ask("send", messages.consent, "--as", "sd-farsta", env={"SAMVERKAN_TOKEN": "abc.def.ghi"})
    assert (result.exit_code, result.stdout) == (1, "")
    assert "does not accept the token" in result.stderr
    assert "abc.def.ghi" not in result.stderr


def test_an_address_that_is_none_is_wrong_use(call, messages):
    result = call("send", messages.consent, "--as", "sd-farsta", "--token", "x", "--hub", "ftp://here")
    assert result.exit_code == 2
    assert "--hub takes the address of a hub" in result.stderr


def test_an_address_where_no_hub_answers_is_a_no(call, messages, hub):
    result = call("send", messages.consent, "--as", "sd-farsta", "--token", "x", "--hub", f"{hub.url}/elsewhere")
    assert result.exit_code == 1
    assert "NOT_FOUND" in result.stdout


def test_a_hub_that_is_not_there_is_told_while_it_is_tried_again(call, messages):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    words = ["send", messages.consent, "--as", "sd-farsta", "--token", "x", "--json"]
    with stamina.set_testing(True, attempts=2):  # no waits
        result = call(*words, "--hub", f"http://127.0.0.1:{port}")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "trying again in" in result.stderr
    assert "is it running" in result.stderr.splitlines()[-1]


def test_explains_in_words_and_stores_nothing(ask, call, hub, case_id, messages):
    event = json.loads(messages.fresh_consent.read_text())
    event["source"] = "/units/sd-farsta"
    event["data"]["content"]["consent_id"] = str(uuid.uuid4())
    before = call("audit", "show", "--unit", "sd-farsta", "--data-dir", hub.data_dir).stdout
    result = ask("rules", "explain", messages.write(event))
    assert result.exit_code == 0
    assert result.stdout.startswith("Would be accepted\n")
    assert "jt-sydost: redact, gets it without the fields below" in result.stdout
    assert "consent.recorded/jt" in result.stdout
    assert "REGISTRY: " in result.stdout
    assert re.search(r"^basis +jt-sydost +passed: REGISTRY ", result.stdout, re.MULTILINE)
    assert call("audit", "show", "--unit", "sd-farsta", "--data-dir", hub.data_dir).stdout == before


def test_explains_a_refusal_with_what_to_do(ask, messages):
    result = ask("rules", "explain", messages.referral, "--as", "jt-sydost")
    assert result.exit_code == 1
    assert "Refused: SELF_REFERRAL" in result.stdout
    assert "Hänvisa personen till sin stadsdel" in result.stdout
    steps = json.loads(ask("rules", "explain", messages.referral, "--as", "jt-sydost", "--json").stdout)["steps"]
    assert (steps[0]["step"], steps[0]["result"]) == ("sender", "decided: SELF_REFERRAL")
    assert {step["result"] for step in steps[1:]} == {"not reached"}


def test_explaining_needs_a_sender(ask, messages):
    result = ask("rules", "explain", messages.referral)
    assert result.exit_code == 2
    assert "--as UNIT" in result.stderr
