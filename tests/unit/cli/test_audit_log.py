"""The log from the command line: key, export, verification, and the ceremony after a restored backup."""

import csv
import json
import shutil
import signal
import sqlite3

import pytest

from tests.support import audit_event


@pytest.fixture
def files(hub, call, tmp_path):
    """The static files of a running hub's log, with its key beside them."""
    done = call("audit", "export", "--tiles", "files", "--data-dir", hub.data_dir)
    assert done.exit_code == 0, done.stderr
    (tmp_path / "hub.vkey").write_text(call("audit", "key", "--data-dir", hub.data_dir).stdout)
    return tmp_path / "files"


def test_the_key_is_a_vkey(hub, call):
    assert call("audit", "key", "--data-dir", hub.data_dir).stdout.startswith("samverkan.invalid/log+")


def notes(data_dir):
    """What waits to be entered, but for what the hub has taken already."""
    return [json.loads(path.read_bytes()) for path in (data_dir / "notes").glob("*.note")]


@pytest.mark.parametrize("form", ["csv", "json", "fhir"])
def test_entries_leave_as_one_file_with_a_reason_that_is_noted(hub, case_id, call, tmp_path, form):
    words = ("audit", "export", "--form", form, "--case", case_id, "--data-dir", hub.data_dir, "--reason", "incident")
    shown = call(*words)
    assert shown.exit_code == 0, shown.stderr
    told = json.loads(call(*words, "--out", "entries", "--json", "--reference", f"dnr-{form}").stdout)
    written = (tmp_path / "entries").read_bytes().decode()
    assert (tmp_path / "entries").stat().st_mode & 0o077 == 0
    match form:
        case "csv":
            found = [(row["action"], row["case"]) for row in csv.DictReader(written.splitlines())]
        case "json":
            found = [(row["action"], row["case"]) for row in json.loads(written)["items"]]
        case "fhir":
            assert list(audit_event.faults(json.loads(written))) == []
            events = [each["resource"] for each in json.loads(written)["entry"]]
            assert {each["resourceType"] for each in events} == {"AuditEvent"}
            found = [(each["subtype"][0]["code"], case_id) for each in events]
    assert ("message_accepted", case_id) in found
    assert {case for _, case in found} == {case_id}
    assert told["entries"] == len(found)
    [note] = [each for each in notes(hub.data_dir) if each["detail"].get("reference") == f"dnr-{form}"]
    assert (note["action"], note["detail"]["form"], note["detail"]["reason"]) == ("log_exported", form, "incident")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--form", "xml"],
        ["--form", "csv", "--tiles", "files"],
        ["--tiles", "files", "--unit", "sd-farsta"],
        ["--form", "csv", "--json"],
        ["--form", "csv", "--reason", "because"],
        ["--form", "csv", "--reference", "19900101-2385"],
        ["--form", "csv", "--verdict", "perhaps"],
    ],
)
def test_what_cannot_be_exported_is_wrong_use_and_noted_by_nobody(hub, call, words):
    before = notes(hub.data_dir) if (hub.data_dir / "notes").exists() else []
    done = call("audit", "export", *words, "--data-dir", hub.data_dir)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert len(notes(hub.data_dir)) <= len(before)


def test_the_entries_about_a_person_come_from_the_running_hub(hub, case_id, call, tmp_path):
    (tmp_path / "person").write_text("19900101-2385\n")
    ask = ("audit", "person", "--person-file", "person", "--data-dir", hub.data_dir, "--hub", hub.url)
    assert call(*ask).exit_code == 2
    refused = call(*ask, "--reason", "because")
    assert (refused.exit_code, refused.stdout) == (2, "")
    found = json.loads(call(*ask, "--reason", "complaint", "--json").stdout)
    assert case_id in [each["case"] for each in found["items"]]
    assert case_id in call(*ask, "--reason", "complaint").stdout
    looks = call("audit", "show", "--action", "staff_looked", "--json", "--data-dir", hub.data_dir)
    assert "person_search" in [each["entry"]["look"] for each in json.loads(looks.stdout)["items"]]


def test_a_stranger_verifies_the_files_with_the_key_alone(files, call):
    found = json.loads(call("audit", "verify", "files", "--vkey", "hub.vkey", "--json").stdout)
    assert found["verified"]
    assert found["entries"] == found["size"] >= 1


