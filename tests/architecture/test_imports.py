"""The fences that import-linter cannot draw: part of a package, a word of a library, the standard library."""

import sys

import pytest

from tests.architecture import project

# The clock, and the log, whose lines say when they were written and not when something holds.
# The client library runs at an agency, without the hub's clock; a log line's time decides nothing.
ASKS_THE_TIME = {"hub.clock", "hub.telemetry.logging", "hub.client.events"}


def offending(imports: list[project.Import]) -> list[str]:
    return [str(found) for found in imports]


def test_there_is_something_to_look_at() -> None:
    assert len(project.list_imports(*project.PACKAGES)) > 100


def test_routing_takes_only_the_standard_library_and_the_schemas() -> None:
    allowed = sys.stdlib_module_names | {"routing", "schemas"}
    assert not offending(
        [found for found in project.list_imports("routing") if found.target.split(".")[0] not in allowed]
    )


@pytest.mark.parametrize("forbidden", ["asyncio", "logging", "os", "random", "socket", "sqlite3", "time"])
def test_routing_does_nothing_but_decide(forbidden: str) -> None:
    assert not offending([found for found in project.list_imports("routing") if found.reaches(forbidden)])


def test_routing_never_asks_what_time_it_is() -> None:
    asking = (".now(", ".today(", ".utcnow(", "time.time(")
    assert not [
        f"{project.module_name(path)} asks {word}"
        for path in project.list_files("routing")
        for word in asking
        if word in path.read_text(encoding="utf-8")
    ]


def test_only_the_clock_asks_the_system_what_time_it_is() -> None:
    asking = ("datetime.now(", "date.today(", "datetime.utcnow(")
    assert not [
        f"{project.module_name(path)} asks {word}"
        for path in project.list_files("hub", "schemas")
        if project.module_name(path) not in ASKS_THE_TIME
        for word in asking
        if word in path.read_text(encoding="utf-8")
    ]


def test_the_client_library_knows_nothing_else_of_the_hub() -> None:
    assert not offending(
        [
            found
            for found in project.list_imports("hub/client")
            if found.reaches("hub") and not found.reaches("hub.client") and found.target != "hub"
        ]
    )


def test_adapters_speak_only_the_public_interface() -> None:
    assert not offending(
        [
            found
            for found in project.list_imports("adapters")
            if (found.reaches("hub") and not found.reaches("hub.client") and found.target != "hub")
            or found.reaches("routing")
        ]
    )


@pytest.mark.parametrize("package", ["adapters", "hub/client"])
def test_outside_the_hub_nobody_serves_http(package: str) -> None:
    assert not offending([found for found in project.list_imports(package) if found.reaches("aiohttp.web")])


def test_the_web_framework_stays_in_the_api_and_the_pages() -> None:
    # aiohttp is both: its client may be used elsewhere, its server may not.
    assert not offending(
        [
            found
            for found in project.list_imports(*project.PACKAGES)
            if found.reaches("aiohttp.web") and not (found.comes_from("hub.api") or found.comes_from("hub.web"))
        ]
    )


@pytest.mark.parametrize("concrete", ["hub.store.sqlite", "hub.transport.in_process"])
def test_only_bootstrap_builds_concrete_parts(concrete: str) -> None:
    home = concrete.rpartition(".")[0]
    assert not offending(
        [
            found
            for found in project.list_imports("hub")
            if found.reaches(concrete) and found.module != "hub.bootstrap" and not found.comes_from(home)
        ]
    )


def test_only_documents_are_drawn_as_pdf() -> None:
    assert not offending(
        [
            found
            for found in project.list_imports(*project.PACKAGES)
            if found.reaches("fpdf") and not found.comes_from("hub.documents")
        ]
    )


@pytest.mark.parametrize("framework", ["typer", "rich"])
def test_the_terminal_stays_in_the_command_lines(framework: str) -> None:
    assert not offending(
        [
            found
            for found in project.list_imports(*project.PACKAGES)
            if found.reaches(framework) and not any(map(found.comes_from, ("hub.cli", "hub.demo", "adapters")))
        ]
    )
