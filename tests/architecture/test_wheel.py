"""What is installed is what is in the tree: a wheel holds every data file that the program reads."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.architecture import project

DATA = (".json", ".toml", ".mako", ".html", ".css", ".js", ".ttf", ".typed")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """The names in a wheel that is built from a copy, so that nothing is left behind in the tree."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md"):
        (source / name).write_bytes((project.ROOT / name).read_bytes())
    for package in project.PACKAGES:
        for path in (project.ROOT / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                target = source / path.relative_to(project.ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
    out = tmp_path_factory.mktemp("wheel")
    # The build backend called as pip calls it (PEP 517), without pip in between: no cache, no network.
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-I", "-c", build, str(out)], cwd=source, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(out.glob("*.whl"))) as archive:
        return frozenset(archive.namelist())


def in_tree(*suffixes: str) -> set[str]:
    return {
        path.relative_to(project.ROOT).as_posix()
        for package in project.PACKAGES
        for path in (project.ROOT / package).rglob("*")
        if path.is_file() and path.suffix in suffixes and "__pycache__" not in path.parts
    }


@pytest.mark.slow
def test_holds_every_module(wheel: frozenset[str]) -> None:
    assert in_tree(".py") - wheel == set()


@pytest.mark.slow
def test_holds_every_data_file(wheel: frozenset[str]) -> None:
    assert in_tree(*DATA) - wheel == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    "start", ["schemas/messages/", "routing/rules/", "routing/directory/", "hub/store/migrations/"]
)
def test_holds_something_of_each_kind(wheel: frozenset[str], start: str) -> None:
    assert [name for name in wheel if name.startswith(start) and Path(name).suffix in (".json", ".toml", ".py")]


@pytest.mark.slow
def test_holds_nothing_else(wheel: frozenset[str]) -> None:
    assert {name.split("/")[0] for name in wheel if ".dist-info/" not in name} <= set(project.PACKAGES)
