"""The log from the command line: key, export, verification, and the ceremony after a restored backup."""

import json
import shutil
import signal

import pytest


@pytest.fixture
def files(hub, call, tmp_path):
    """The static files of a running hub's log, with its key beside them."""
    done = call("audit", "export", "--tiles", "files", "--data-dir", hub.data_dir)
    assert done.exit_code == 0, done.stderr
    (tmp_path / "hub.vkey").write_text(call("audit", "key", "--data-dir", hub.data_dir).stdout)
    return tmp_path / "files"


def test_the_key_is_a_vkey(hub, call):
    assert call("audit", "key", "--data-dir", hub.data_dir).stdout.startswith("samverkan.invalid/log+")


def test_a_stranger_verifies_the_files_with_the_key_alone(files, call):
    found = json.loads(call("audit", "verify", "files", "--vkey", "hub.vkey", "--json").stdout)
    assert found["verified"]
    assert found["entries"] == found["size"] >= 1


def test_the_hubs_own_log_needs_nothing_more(hub, call):
    assert call("audit", "verify", "--data-dir", hub.data_dir).exit_code == 0


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
