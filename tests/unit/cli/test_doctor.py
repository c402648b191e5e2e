"""What is wrong with an installation, and what to do."""

import json
import shutil
import socket
import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine


@pytest.fixture
def look(call):
    """The findings by name, and the exit code."""

    def look_it(*words, **more):
        result = call("doctor", "--json", *words, **more)
        document = json.loads(result.stdout)
        assert document["ok"] == (result.exit_code == 0)
        return {row["name"]: row for row in document["checks"]}, result.exit_code

    return look_it


@pytest.fixture
def data_dir(call, tmp_path):
    """The data directory of a hub that has been started and stopped."""
    assert call("migrate", "--data-dir", tmp_path / "data").exit_code == 0
    return tmp_path / "data"


def wrong(found):
    return [name for name, row in found.items() if not row["ok"]]


def test_before_the_first_start_nothing_is_wrong_and_nothing_is_made(look, tmp_path):
    found, code = look("--data-dir", tmp_path / "data")
    assert (wrong(found), code) == ([], 0)
    assert "samverkan serve" in found["store"]["text"]
    assert not (tmp_path / "data").exists()


def test_a_running_hub_is_well(look, hub):
    port = hub.url.rpartition(":")[2]
    found, code = look("--data-dir", hub.data_dir, env={"SAMVERKAN_PORT": port})
    assert (wrong(found), code) == ([], 0)
    assert "is ready" in found["running hub"]["text"]
    assert set(found) >= {"settings", "data directory", "master.key", "signing.key", "store", "clock", "disk", "rules"}


def test_at_a_terminal_each_check_is_a_line(call, data_dir):
    result = call("doctor", "--data-dir", data_dir)
    assert result.exit_code == 0
    assert result.stdout.count(" ok ") == len(result.stdout.splitlines()) - 1


def test_a_wrong_setting_is_found_first(look):
    found, code = look(env={"SAMVERKAN_PORT": "many"})
    assert (wrong(found), code) == (["settings"], 1)


def test_a_scanner_that_is_not_there_is_found(look, data_dir):
    found, code = look("--data-dir", data_dir, env={"SAMVERKAN_ATTACHMENT_SCAN_COMMAND": "no-such-scanner --quick -"})
    assert (wrong(found), code) == (["scanner"], 1)


def test_an_open_data_directory_is_found(look, data_dir):
    data_dir.chmod(0o755)
    found, code = look("--data-dir", data_dir)
    assert (wrong(found), code) == (["data directory"], 1)
    assert "chmod 700" in found["data directory"]["advice"]


def test_an_open_key_is_found(look, data_dir):
    (data_dir / "signing.key").chmod(0o644)
    found, code = look("--data-dir", data_dir)
    assert (wrong(found), code) == (["signing.key"], 1)
    assert "chmod 600" in found["signing.key"]["text"]


def test_a_lost_master_key_is_found(look, data_dir):
    (data_dir / "master.key").unlink()
    found, _ = look("--data-dir", data_dir)
    assert wrong(found) == ["master.key"]


def test_a_damaged_key_is_found(look, data_dir):
    path = data_dir / "master.key"
    line = path.read_text()
    path.write_text(line.replace(line[20], "0" if line[20] != "0" else "1", 1))
    found, _ = look("--data-dir", data_dir)
    assert wrong(found) == ["master.key"]


def test_the_key_of_another_database_is_found(look, hub, case_id, data_dir, tmp_path):
    mixed = tmp_path / "mixed"
    mixed.mkdir(mode=0o700)
    for path in hub.data_dir.glob("hub.sqlite3*"):
        shutil.copy2(path, mixed)
    shutil.copy2(data_dir / "master.key", mixed)
    shutil.copy2(data_dir / "signing.key", mixed)
    found, _ = look("--data-dir", mixed)
    assert wrong(found) == ["master.key"]
    assert "another database" in found["master.key"]["text"]


def test_a_file_that_is_no_database_is_found(look, data_dir):
    (data_dir / "hub.sqlite3").write_bytes(b"no database" * 100)
    found, _ = look("--data-dir", data_dir)
    assert "store" in wrong(found)


def test_broken_rules_are_found(look, tmp_path):
    (tmp_path / "rules").mkdir()
    found, _ = look(env={"SAMVERKAN_RULES_DIR": str(tmp_path / "rules")})
    assert wrong(found) == ["rules"]
    assert "samverkan rules check" in found["rules"]["advice"]


def test_a_schema_that_is_not_as_published_is_found(look, monkeypatch):
    monkeypatch.setattr("schemas.check.digest", lambda _: "sha256:another")
    found, _ = look()
    assert wrong(found) == ["schemas"]
    assert "plan.decided/1.0" in found["schemas"]["text"]


def test_a_clock_before_the_program_is_found(look):
    with time_machine.travel(datetime(1970, 1, 2, tzinfo=UTC), tick=False):
        found, _ = look()
    assert wrong(found) == ["clock"]


def test_a_clock_behind_the_log_is_found(look, hub, case_id):
    with time_machine.travel(datetime.now(UTC) - timedelta(hours=2), tick=False):
        found, _ = look("--data-dir", hub.data_dir)
    assert "clock" in wrong(found)
    assert "ahead of the clock" in found["clock"]["text"]


def test_another_program_on_the_port_is_found(look):
    with socket.create_server(("127.0.0.1", 0)) as other:
        answering = threading.Thread(target=answer_strangely, args=(other,))
        answering.start()
        found, _ = look(env={"SAMVERKAN_PORT": str(other.getsockname()[1])})
        answering.join()
    assert wrong(found) == ["running hub"]


def answer_strangely(other):
    connection, _ = other.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
