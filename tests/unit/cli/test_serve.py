"""Starting, stopping, and everything that can be in the way of a start."""

import asyncio
import dataclasses
import json
import os
import signal
import socket
import urllib.request

import pytest
import typer

from hub import settings
from hub.cli import serve as serving
from hub.cli.main import app


def first_event(process):
    return json.loads(process.stdout.readline())


def end_of(process):
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def test_listens_where_the_log_says(hub):
    with urllib.request.urlopen(f"{hub.url}/livez") as answer:
        assert answer.status == 200


@pytest.mark.slow
@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(name, serve, tmp_path):
    process = serve(tmp_path / "data", "--port", "0")
    assert first_event(process)["event"] == "hub_started"
    process.send_signal(name)
    code, out, err = end_of(process)
    assert (code, err) == (0, "")
    assert json.loads(out.splitlines()[-1])["event"] == "hub_stopped"


@pytest.mark.slow
def test_a_person_reads_where_it_listens(serve, tmp_path):
    process = serve(tmp_path / "data", "--port", "0", "--log-format", "console", "--log-level", "error")
    line = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    assert end_of(process)[0] == 0
    assert line.startswith("Samverkan listens on http://127.0.0.1:")


def test_makes_a_data_directory_that_only_its_owner_reads(hub):
    assert hub.data_dir.stat().st_mode & 0o077 == 0
    assert {"hub.sqlite3", "master.key", "signing.key"} <= {path.name for path in hub.data_dir.iterdir()}
    assert [path.name for path in hub.data_dir.iterdir() if path.stat().st_mode & 0o077] == []


def refused(serve, data_dir, *flags):
    code, out, err = end_of(serve(data_dir, *flags))
    assert err.count("\n") == 1
    assert "Traceback" not in out + err
    return code, err


@pytest.mark.slow
def test_a_taken_port_is_one_line(serve, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, line = refused(serve, tmp_path / "data", "--port", port)
    assert (code, port in line, "--port" in line) == (1, True, True)


@pytest.mark.slow
def test_a_data_directory_in_use_is_one_line(serve, hub):
    code, line = refused(serve, hub.data_dir, "--port", "0")
    assert (code, f"in use by process {hub.process.pid}" in line) == (1, True)


@pytest.mark.slow
def test_a_file_in_place_of_the_data_directory_is_one_line(serve, tmp_path):
    (tmp_path / "data").touch()
    code, line = refused(serve, tmp_path / "data", "--port", "0")
    assert (code, str(tmp_path / "data") in line) == (1, True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_directory_that_may_not_be_written_is_one_line(serve, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    code, line = refused(serve, tmp_path / "closed" / "data", "--port", "0")
    assert (code, str(tmp_path / "closed") in line) == (1, True)


@pytest.mark.slow
def test_a_lost_master_key_is_one_line(call, serve, tmp_path):
    assert call("migrate", "--data-dir", tmp_path / "data").exit_code == 0
    (tmp_path / "data" / "master.key").unlink()
    code, line = refused(serve, tmp_path / "data", "--port", "0")
    assert (code, "master.key is missing" in line) == (1, True)


@pytest.mark.slow
def test_an_open_key_is_one_line(call, serve, tmp_path):
    assert call("migrate", "--data-dir", tmp_path / "data").exit_code == 0
    (tmp_path / "data" / "signing.key").chmod(0o644)
    code, line = refused(serve, tmp_path / "data", "--port", "0")
    assert (code, "chmod 600" in line) == (1, True)


@pytest.mark.slow
def test_broken_rules_are_one_line(serve, tmp_path):
    (tmp_path / "rules").mkdir()
    code, line = refused(serve, tmp_path / "data", "--port", "0", "--rules-dir", str(tmp_path / "rules"))
    assert (code, "samverkan rules check" in line) == (1, True)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--port", "70000"], "port from the flag --port is wrong"),
        (["--log-level", "loud"], "log_level from the flag --log-level is wrong"),
        (["--config", "nowhere.toml"], "nowhere.toml cannot be read"),
    ],
)
def test_a_wrong_setting_is_wrong_use(flags, said, call):
    result = call("serve", *flags)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_wrong_variable_is_wrong_use_and_its_value_is_not_repeated(call):
    result = call("serve", env={"SAMVERKAN_PORT": "hemligt"})
    assert result.exit_code == 2
    assert "SAMVERKAN_PORT" in result.stderr
    assert "hemligt" not in result.stderr


def test_settings_are_taken_from_the_file_in_the_working_directory(call, tmp_path):
    (tmp_path / "samverkan.toml").write_text('port = "many"\n')
    assert "the file samverkan.toml is wrong" in call("serve").stderr


def test_every_setting_is_a_flag():
    flags = {one.name for one in typer.main.get_command(app).commands["serve"].params}
    named = {one.name for one in dataclasses.fields(settings.Settings)}
    # The distributed engine's addresses may hold passwords, which every user of the machine could read in a flag.
    assert flags == named - {"database_url", "broker_url", "broker_api_url", "oidc_client_secret"} | {"config"}


async def test_a_second_signal_does_not_wait_for_requests_under_way():
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, lambda: None)
    serving._let_the_next_signal_through()
    assert [loop.remove_signal_handler(name) for name in (signal.SIGTERM, signal.SIGINT)] == [False, False]


async def test_a_demonstration_that_fails_leaves_the_hub_alone(monkeypatch, tmp_path):
    played = []

    async def fail(*given):
        played.append(given)
        raise RuntimeError

    monkeypatch.setattr("hub.demo.play.play", fail)
    monkeypatch.setattr("hub.bootstrap.build_issuer", lambda _: "issuer")
    given = settings.load({"data_dir": tmp_path}, {}, None)
    await serving._play(given, "http://127.0.0.1:1")
    assert played == [("http://127.0.0.1:1", given, "issuer")]


def test_migrate_makes_database_and_keys_and_may_be_repeated(call, tmp_path):
    for _ in range(2):
        result = call("migrate", "--data-dir", tmp_path / "data")
        assert result.exit_code == 0
        assert "hub.sqlite3 is up to date" in result.stdout
    assert {"hub.sqlite3", "master.key", "signing.key"} <= {path.name for path in (tmp_path / "data").iterdir()}


def test_migrate_leaves_a_running_hub_alone(call, hub):
    result = call("migrate", "--data-dir", hub.data_dir)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "stop that hub" in result.stderr
