"""The container files against the program that they start."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from hub import settings
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


def test_the_file_is_one_that_compose_reads() -> None:
    schema = json.loads(Path(__file__).with_name("compose.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    assert [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(load_compose())] == []


def test_the_schema_finds_a_slip() -> None:
    schema = json.loads(Path(__file__).with_name("compose.schema.json").read_text(encoding="utf-8"))
    for path, value in (("healtcheck", {}), ("ports", ["5432"]), ("restart", False), ("depends_on", ["postgres"])):
        slip = load_compose()
        slip["services"]["postgres"][path] = value
        assert not jsonschema.Draft202012Validator(schema).is_valid(slip), path


def test_two_hubs_stand_behind_a_proxy_with_a_worker() -> None:
    plain = {name for name, service in services().items() if "profiles" not in service}
    assert plain == {"proxy", "hub-1", "hub-2", "worker", "migrate", "postgres", "rabbitmq"}
    proxy = load_compose()["configs"]["proxy"]["content"]
    assert re.findall(r"server (\S+):8080", proxy) == ["hub-1", "hub-2"]


def test_everything_that_is_named_is_there() -> None:
    compose = load_compose()
    for service in compose["services"].values():
        assert set(service["networks"]) <= compose["networks"].keys()
        assert set(service.get("depends_on", {})) <= compose["services"].keys()
        assert {mount.split(":")[0] for mount in service.get("volumes", [])} <= compose["volumes"].keys()
        for kind in ("secrets", "configs"):
            named = {item if isinstance(item, str) else item["source"] for item in service.get(kind, [])}
            assert named <= compose.get(kind, {}).keys()


def test_nobody_waits_for_the_health_of_a_service_that_has_none() -> None:
    for service in services().values():
        for name, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services()[name], name


def test_the_settings_are_the_programs_own() -> None:
    for service in services().values():
        given = {k: v for k, v in service.get("environment", {}).items() if k.startswith("SAMVERKAN_")}
        if given:
            urls = {
                "SAMVERKAN_DATABASE_URL": "postgresql://db/hub",
                "SAMVERKAN_BROKER_URL": "amqp://mq/",
                "SAMVERKAN_BROKER_API_URL": "http://mq:15672/",
            }
            plain = {k: v for k, v in given.items() if not k.endswith("_FILE")}
            assert {k.removesuffix("_FILE") for k in given if k.endswith("_FILE")} == urls.keys()
            assert settings.load({}, plain | urls, None).has_workers


def test_every_command_is_one_of_the_program() -> None:
    calls = [service["command"] for service in services().values() if "build" in service]
    calls += [
        service["healthcheck"]["test"][2:]
        for service in services().values()
        if service.get("healthcheck", {}).get("test", ["", ""])[1] == "samverkan"
    ]
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
    assert published == {"proxy": ["127.0.0.1:8080:8080"], "embedded": ["127.0.0.1:8080:8080"]}


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
