"""The container files against the program that they start."""

import json
import re
from typing import Any

import yaml

from tests.architecture import project
from tests.architecture.test_documents import fault_in

COMPOSE = project.ROOT / "docker-compose.yml"
DOCKERFILE = (project.ROOT / "Dockerfile").read_text(encoding="utf-8")


def load_compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return found


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = load_compose()["services"]
    return found


def instruction(word: str) -> list[str]:
    found = re.findall(rf"^{word} (\[.*\])$", DOCKERFILE, flags=re.MULTILINE)
    assert found, word
    last: list[str] = json.loads(found[-1])
    return last


def test_the_hub_alone_starts_without_a_profile() -> None:
    assert [name for name, service in services().items() if "profiles" not in service] == ["hub"]
    assert {name for name, service in services().items() if service.get("profiles") == ["distributed"]} == {
        "postgres",
        "rabbitmq",
    }


def test_every_command_is_one_of_the_program() -> None:
    calls = [service["command"] for service in services().values() if "build" in service]
    calls.append(instruction("CMD"))
    assert calls
    assert [(call, fault) for call in calls if (fault := fault_in(list(call)))] == []


def test_the_image_starts_the_program() -> None:
    assert instruction("ENTRYPOINT") == ["samverkan"]


def test_the_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\S+)$", DOCKERFILE, flags=re.MULTILINE)
    assert users
    assert users[-1] not in ("root", "0")


def test_the_image_installs_by_hash_what_the_runtime_lock_names() -> None:
    assert "--require-hashes" in DOCKERFILE
    assert "requirements.lock" in DOCKERFILE
    assert "requirements-dev.lock" not in DOCKERFILE


def test_no_port_is_published_beyond_this_machine_and_none_of_the_servers() -> None:
    published = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert published == {"hub": ["127.0.0.1:8080:8080"]}


def test_the_servers_are_watched_and_kept_in_volumes() -> None:
    declared = load_compose()["volumes"]
    for name in ("postgres", "rabbitmq"):
        service = services()[name]
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
        assert service["volumes"][0].split(":")[0] in declared
        assert re.fullmatch(r"[a-z]+:[0-9]+(\.[0-9]+)*", service["image"]), "a release, not whatever is newest"


def test_secrets_come_from_files_only() -> None:
    assert all(set(secret) == {"file"} for secret in load_compose()["secrets"].values())
    for service in services().values():
        names = service.get("environment", {})
        assert [name for name in names if "PASSWORD" in name and not name.endswith("_FILE")] == []
