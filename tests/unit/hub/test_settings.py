import dataclasses
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from hub import settings
from hub.settings import SettingWrong

DEFAULT_FILE = Path(settings.__file__).with_name("samverkan.default.toml")


def load(flags=None, environ=None, file=None):
    return settings.load(flags or {}, environ or {}, file)


def written(tmp_path, text):
    file = tmp_path / "samverkan.toml"
    file.write_text(text, encoding="utf-8")
    return file


def wrong(**given):
    with pytest.raises(SettingWrong) as refused:
        load(**given)
    sentence = str(refused.value)
    assert sentence.count("\n") == 0
    assert sentence[-1] in ".?"
    return sentence


def test_without_anything_the_defaults_hold():
    found = load()
    assert (found.host, found.port, found.data_dir) == ("127.0.0.1", 8080, Path("var"))
    assert (found.database_url, found.broker_url, found.rules_dir, found.directory_dir) == (
        None,
        None,
        None,
        None,
    )
    assert (found.demo, found.allow_test_numbers) == (False, False)
    assert found.max_body_bytes == 1024 * 1024
    assert found.token_ttl_max == timedelta(hours=1)
    assert (found.log_level, found.log_format) == ("info", "auto")


def test_the_default_file_has_exactly_the_settings():
    names = set(tomllib.loads(DEFAULT_FILE.read_text(encoding="utf-8")))
    assert names == {field.name for field in dataclasses.fields(settings.Settings)} == set(settings._KINDS)


def test_the_default_file_explains_every_setting():
    """A block of settings stands under a comment."""
    blocks = DEFAULT_FILE.read_text(encoding="utf-8").split("\n\n")
    with_rows = [block for block in blocks if any("=" in row and row[0] != "#" for row in block.splitlines())]
    assert len(with_rows) >= 15
    assert all(block.startswith("# ") for block in with_rows)


def test_the_default_file_is_a_valid_file_of_ones_own(tmp_path):
    assert load(file=written(tmp_path, DEFAULT_FILE.read_text(encoding="utf-8"))) == load()


def test_a_flag_goes_before_a_variable_before_a_row(tmp_path):
    file = written(tmp_path, "port = 1")
    assert load(file=file).port == 1
    assert load(file=file, environ={"SAMVERKAN_PORT": "2"}).port == 2
    assert load(file=file, environ={"SAMVERKAN_PORT": "2"}, flags={"port": 3}).port == 3


def test_a_flag_that_was_not_given_changes_nothing():
    assert load(flags={"port": None, "demo": None}) == load()


def test_a_false_flag_is_a_flag():
    assert load(flags={"demo": False}, environ={"SAMVERKAN_DEMO": "true"}).demo is False


def test_demo_turns_test_numbers_on():
    assert load(flags={"demo": True}).allow_test_numbers
    assert not load(environ={"SAMVERKAN_ALLOW_TEST_NUMBERS": "no"}).allow_test_numbers


@pytest.mark.parametrize(("text", "truth"), [("true", True), ("YES", True), ("1", True), ("off", False), ("0", False)])
def test_truth_has_its_usual_words_in_the_environment(text, truth):
    assert load(environ={"SAMVERKAN_DEMO": text}).demo is truth


def test_reads_every_kind_of_setting_from_the_environment():
    found = load(
        environ={
            "SAMVERKAN_DATA_DIR": "/srv/hub",
            "SAMVERKAN_RULES_DIR": "rules",
            "SAMVERKAN_TOKEN_TTL_MAX": "600",
            "SAMVERKAN_LOG_FORMAT": "JSON",
            "SAMVERKAN_HOST": "::1",
            "SAMVERKAN_DATABASE_URL": "",
        }
    )
    assert (found.data_dir, found.rules_dir) == (Path("/srv/hub"), Path("rules"))
    assert found.token_ttl_max == timedelta(minutes=10)
    assert (found.log_format, found.host, found.database_url) == ("json", "::1", None)


@pytest.mark.parametrize(
    ("name", "text", "accepted"),
    [
        ("PORT", "eighty", "a whole number from 0 to 65535"),
        ("PORT", "65536", "a whole number from 0 to 65535"),
        ("PORT", "-1", "a whole number from 0 to 65535"),
        ("PORT", "8080.0", "a whole number from 0 to 65535"),
        ("PORT", "٨٠٨٠", "a whole number from 0 to 65535"),
        ("PORT", "9" * 5000, "a whole number from 0 to 65535"),
        ("PORT", "", "a whole number from 0 to 65535"),
        ("HOST", "", "a text that is not empty"),
        ("HOST", "local\nhost", "a text that is not empty"),
        ("DATA_DIR", "", "the path of a directory"),
        ("DEMO", "maybe", "true or false"),
        ("DEMO", "", "true or false"),
        ("LOG_LEVEL", "loud", "one of debug, info, warning, error"),
        ("LOG_FORMAT", "xml", "one of auto, json, console"),
        ("TOKEN_TTL_MAX", "3601", "a whole number of seconds from 1 to 3600"),
        ("TOKEN_TTL_MAX", "0", "a whole number of seconds from 1 to 3600"),
        ("MAX_BODY_BYTES", "10", "a whole number from 1024 to 16777216"),
        ("GROUP_SIZE", "0", "a whole number from 1 to 1024"),
        ("QUEUE_LIMIT", "1e3", "a whole number from 1 to 100000"),
        ("ATTACHMENT_SCAN_COMMAND", "scan '-", "a command, or empty"),
    ],
)
def test_a_wrong_variable_is_named_with_what_is_accepted(name, text, accepted):
    sentence = wrong(environ={f"SAMVERKAN_{name}": text})
    assert sentence == f"{name.lower()} from the variable SAMVERKAN_{name} is wrong: it must be {accepted}."


