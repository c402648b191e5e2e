"""`samverkan serve` and `samverkan migrate`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import options, terminal

if TYPE_CHECKING:
    from hub.service import Hub
    from hub.settings import Settings


def _setting(flag: str, metavar: str | None, help: str) -> Any:
    # Texts, also for numbers: the settings check them and say what is accepted, in one sentence.
    return typer.Option(flag, metavar=metavar, help=help)


def serve(
    host: Annotated[
        str | None, _setting("--host", "ADDRESS", "The address to listen on. [dim]Default: 127.0.0.1[/dim]")
    ] = None,
    port: Annotated[
        str | None, _setting("--port", "PORT", "The port; 0 takes any free one. [dim]Default: 8080[/dim]")
    ] = None,
    public_url: Annotated[str | None, _setting("--public-url", "URL", "The address that browsers use.")] = None,
    oidc_issuer: Annotated[
        str | None, _setting("--oidc-issuer", "URL", "The OpenID Connect provider's issuer.")
    ] = None,
    oidc_client_id: Annotated[str | None, _setting("--oidc-client-id", "TEXT", "What it calls the hub.")] = None,
    oidc_acr: Annotated[
        str | None, _setting("--oidc-acr", "LEVELS", "Levels of assurance that are enough, with spaces between.")
    ] = None,
    data_dir: options.DataDir = None,
    demo: Annotated[
        bool | None, _setting("--demo/--no-demo", None, "Play invented messages. Never with real persons.")
    ] = None,
    config: options.Config = None,
    rules_dir: Annotated[
        str | None, _setting("--rules-dir", "DIR", "Rule files in place of the packaged ones.")
    ] = None,
    directory_dir: Annotated[
        str | None, _setting("--directory-dir", "DIR", "Unit files in place of the packaged ones.")
    ] = None,
    allow_test_numbers: Annotated[
        bool | None,
        _setting("--allow-test-numbers/--no-allow-test-numbers", None, "Accept Skatteverket's public test numbers."),
    ] = None,
    tls_cert: Annotated[str | None, _setting("--tls-cert", "FILE", "The hub's certificate chain (PEM).")] = None,
    tls_key: Annotated[str | None, _setting("--tls-key", "FILE", "Its key (PEM).")] = None,
    tls_client_ca: Annotated[
        str | None, _setting("--tls-client-ca", "FILE", "Who signs agencies' certificates (PEM).")
    ] = None,
    trusted_proxies: Annotated[
        str | None, _setting("--trusted-proxies", "ADDRESSES", "Whose Client-Cert header counts; also networks.")
    ] = None,
    client_address_header: Annotated[
        str | None,
        _setting("--client-address-header", "NAME", "How they tell whom they speak for. [dim]Default: none[/dim]"),
    ] = None,
    require_bound_tokens: Annotated[
        bool | None,
        _setting("--require-bound-tokens/--no-require-bound-tokens", None, "Refuse unbound tokens."),
    ] = None,
    allow_plain_inside: Annotated[
        bool | None,
        _setting("--allow-plain-inside/--no-allow-plain-inside", None, "Database and broker elsewhere without TLS."),
    ] = None,
    amqp_units: Annotated[
        str | None, _setting("--amqp-units", "UNITS", "Units that fetch by AMQP, with commas between them.")
    ] = None,
    signed_by: Annotated[str | None, _setting("--signed-by", "UNITS", "Whose messages must be signed.")] = None,
    issuer: Annotated[str | None, _setting("--issuer", "TEXT", "Who issues the hub's tokens (iss).")] = None,
    audience: Annotated[str | None, _setting("--audience", "TEXT", "For whom they are issued (aud).")] = None,
    token_ttl_max: Annotated[
        str | None, _setting("--token-ttl-max", "SECONDS", "The longest life of a token. [dim]Default: 3600[/dim]")
    ] = None,
    max_body_bytes: Annotated[
        str | None, _setting("--max-body-bytes", "BYTES", "The largest body. [dim]Default: 1048576[/dim]")
    ] = None,
    unit_requests_per_hour: Annotated[
        str | None, _setting("--unit-requests-per-hour", "NUMBER", "Calls of one unit; 0: any. [dim]Default: 0[/dim]")
    ] = None,
    person_lookups_per_hour: Annotated[
        str | None,
        _setting(
            "--person-lookups-per-hour", "NUMBER", "Questions of one unit about one person. [dim]Default: 1000[/dim]"
        ),
    ] = None,
    sessions_per_person: Annotated[
        str | None, _setting("--sessions-per-person", "NUMBER", "Windows of one person at once. [dim]Default: 5[/dim]")
    ] = None,
    body_timeout_seconds: Annotated[
        str | None, _setting("--body-timeout-seconds", "SECONDS", "How slow a body may be. [dim]Default: 30[/dim]")
    ] = None,
    group_size: Annotated[
        str | None, _setting("--group-size", "NUMBER", "Messages per commit at most. [dim]Default: 64[/dim]")
    ] = None,
    queue_limit: Annotated[
        str | None, _setting("--queue-limit", "NUMBER", "Messages that may wait. [dim]Default: 2048[/dim]")
    ] = None,
    attachment_largest_mb: Annotated[
        str | None, _setting("--attachment-largest-mb", "MB", "The largest file; 0: none. [dim]Default: 100[/dim]")
    ] = None,
    attachment_quota_mb: Annotated[
        str | None, _setting("--attachment-quota-mb", "MB", "Unsent files of one unit. [dim]Default: 500[/dim]")
    ] = None,
    attachment_hours: Annotated[
        str | None, _setting("--attachment-hours", "HOURS", "How long a file may wait unsent. [dim]Default: 24[/dim]")
    ] = None,
    attachment_scan_command: Annotated[
        str | None, _setting("--attachment-scan-command", "COMMAND", "Examines each file before it can be sent.")
    ] = None,
    attachment_scan_seconds: Annotated[
        str | None, _setting("--attachment-scan-seconds", "SECONDS", "How long that may take. [dim]Default: 120[/dim]")
    ] = None,
    webhook_networks: Annotated[
        str | None,
        _setting("--webhook-networks", "NETWORKS", "Private networks that webhooks may lead into, e.g. 10.20.0.0/16."),
    ] = None,
    deadline_sweep_seconds: Annotated[
        str | None,
        _setting("--deadline-sweep-seconds", "SECONDS", "How often deadlines are looked at. [dim]Default: 60[/dim]"),
    ] = None,
    master_key_command: Annotated[
        str | None,
        _setting("--master-key-command", "COMMAND", "Prints the master key. [dim]Default: the file master.key[/dim]"),
    ] = None,
    retention_hours: Annotated[
        str | None,
        _setting("--retention-hours", "HOURS", "How often what is due is erased; 0 is never. [dim]Default: 24[/dim]"),
    ] = None,
    log_origin: Annotated[
        str | None, _setting("--log-origin", "NAME", "What the tamper-evident log is called.")
    ] = None,
    log_checkpoint_seconds: Annotated[
        str | None,
        _setting("--log-checkpoint-seconds", "SECONDS", "How often the log is signed. [dim]Default: 1[/dim]"),
    ] = None,
    log_policy: Annotated[str | None, _setting("--log-policy", "FILE", "The witnesses that cosign the log.")] = None,
    log_level: Annotated[
        str | None, _setting("--log-level", "LEVEL", "debug, info, warning or error. [dim]Default: info[/dim]")
    ] = None,
    log_format: Annotated[
        str | None, _setting("--log-format", "FORMAT", "auto, json or console. [dim]Default: auto[/dim]")
    ] = None,
) -> None:
    """Run the hub until SIGTERM or Ctrl-C. Makes its data directory, keys and database at the first start."""
    flags = dict(locals())
    settings = options.load_settings(**flags)
    import uvloop

    from hub.telemetry import logging

    told = settings.demo and log_level is None and "SAMVERKAN_LOG_LEVEL" not in os.environ
    # The demonstration tells every step itself; a line per request between them would drown it.
    logging.configure("warning" if told else settings.log_level, settings.log_format)
    uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    from hub import bootstrap
    from hub.api import server
    from hub.web import frame

    # Listened for before anything is opened, so that a signal during the start ends it in order too.
    stopping = asyncio.create_task(server.stop_signal())
    await asyncio.sleep(0)
    hub = bootstrap.build_hub(settings)
    door = server.Server(hub, settings.host, settings.port)
    await door.start()
    playing: asyncio.Task[None] | None = None
    try:
        _announce(settings, door.url)
        # Beside what is served: nobody waits for it, and nobody's first page then does.
        threading.Thread(target=frame.read_templates, name="templates", daemon=True).start()
        _reload_on_hangup(hub)
        if settings.demo:
            playing = asyncio.create_task(_play(settings, door.url))
        await stopping
        _let_the_next_signal_through()
    finally:
        if playing is not None:
            playing.cancel()
            await asyncio.wait([playing])
        await door.stop()


def _announce(settings: Settings, url: str) -> None:
    """For a person; a machine reads the same in the log's `hub_started`."""
    if settings.log_format == "json" or (settings.log_format == "auto" and not terminal.is_terminal()):
        return
    terminal.say(f"Samverkan listens on {url} ({url}/docs), data in {settings.data_dir}. Ctrl-C stops it.", "bold")
    sys.stdout.flush()


