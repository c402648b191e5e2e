"""Looking into the data directory beside a running hub."""

import json
import uuid

import pytest


@pytest.fixture
def look(call, hub, case_id):
    def look_it(*words):
        return call(*words, "--data-dir", hub.data_dir)

    return look_it


def log(look, *words):
    return json.loads(look("audit", "show", *words, "--json").stdout)["items"]


def test_shows_a_case_with_its_parties_and_what_happened(look, case_id):
    result = look("case", "show", case_id)
    assert result.exit_code == 0
    fields = dict(line.split("  ", 1) for line in result.stdout.split("\n\n")[0].splitlines())
    told = {name: value.strip() for name, value in fields.items()}
    assert (told["state"], told["stadsdel"], told["jobbtorg"]) == ("referred", "sd-farsta", "jt-sydost")
    assert told["parties"] == "jt-sydost, sd-farsta"
    assert "message_accepted" in result.stdout


def test_a_case_says_nothing_about_the_person(look, case_id):
    document = json.loads(look("case", "show", case_id, "--json").stdout)
    assert document["case"] == case_id
    assert "person_key" not in document
    assert not any(word in json.dumps(document) for word in ("Asta", "Provberg", "1990"))


def test_a_case_that_is_not_there_is_a_no(look):
    result = look("case", "show", str(uuid.uuid4()))
    assert (result.exit_code, result.stdout) == (1, "")


def test_a_case_id_is_a_uuid(look):
    assert look("case", "show", "the-case").exit_code == 2


def test_shows_the_log_oldest_first(look):
    indices = [row["index"] for row in log(look)]
    assert indices == sorted(indices)
    assert len(indices) >= 3


def test_limit_takes_the_newest(look):
    assert log(look, "--limit", "2") == log(look)[-2:]
    assert log(look, "--limit", "1", "--unit", "sd-farsta") == log(look, "--unit", "sd-farsta")[-1:]


def test_after_goes_on_from_an_entry_and_tells_where_it_ended(look):
    page = json.loads(look("audit", "show", "--after", "-1", "--limit", "2", "--json").stdout)
    assert ([row["index"] for row in page["items"]], page["next"]) == ([0, 1], 1)
    assert log(look, "--after", "1")[0]["index"] == 2


def test_narrows_by_case_message_type_and_code(look, case_id):
    [entry] = [row for row in log(look, "--case", case_id) if row["action"] == "message_accepted"]
    assert entry["type"] == "referral.submitted"
    assert entry in log(look, "--message", entry["message"])
    assert entry in log(look, "--type", "se.samverkan.referral.submitted")
    assert entry not in log(look, "--code", "no_basis")


def test_a_unit_finds_what_it_sent_and_what_it_was_sent(look, case_id):
    sent = [row for row in log(look, "--unit", "sd-farsta") if row["case"] == case_id]
    received = [row for row in log(look, "--unit", "jt-sydost") if row["case"] == case_id]
    assert sent
    assert next(row["actor"] for row in received) == "sd-farsta"
    assert log(look, "--unit", "sd-bromma") == []


def test_since_takes_a_day_or_an_instant(look):
    everything = log(look)
    assert log(look, "--since", "2026-01-01") == everything
    assert log(look, "--since", "2100-01-01T00:00:00+01:00") == []


@pytest.mark.parametrize(
    "words", [["--since", "soon"], ["--case", "1"], ["--message", "1"], ["--limit", "0"], ["--after", "x"]]
)
def test_what_cannot_be_looked_up_is_wrong_use(words, look):
    result = look("audit", "show", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1


def test_no_entry_tells_about_the_person(look):
    text = json.dumps(log(look), ensure_ascii=False)
    assert not any(word in text for word in ("Asta", "Provberg", "försiktig", 'personal_number": "'))


@pytest.mark.parametrize("words", [["audit", "show"], ["case", "show", str(uuid.uuid4())]])
def test_without_a_database_it_says_so(words, call, tmp_path):
    result = call(*words, "--data-dir", tmp_path / "data")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no database at" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [["audit", "show", "--case"], ["case", "show"]])
def test_a_look_is_noted_for_the_log_with_its_reason(words, look, hub, case_id):
    reference = f"dnr-{words[0]}"
    assert look(*words, case_id, "--reason", "complaint", "--reference", reference).exit_code == 0
    told = [json.loads(path.read_bytes()) for path in (hub.data_dir / "notes").glob("*.note")]
    [note] = [each for each in told if each["detail"].get("reference") == reference]
    assert (note["action"], note["detail"]["reason"], note["case_id"]) == ("staff_looked", "complaint", case_id)
    refused = look(*words, case_id, "--reason", "curiosity")
    assert (refused.exit_code, refused.stdout) == (2, "")


def test_a_verdict_and_an_end_narrow_too(look, case_id):
    assert case_id in [row["case"] for row in log(look, "--verdict", "deliver")]
    assert log(look, "--verdict", "manual") == []
    assert log(look, "--until", "2020-01-01") == []
    assert {row["action"] for row in log(look, "--action", "message_accepted")} == {"message_accepted"}
