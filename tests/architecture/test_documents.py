"""What the documents tell a reader to do can be done."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from hub.api import table
from tests.architecture import project

MAKEFILE = (project.ROOT / "Makefile").read_text(encoding="utf-8")
# Up to what a shell would end the command at.
COMMAND = re.compile(r"(?:^|[\s/$(])samverkan ([a-z][^|;#)&]*)")


def relative(path: Path) -> str:
    return path.relative_to(project.ROOT).as_posix()


@cache
def load_program() -> TyperGroup:
    from hub.cli.main import app

    program = typer.main.get_command(app)
    assert isinstance(program, TyperGroup)
    return program


def list_uses() -> Iterator[tuple[str, list[str]]]:
    for page in project.list_pages():
        for line in project.code_in(page):
            for found in COMMAND.finditer(line):
                yield relative(page), found[1].split()


def fault_in(words: list[str]) -> str | None:
    """Why these words are no call of the program; None when they are one."""
    command: object = load_program()
    while isinstance(command, TyperGroup):
        if not words:
            return "a group of commands without a command"
        head, *words = words
        if head not in command.commands:
            return f"no command {head}"
        command = command.commands[head]
    assert isinstance(command, TyperCommand)
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in words if word.startswith("--") and word.split("=")[0] not in options]
    return f"no option {unknown[0]}" if unknown else None


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.MULTILINE))
    named = {
        (relative(page), target)
        for page in project.list_pages()
        for line in project.code_in(page)
        for target in re.findall(r"^\s*make(?: -C \S+)? ([a-z-]+)", line)
    }
    assert {("README.md", "run"), ("README.md", "test")} <= named
    assert {(page, target) for page, target in named if target not in targets} == set()


def test_every_target_explains_itself() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, flags=re.MULTILINE)
    assert phony is not None
    explained = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, flags=re.MULTILINE))
    assert set(phony[1].split()) - explained == {"environment"}


def test_every_command_that_is_named_exists() -> None:
    uses = list(list_uses())
    assert len(uses) > 8
    assert [(page, words, fault) for page, words in uses if (fault := fault_in(list(words)))] == []


@pytest.mark.parametrize("page", project.list_pages(), ids=relative)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_every_decision_is_in_the_list() -> None:
    folder = project.ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\(([0-9]{4}-[^)]+)\)", (folder / "README.md").read_text(encoding="utf-8"))
    there = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert listed == there
    assert [name[:4] for name in there] == [f"{number:04}" for number in range(1, len(there) + 1)]


@pytest.mark.parametrize("page", sorted((project.ROOT / "docs" / "decisions").glob("[0-9]*.md")), ids=relative)
def test_every_decision_says_what_was_given_up(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Given up"))


def with_methods(calls: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """A path without a method has that of the one before it."""
    known = ""
    for method, path in calls:
        known = method or known
        yield known, path


def test_the_overview_of_http_names_every_call() -> None:
    page = (project.ROOT / "docs" / "reference" / "http.md").read_text(encoding="utf-8")
    calls = {
        f"{operation.method} {operation.path}"
        for operation in table.OPERATIONS
        if not operation.path.startswith("/docs/")  # what the page at /docs is made of
    }
    named = {
        f"{method} {path}"
        for row in re.findall(r"^\| (`(?:GET|POST|PUT|DELETE) [^|]*) \|", page, flags=re.MULTILINE)
        for method, path in with_methods(re.findall(r"`(?:(GET|POST|PUT|DELETE) )?(/[^`\s]*)`", row))
    }
    assert named == calls