def _reload_on_hangup(hub: Hub) -> None:
    """SIGHUP reads the rule files again; a set with a fault is refused, told in the log, and changes nothing. That
    units have changed is told too: they take two administrators."""
    under_way: set[asyncio.Task[None]] = set()

    def begin() -> None:
        task = asyncio.ensure_future(_reload(hub))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, begin)


async def _reload(hub: Hub) -> None:
    import structlog

    from hub import reloading
    from hub.commit_group import Overloaded
    from hub.store.port import StoreUnavailable

    try:
        await reloading.on_hangup(hub)
    except (StoreUnavailable, Overloaded) as fault:
        structlog.get_logger(__name__).warning("rules_refused", reason=type(fault).__name__)


def _let_the_next_signal_through() -> None:
    """Whoever presses Ctrl-C a second time does not want to wait for requests under way."""
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.remove_signal_handler(name)


async def _play(settings: Settings, url: str) -> None:
    """The demonstration. When it fails the log says why, and the hub goes on."""
    import structlog

    from hub import bootstrap

    try:
        from hub.demo import play

        await play.play(url, settings, bootstrap.build_issuer(settings))
    except Exception:  # noqa: BLE001 - a demonstration that fails is no reason to stop the hub
        structlog.get_logger(__name__).exception("demo_failed")


def migrate(data_dir: options.DataDir = None, config: options.Config = None) -> None:
    """Bring the database to this version. With the embedded engine `serve` does the same at every start; that hub must
    not be running. With PostgreSQL, run it once before hubs and workers start: it also makes the keys they share."""
    from hub import bootstrap

    settings = options.load_settings(config, data_dir=data_dir)
    technology = asyncio.run(bootstrap.prepare(settings))
    where = "The database" if bootstrap.is_distributed(settings) else bootstrap.database_path(settings)
    terminal.say(f"{where} is up to date ({technology}).")
