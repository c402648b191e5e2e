"""The hub does not speak in clear to servers on other machines, unless somebody has said that it may."""

from __future__ import annotations

import pytest

from hub import links, settings

DATABASES_HERE = (
    "postgresql://hub:hemligt@127.0.0.1:5433/hub",
    "postgresql://hub@localhost/hub",
    "postgres://[::1]:5432/hub",
    "postgresql://%2Fvar%2Frun%2Fpostgresql/hub",
    "postgresql://localhost/hub?host=/var/run/postgresql",
    "postgresql://127.0.0.1:5432,localhost:5433/hub",
)
DATABASES_SAFE = (
    "postgresql://hub:hemligt@db.example/hub?sslmode=verify-full",
    "postgresql://db-1,db-2/hub?target_session_attrs=primary&sslmode=verify-full",
)
DATABASES_PLAIN = (
    "postgresql://hub:hemligt@db.example/hub",
    "postgresql://hub:hemligt@10.0.0.7/hub?sslmode=require",
    "postgresql://db/hub?sslmode=verify-ca",
    "postgresql://db/hub?sslmode=verify-full&sslmode=disable",
    "postgresql://db/hub?SSLMODE=verify-full",
    "postgresql://localhost/hub?host=db.example",
    "postgresql://localhost/hub?hostaddr=10.0.0.7",
    "postgresql://localhost/hub?service=far",
    "postgresql://localhost,db.example/hub",
    "postgresql://localhost:5432@db.example/hub",
    "postgresql://localhost.example/hub",
    "postgresql://127.0.0.1.example/hub",
    "postgresql://0.0.0.0/hub",
)
BROKERS_FINE = ("amqp://guest:guest@localhost/", "amqp://[::1]:5672/", "amqps://u:hemligt@mq.example/?cafile=/ca.pem")
BROKERS_PLAIN = (
    "amqp://u:hemligt@mq.example/",
    "amqp://mq/?sslmode=verify-full",
    "amqps://mq.example/?no_verify_ssl=1",
    "amqps://mq.example/?no_verify_ssl=",
)


@pytest.mark.parametrize("url", DATABASES_HERE + DATABASES_SAFE)
def test_a_database_here_or_behind_verified_tls_is_fine(url: str) -> None:
    assert links.find_plain(url, None, None) is None


@pytest.mark.parametrize("url", DATABASES_PLAIN)
def test_a_database_elsewhere_without_verified_tls_is_refused(url: str) -> None:
    told = links.find_plain(url, None, None)
    assert told is not None
    assert told.startswith("database_url ")
    assert "sslmode=verify-full" in told


@pytest.mark.parametrize("url", BROKERS_FINE)
def test_a_broker_here_or_behind_verified_tls_is_fine(url: str) -> None:
    assert links.find_plain(None, url, None) is None


@pytest.mark.parametrize("url", BROKERS_PLAIN)
def test_a_broker_elsewhere_without_verified_tls_is_refused(url: str) -> None:
    told = links.find_plain(None, url, None)
    assert told is not None
    assert told.startswith("broker_url ")
    assert "amqps://" in told


def test_the_brokers_management_is_spoken_to_by_https_when_it_is_elsewhere() -> None:
    assert links.find_plain(None, None, "http://u:p@127.0.0.1:15672/") is None
    assert links.find_plain(None, None, "https://u:p@mq.example:15671/") is None
    told = links.find_plain(None, None, "http://u:p@mq.example:15672/")
    assert told is not None
    assert told.startswith("broker_api_url ")


@pytest.mark.parametrize("url", [*DATABASES_PLAIN, *BROKERS_PLAIN])
def test_the_start_ends_in_one_sentence_without_the_url_unless_plain_is_allowed(url: str) -> None:
    name = "broker_url" if url.startswith("amqp") else "database_url"
    with pytest.raises(settings.SettingWrong) as wrong:
        settings.load({name: url}, {}, None)
    assert "allow_plain_inside" in str(wrong.value)
    assert "\n" not in str(wrong.value)
    assert "hemligt" not in str(wrong.value)
    assert url not in str(wrong.value)
    allowed = settings.load({name: url}, {"SAMVERKAN_ALLOW_PLAIN_INSIDE": "true"}, None)
    assert getattr(allowed, name) == url
