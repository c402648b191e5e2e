"""`rules matrix` and `rules diff` from the command line."""

import json
import shutil

from routing import rulebook


def test_the_matrix_of_a_type_shows_each_way_with_its_fields(call):
    result = call("rules", "matrix", "referral.answered", "--json")
    assert result.exit_code == 0
    ways = json.loads(result.stdout)["ways"]
    assert [(way["sender"], way["recipient"], way["basis"]) for way in ways] == [
        ("jt", "sd", "SOL_15_9"),
        ("jt", "sd", "CONSENT"),
    ]
    assert ways[0]["fields"]["/content/decision"] == ["ST"]


def test_a_type_that_is_none_is_wrong_use_and_says_where_to_look(call):
    result = call("rules", "matrix", "no.such")
    assert result.exit_code == 2
    assert "samverkan schemas list" in result.stderr


def test_rules_that_are_the_same_end_with_nought(call):
    result = call("rules", "diff", "packaged", "packaged", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"ways": [], "other": []})


def test_what_a_change_opens_is_named_and_ends_with_one(call, tmp_path):
    folder = shutil.copytree(rulebook.FOLDER, tmp_path / "rules")
    text = (folder / "types.toml").read_text("utf-8")
    (folder / "types.toml").write_text(
        text.replace('senders = ["sd"]\nrefused', 'senders = ["sd", "fk"]\nrefused'), "utf-8"
    )
    result = call("rules", "diff", "packaged", str(folder))
    assert result.exit_code == 1
    assert "opened: referral.submitted 1.0, fk -> jt, jobbtorg_planning, CONSENT" in result.stdout


def test_a_folder_that_is_none_is_wrong_use(call, tmp_path):
    result = call("rules", "diff", "packaged", str(tmp_path / "nowhere"))
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