def test_the_hubs_own_log_needs_nothing_more(hub, call):
    assert call("audit", "verify", "--data-dir", hub.data_dir).exit_code == 0


def test_rows_that_say_something_else_than_the_log_are_named(hub, case_id, call, tmp_path):
    words = ("audit", "verify", "--rows", "--data-dir")
    told = json.loads(call(*words, hub.data_dir, "--json").stdout)
    assert told["rows_agree"]
    assert told["messages"] >= 2
    altered = tmp_path / "altered"
    shutil.copytree(hub.data_dir, altered, ignore=shutil.ignore_patterns("*.sqlite3*", "notes"))
    with sqlite3.connect(hub.data_dir / "hub.sqlite3") as theirs, sqlite3.connect(altered / "hub.sqlite3") as ours:
        theirs.backup(ours)
        ours.execute("UPDATE deliveries SET unit_id = 'jt-jarva' WHERE unit_id = 'jt-sydost'")
    theirs.close()
    ours.close()
    found = call(*words, altered)
    assert found.exit_code == 1
    assert "unit_id" in found.stderr
    assert "jt-jarva" in found.stderr


@pytest.mark.parametrize("words", [["files"], ["--proof", "some.tlog-proof"]])
def test_rows_are_those_of_the_data_directory(call, words):
    assert call("audit", "verify", "--rows", *words).exit_code == 2


def test_the_checkpoint_that_was_saved_counts_the_next_time(files, call, tmp_path):
    assert call("audit", "verify", "files", "--vkey", "hub.vkey", "--save", "last").exit_code == 0
    assert call("audit", "verify", "files", "--vkey", "hub.vkey", "--checkpoint", "last").exit_code == 0
    assert (tmp_path / "last").read_bytes() == (files / "checkpoint").read_bytes()


def test_a_running_hub_shows_its_tree_and_not_its_entries(hub, files, call):
    where = (f"{hub.url}/log", "--vkey", "hub.vkey")
    assert call("audit", "verify", *where, "--hashes-only").exit_code == 0
    closed = call("audit", "verify", *where)
    assert closed.exit_code == 1
    assert "--token" in closed.stderr


def test_an_altered_entry_ends_with_1_and_its_number(files, call):
    path = next(path for path in (files / "tile" / "entries").rglob("*") if path.is_file())
    path.write_bytes(path.read_bytes().replace(b"hub_started", b"hub_stopped", 1))
    done = call("audit", "verify", "files", "--vkey", "hub.vkey")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "Entry 0 is the first that does not fit the tree" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["nowhere"],
        ["files", "--vkey", "example.com/foo+0badcafe+AAAA"],
        ["--proof", "hub.vkey"],
        ["http://127.0.0.1:9/log"],
    ],
)
def test_what_cannot_be_verified_is_one_line(files, hub, call, words):
    done = call("audit", "verify", *words, "--data-dir", hub.data_dir)
    assert done.exit_code in (1, 2)
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_restored_backup_is_gone_on_with_only_by_ceremony(tmp_path, serve, call):
    data = tmp_path / "data"

    def run_once():
        process = serve(data, "--port", "0")
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=30)
        return process.returncode, line + told

    def size():
        return json.loads(call("audit", "verify", "--data-dir", data, "--json").stdout)["size"]

    assert run_once()[0] == 0
    before = size()
    shutil.copy(data / "hub.sqlite3", tmp_path / "backup")
    assert call("audit", "resume", "--size", before, "--data-dir", data).exit_code == 1
    assert run_once()[0] == 0
    shutil.copy(tmp_path / "backup", data / "hub.sqlite3")
    code, told = run_once()
    assert code == 1
    assert "were signed: is this an old backup?" in told
    assert call("audit", "resume", "--size", before + 1, "--data-dir", data).exit_code == 2
    assert call("audit", "resume", "--size", before, "--data-dir", data).exit_code == 0
    assert run_once()[0] == 0
    shown = json.loads(call("audit", "show", "--data-dir", data, "--json").stdout)["items"]
    [resumed] = [row["entry"] for row in shown if row["action"] == "log_resumed"]
    assert (resumed["signed"], resumed["resumed"]) == (before + 2, before)
    assert run_once()[0] == 0
    assert size() > before + 2