def test_a_wrong_flag_is_named():
    assert "port from the flag --port is wrong" in wrong(flags={"port": 70000})
    assert "log_level from the flag --log-level is wrong" in wrong(flags={"log_level": "loud"})


@pytest.mark.parametrize("row", ['port = "x"', "port = true", "port = 80.5", "demo = 1", "host = 7", "rules_dir = []"])
def test_a_wrong_row_is_named_with_its_file(tmp_path, row):
    file = written(tmp_path, row)
    assert wrong(file=file).startswith(f"{row.split()[0]} from the file {file} is wrong: it must be ")


def test_a_row_that_is_no_setting_is_named(tmp_path):
    assert "prot from the file" in wrong(file=written(tmp_path, "prot = 1"))
    assert "did you mean port?" in wrong(file=written(tmp_path, "prot = 1"))
    assert "samverkan.default.toml lists the settings" in wrong(file=written(tmp_path, "[storage]\nx = 1"))


def test_a_misspelt_variable_is_named():
    sentence = wrong(environ={"SAMVERKAN_DATABSE_URL": "x"})
    assert sentence == (
        "SAMVERKAN_DATABSE_URL from the environment is not a setting; did you mean SAMVERKAN_DATABASE_URL?"
    )


@pytest.mark.parametrize("name", ["SAMVERKAN_NOPE", "SAMVERKAN_", "SAMVERKAN_TESTS", "SAMVERKAN_HOST_FILE"])
def test_a_variable_of_the_hubs_that_is_no_setting_stops_the_start(name):
    sentence = wrong(environ={name: "secret"})
    assert sentence.startswith(f"{name} from the environment is not a setting; ")
    assert "secret" not in sentence


def test_a_variable_in_small_letters_is_not_taken_for_a_setting():
    assert wrong(environ={"SAMVERKAN_port": "1"}).startswith("SAMVERKAN_port from the environment is not a setting; ")


def test_what_else_the_project_reads_and_variables_of_other_programs_are_left_alone():
    names = ("SAMVERKAN_HUB", "SAMVERKAN_TOKEN", "SAMVERKAN_TEST_DATABASE_URL", "PORT", "LANG", "SAMVERKANS_X")
    assert load(environ=dict.fromkeys(names, "x")) == load()


def test_whoever_trusts_a_proxy_names_addresses_or_networks_and_not_everybody():
    found = load(environ={"SAMVERKAN_TRUSTED_PROXIES": "127.0.0.1, 10.20.0.0/24,2001:db8::/48"})
    assert [str(each) for each in found.trusted_proxies] == ["127.0.0.1/32", "10.20.0.0/24", "2001:db8::/48"]
    for text in ("0.0.0.0/0", "::/0", "10.20.0.7/24", "10.20.0.0/33", "proxy.example", "10.20.0.0/24,"[:-1] + ";"):
        assert "trusted_proxies from" in wrong(environ={"SAMVERKAN_TRUSTED_PROXIES": text})


def test_a_flag_that_is_no_setting_is_named():
    assert wrong(flags={"log_levl": "x"}) == (
        "--log-levl from the command line is not a setting; did you mean --log-level?"
    )


def test_a_file_that_is_not_there_is_named(tmp_path):
    assert "cannot be read: No such file or directory" in wrong(file=tmp_path / "none.toml")


def test_a_file_that_is_not_toml_is_named_with_the_place(tmp_path):
    sentence = wrong(file=written(tmp_path, "port = 1\nhost = = 'secret-value'"))
    assert "is not TOML: line 2, column 8" in sentence
    assert "secret-value" not in sentence


def test_a_file_that_is_not_text_is_named(tmp_path):
    file = tmp_path / "samverkan.toml"
    file.write_bytes(b"host = '\xff'")
    assert "is not UTF-8" in wrong(file=file)


@pytest.mark.parametrize("url", ["mysql://hub:hemligt@db/hub", "postgresql:///hub", "hemligt", "sqlite://db/hub"])
def test_an_engine_that_is_not_served_ends_in_one_sentence_without_the_password(url):
    sentence = wrong(environ={"SAMVERKAN_DATABASE_URL": url})
    assert "hemligt" not in sentence
    assert sentence == (
        "database_url from the variable SAMVERKAN_DATABASE_URL is wrong: it must be empty, or a URL that begins with "
        "postgresql:// and names a host."
    )


def test_a_secret_may_lie_in_a_file_of_its_own(tmp_path):
    path = tmp_path / "url"
    path.write_text("postgresql://hub:hemligt@db/hub\n")
    by_file = {"SAMVERKAN_DATABASE_URL_FILE": str(path), "SAMVERKAN_ALLOW_PLAIN_INSIDE": "yes"}
    assert load(environ=by_file).database_url == "postgresql://hub:hemligt@db/hub"
    directly = by_file | {"SAMVERKAN_DATABASE_URL": "postgres://db/other"}
    assert load(environ=directly).database_url == "postgres://db/other"
    assert "cannot be read" in wrong(environ={"SAMVERKAN_DATABASE_URL_FILE": str(tmp_path / "absent")})
    path.write_text("mysql://hub:hemligt@db/hub")
    assert "hemligt" not in wrong(environ=by_file)


def test_settings_do_not_change_and_do_not_show_urls():
    found = load()
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.port = 1
    assert "hemligt" not in repr(dataclasses.replace(found, database_url="postgresql://hub:hemligt@db/hub"))


def test_the_environment_is_only_what_was_handed_over(monkeypatch):
    monkeypatch.setenv("SAMVERKAN_PORT", "not-a-port")
    assert load().port == 8080
