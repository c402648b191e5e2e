"""The program as a whole: help, examples, exit codes, one line for every fault."""

import json
import re
import subprocess
import sys

import pytest
import typer
from typer.core import TyperGroup

from hub.cli import faults, program
from hub.cli.main import app
from hub.key_file import KeyLocked
from hub.settings import SettingWrong
from hub.store.port import StoreUnavailable
from hub.vault import VaultLocked
from routing.rule_files import RuleFault, RulesBroken

NUMBER = "199001012385"
HEAVY = ("aiohttp", "sqlalchemy", "cryptography", "jsonschema_rs", "uvloop", "pydantic", "joserfc", "rich")


def commands():
    """Every command with the words that call it."""

    def walk(command, words):
        if isinstance(command, TyperGroup):
            for name, inner in command.commands.items():
                yield from walk(inner, [*words, name])
        else:
            yield words, command

    return list(walk(typer.main.get_command(app), []))


def example_of(command):
    found = re.fullmatch(r"Example: samverkan (.+)", command.epilog or "")
    return found[1].split() if found else None


@pytest.mark.parametrize(
    ("words", "command"), commands(), ids=lambda value: "-".join(value) if isinstance(value, list) else ""
)
class TestEveryCommand:
    def test_shows_its_example_in_its_help(self, words, command, call):
        result = call(*words, "--help")
        assert result.exit_code == 0
        assert "Example: samverkan " + " ".join(words) in re.sub(r"\s+", " ", result.stdout)

    def test_has_an_example_that_parses(self, words, command):
        example = example_of(command)
        assert example is not None
        assert example[: len(words)] == words
        command.make_context("samverkan", example[len(words) :]).close()

    def test_explains_every_option(self, words, command):
        assert [option.name for option in command.params if not option.help] == []

    def test_refuses_an_option_that_it_does_not_have(self, words, command, call):
        result = call(*words, "--colour")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.count("\n") == 1


def test_commands_that_only_run_take_no_json_and_all_others_do():
    without = {" ".join(words) for words, command in commands() if "json" not in {one.name for one in command.params}}
    assert without == {"serve", "worker", "migrate"}


def test_without_words_it_shows_its_help(call):
    result = call()
    assert result.exit_code == 0
    assert all(words[0] in result.stdout for words, _ in commands())


def test_tells_its_version(call):
    result = call("--version")
    assert result.exit_code == 0
    assert re.fullmatch(r"samverkan \d+\.\d+\.\d+\n", result.stdout)


def test_names_a_command_that_is_close(call):
    result = call("tokn", NUMBER)
    assert result.exit_code == 2
    assert result.stderr == "No such command 'tokn'. Did you mean 'token'? Try `samverkan --help`.\n"


def test_a_group_alone_is_wrong_use(call):
    result = call("rules")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Missing command. Try `samverkan rules --help`.\n"


@pytest.mark.parametrize(
    "words", [[NUMBER], ["case", NUMBER], ["case", "show", NUMBER], ["token", NUMBER], ["token", "a", NUMBER]]
)
def test_a_number_in_the_wrong_place_is_not_repeated(words, call):
    # `call` looks for the number in the output.
    assert call(*words).exit_code == 2


def test_is_the_same_program_as_a_module():
    result = subprocess.run([sys.executable, "-m", "hub", "--version"], capture_output=True, text=True)
    assert (result.returncode, result.stdout[:10]) == (0, "samverkan ")


def test_loads_nothing_heavy_before_a_command_runs():
    code = f"import sys, hub.cli.main; print([name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout == "[]\n"


def test_a_closed_pipe_is_no_fault():
    words = f"{sys.executable} -m hub schemas show plan.proposed | head -n 1"
    result = subprocess.run(["sh", "-c", words], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 1


BROKEN = RulesBroken([RuleFault("types.toml", "type[a]", "is odd"), RuleFault("bases.toml", "b", "is wrong")])


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (SettingWrong("port is wrong."), 2, "port is wrong."),
        (faults.WrongUse("No such unit."), 2, "No such unit."),
        (faults.Failed("No hub."), 1, "No hub."),
        (VaultLocked("No key."), 1, "No key."),
        (KeyLocked("Open key."), 1, "Open key."),
        (StoreUnavailable("in use"), 1, "The store cannot be used: in use."),
        (
            StoreUnavailable("the database failed: X"),
            1,
            "The store cannot be used: the database failed: X. `samverkan doctor` looks at disk, permissions and keys.",
        ),
        (OSError(28, "No space left on device", "var/x"), 1, "var/x: the disk is full; make room and try again."),
        (OSError(13, "Permission denied", "v"), 1, "v: Permission denied; run as the owner, or choose another place."),
        (
            BROKEN,
            1,
            "The rules are broken: types.toml: type[a]: is odd and 1 more; `samverkan rules check` lists every fault.",
        ),
        (faults.Failed(f"a line\nand {NUMBER}\x1b[2J"), 1, "a line\\x0aand [number]\\x1b[2J"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_expected_fault_is_one_line_with_its_code(error, code, line):
    assert faults.describe(error) == faults.Ending(line, code)


def raise_an_unexpected_fault():
    raise KeyError(NUMBER)


def test_an_unexpected_fault_tells_its_place_and_never_its_text():
    other = typer.Typer(cls=program.Program)
    other.command("one")(raise_an_unexpected_fault)
    other.command("two")(lambda: None)
    result = typer.testing.CliRunner().invoke(other, ["one"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert "builtins.KeyError" in result.stderr
    assert "raise_an_unexpected_fault" in result.stderr
    assert NUMBER not in result.stderr


DATA = [
    ["party", "list"],
    ["schemas", "list"],
    ["schemas", "show", "plan.proposed"],
    ["rules", "check"],
    ["doctor"],
]


@pytest.mark.parametrize("words", DATA, ids="-".join)
def test_json_is_all_there_is_on_standard_output(words, call):
    result = call(*words, "--json", shows_examples="show" in words)
    assert result.exit_code == 0
    assert json.loads(result.stdout)


@pytest.mark.parametrize("words", DATA, ids="-".join)
def test_piped_output_has_neither_colours_nor_boxes(words, call):
    result = call(*words, env={"TERM": "xterm-256color"})
    assert not set(result.stdout) & set("\x1b─│╭")
