"""How the house is kept: files, folders, names."""

import ast
import tomllib
from pathlib import Path

import pytest

from tests.architecture import project

LONGEST_FILE = 400
# Path -> why it may be longer. Empty is how it should be.
MAY_BE_LONGER: dict[str, str] = {}
NO_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "models", "types", "misc"}


def every_source() -> list[Path]:
    return project.list_files(*project.PACKAGES, "tests", "bench", "scripts")


def relative(path: Path) -> str:
    return path.relative_to(project.ROOT).as_posix()


@pytest.mark.parametrize("path", [p for p in every_source() if p.name == "__init__.py"], ids=relative)
def test_init_holds_a_docstring_and_nothing_else(path: Path) -> None:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert [type(statement) for statement in body] in ([ast.Expr], [])
    if path.parts[len(project.ROOT.parts)] in project.PACKAGES:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_no_file_is_too_long() -> None:
    long = {
        relative(path): lines
        for path in every_source()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    }
    assert {name: lines for name, lines in long.items() if name not in MAY_BE_LONGER} == {}
    assert set(MAY_BE_LONGER) <= set(long), "an exception that is no longer needed"


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not [relative(path) for path in project.list_files(*project.PACKAGES) if path.stem in NO_NAMES]


def test_every_package_is_built_into_the_distribution() -> None:
    settings = tomllib.loads((project.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = settings["tool"]["setuptools"]["packages"]
    there = sorted(
        project.module_name(path) for path in project.list_files(*project.PACKAGES) if path.name == "__init__.py"
    )
    assert sorted(listed) == there


def test_every_folder_with_code_is_a_package() -> None:
    # Alembic loads its revisions by path, so their folder is none.
    assert not sorted(
        {
            relative(path.parent)
            for path in project.list_files(*project.PACKAGES)
            if "migrations" not in path.parts and not (path.parent / "__init__.py").exists()
        }
    )


@pytest.mark.parametrize("package", project.PACKAGES)
def test_the_package_says_that_it_is_typed(package: str) -> None:
    assert (project.ROOT / package / "py.typed").exists()


def test_nothing_is_left_for_later() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "X" + "XX")
    assert not [
        f"{relative(path)} holds {mark}"
        for path in every_source()
        for mark in marks
        if mark in path.read_text(encoding="utf-8")
    ]
