"""The lock files: every version pinned, every file hashed, and no word about where it was downloaded from."""

import re
import tomllib

import pytest

from tests.architecture import project

LOCKS = ("requirements.lock", "requirements-dev.lock")


def read(name: str) -> str:
    return (project.ROOT / name).read_text(encoding="utf-8")


def pinned(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", read(name), flags=re.MULTILINE))


def normalised(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found[0]).lower()


@pytest.mark.parametrize("name", LOCKS)
def test_names_no_host_and_no_path(name: str) -> None:
    allowed = re.compile(r"[A-Za-z0-9._\[\],-]+==[^\s;/]+( ; [^/@]+?)?( \\)?|    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [line for line in read(name).splitlines() if not allowed.fullmatch(line)] == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_version_has_hashes(name: str) -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", read(name), flags=re.MULTILINE)[1:]
    assert len(entries) > 30
    assert [entry.split("==")[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_what_the_project_asks_for_is_pinned() -> None:
    settings = tomllib.loads(read("pyproject.toml"))["project"]
    extras = settings["optional-dependencies"]
    runtime = {normalised(entry) for entry in settings["dependencies"]}
    build = {normalised(entry) for entry in extras["build"]}
    development = {normalised(entry) for entry in extras["dev"]}
    assert runtime | build <= {normalised(entry) for entry in pinned("requirements.lock")}
    assert runtime | development <= {normalised(entry) for entry in pinned("requirements-dev.lock")}


def test_both_locks_agree() -> None:
    run, dev = pinned("requirements.lock"), pinned("requirements-dev.lock")
    assert {name: (run[name], dev[name]) for name in run.keys() & dev.keys() if run[name] != dev[name]} == {}
