"""Tokens for trying things on this machine."""

import json
import urllib.request

import pytest


def test_the_hub_accepts_the_token(call, hub):
    token = call("token", "sd-farsta", "--data-dir", hub.data_dir).stdout.strip()
    request = urllib.request.Request(f"{hub.url}/v1/inbox", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


def test_as_json_it_is_a_token_answer(call, hub):
    result = call("token", "sd-farsta", "--ttl", "60", "--json", "--data-dir", hub.data_dir)
    answer = json.loads(result.stdout)
    assert (answer["token_type"], answer["expires_in"], answer["unit"]) == ("Bearer", 60, "sd-farsta")
    assert answer["access_token"].count(".") == 2


@pytest.mark.parametrize(
    ("unit", "hint"),
    [("sd-farst", "sd-farsta"), ("Farsta", "sd-farsta"), ("Kista", "sd-jarva"), ("qqqqqq", "samverkan party list")],
)
def test_an_unknown_unit_is_one_line_with_what_is_close(unit, hint, call, hub):
    result = call("token", unit, "--data-dir", hub.data_dir)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert hint in result.stderr


def test_a_closed_unit_is_noted(call, hub):
    result = call("token", "sd-rinkeby-kista", "--data-dir", hub.data_dir)
    assert result.exit_code == 0
    assert "not open today. Its successor: sd-jarva" in result.stderr


@pytest.mark.parametrize("ttl", ["0", "-5", "3601"])
def test_a_life_that_is_too_long_or_none_is_wrong_use(ttl, call, hub):
    result = call("token", "sd-farsta", "--ttl", ttl, "--data-dir", hub.data_dir)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "from 1 to 3600 seconds" in result.stderr


def test_the_longest_life_is_a_setting(call, hub):
    variables = {"SAMVERKAN_TOKEN_TTL_MAX": "600"}
    result = call("token", "sd-farsta", "--ttl", "601", "--data-dir", hub.data_dir, env=variables)
    assert "from 1 to 600 seconds" in result.stderr


def test_without_a_hub_it_says_how_to_begin_and_makes_no_key(call, tmp_path):
    result = call("token", "sd-farsta", "--data-dir", tmp_path / "data")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "samverkan serve" in result.stderr
    assert not (tmp_path / "data").exists()
