"""Units, schemas and rules: what is there, and whether it is whole."""

import json
import shutil

import pytest

from routing import directory, rulebook
from schemas import registry


def items(result):
    return json.loads(result.stdout)["items"]


def test_lists_the_units_that_are_open_that_day(call):
    then = {row["unit"] for row in items(call("party", "list", "--on", "2022-03-01", "--json"))}
    now = {row["unit"] for row in items(call("party", "list", "--on", "2026-03-01", "--json"))}
    every = {row["unit"] for row in items(call("party", "list", "--on", "all", "--json"))}
    assert "sd-rinkeby-kista" in then - now
    assert "sd-jarva" in now - then
    assert then | now <= every


def test_lists_units_of_one_kind_with_their_jobbtorg_and_team(call):
    rows = {row["unit"]: row for row in items(call("party", "list", "--kind", "sd", "--on", "2026-03-01", "--json"))}
    assert {row["kind"] for row in rows.values()} == {"sd"}
    assert (rows["sd-farsta"]["jobbtorg"], rows["sd-farsta"]["team"]) == ("jt-sydost", "team-sydost")


def test_piped_it_is_a_line_per_unit(call):
    lines = call("party", "list", "--kind", "sd", "--on", "2026-03-01").stdout.splitlines()
    assert lines[0].split()[:4] == ["unit", "kind", "authority", "name"]
    assert any(line.startswith("sd-farsta ") for line in lines)


@pytest.mark.parametrize("words", [["--kind", "xx"], ["--on", "yesterday"]])
def test_a_kind_or_day_that_is_none_is_wrong_use(words, call):
    result = call("party", "list", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1


def test_lists_every_type_and_version(call):
    rows = items(call("schemas", "list", "--json"))
    assert [(row["type"], row["version"]) for row in rows] == [
        (found.name, found.version) for found in registry.packaged().list_types()
    ]


def test_shows_the_fields_of_a_type(call):
    result = call("schemas", "show", "se.samverkan.referral.submitted")
    assert result.exit_code == 0
    assert "Anvisning till Jobbtorg" in result.stdout
    row = next(line for line in result.stdout.splitlines() if line.startswith("/content/work_extent "))
    assert row.split()[1:3] == ["WA", "extent"]


def test_shows_the_schema_as_it_is_published(call):
    result = call("schemas", "show", "referral.submitted", "1.0", "--json", shows_examples=True)
    assert json.loads(result.stdout) == registry.packaged().get_type("referral.submitted", "1.0").document


def test_an_unknown_type_is_wrong_use_with_what_is_close(call):
    result = call("schemas", "show", "referral.submited")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean referral.submitted?" in result.stderr


def test_an_unknown_version_is_wrong_use_with_those_there_are(call):
    result = call("schemas", "show", "referral.submitted", "9.9")
    assert result.exit_code == 2
    assert "it has 1.0" in result.stderr


@pytest.mark.slow
def test_the_packaged_schemas_and_rules_are_whole(call):
    for command in ("schemas", "rules"):
        result = call(command, "check")
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.startswith("ok\n")


@pytest.mark.slow
def test_a_changed_schema_is_named(call, tmp_path):
    folder = tmp_path / "schemas"
    for name in ("messages", "parts"):
        shutil.copytree(registry.PACKAGED / name, folder / name)
    (folder / "messages" / "plan.decided" / "1.0.json").write_text("{", encoding="utf-8")
    result = call("schemas", "check", folder)
    assert result.exit_code == 1
    assert "1.0.json: " in result.stdout


def test_a_folder_without_schemas_is_wrong_use(call, tmp_path):
    assert call("schemas", "check", tmp_path).exit_code == 2


@pytest.fixture
def rules(tmp_path):
    """A folder with a copy of the packaged rules and units."""
    shutil.copytree(rulebook.FOLDER, tmp_path / "own" / "rules")
    shutil.copytree(directory.FOLDER, tmp_path / "own" / "directory")
    return tmp_path / "own"


def break_rules(folder):
    path = folder / "types.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"sd"', '"xd"'), encoding="utf-8")


def break_units(folder):
    path = folder / "teams.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("sd-farsta", "sd-nowhere"), encoding="utf-8")


def test_own_rules_and_units_are_checked_together(rules, call):
    assert call("rules", "check", rules).exit_code == 0
    break_rules(rules / "rules")
    break_units(rules / "directory")
    result = call("rules", "check", rules)
    assert result.exit_code == 1
    assert {line.split(":")[0] for line in result.stdout.splitlines()} >= {"types.toml", "teams.toml"}
    assert all(line.count(": ") >= 2 for line in result.stdout.splitlines())


def test_every_fault_has_file_and_row_as_json(rules, call):
    break_units(rules / "directory")
    result = call("rules", "check", rules, "--json")
    assert result.exit_code == 1
    [fault, *_] = json.loads(result.stdout)["faults"]
    assert fault["file"] == "teams.toml"
    assert fault["row"].startswith("seat[")


def test_a_folder_of_rules_alone_and_of_units_alone_can_be_checked(rules, call):
    assert call("rules", "check", rules / "rules").exit_code == 0
    assert call("rules", "check", rules / "directory").exit_code == 0
    break_units(rules / "directory")
    assert call("rules", "check", rules / "rules").exit_code == 0
    assert call("rules", "check", rules / "directory").exit_code == 1


def test_a_folder_with_both_in_one_place_is_checked_whole(rules, call):
    for path in (rules / "directory").iterdir():
        shutil.copy(path, rules / "rules")
    assert call("rules", "check", rules / "rules").exit_code == 0
    break_units(rules / "rules")
    assert call("rules", "check", rules / "rules").exit_code == 1


def test_an_empty_folder_is_no_rulebook(call, tmp_path):
    result = call("rules", "check", tmp_path)
    assert result.exit_code == 1
    assert "the file is missing" in result.stdout


def test_a_folder_that_is_not_there_is_wrong_use(call, tmp_path):
    result = call("rules", "check", tmp_path / "nowhere")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is not a directory" in result.stderr


def test_the_settings_name_the_rules_that_are_checked(rules, call):
    break_rules(rules / "rules")
    assert call("rules", "check", env={"SAMVERKAN_RULES_DIR": str(rules / "rules")}).exit_code == 1
