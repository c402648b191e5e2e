"""`samverkan doctor`: what is wrong with this installation, and what to do. Looks only; makes and changes nothing."""

from __future__ import annotations

import http.client
import os
import shlex
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import typer

from hub.cli import faults, lookups, options, terminal

if TYPE_CHECKING:
    from hub.settings import Settings

LEAST_FREE_SHARE: Final = 0.02
LEAST_FREE_BYTES: Final = 64 * 1024 * 1024
ANSWER_SECONDS: Final = 3.0
LARGEST_ANSWER: Final = 65_536


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `advice` is what to do when it is not right."""

    name: str
    is_right: bool
    text: str
    advice: str = ""


def doctor(
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Look at settings, data directory, keys, store, rules, schemas, clock, disk and a running hub."""
    findings = list(_examine(config, data_dir))
    if json:
        rows = [{"name": one.name, "ok": one.is_right, "text": one.text, "advice": one.advice} for one in findings]
        terminal.show_json({"ok": all(one.is_right for one in findings), "checks": rows})
    else:
        terminal.show_table(("check", "result", "found"), [_row(one) for one in findings])
    if not all(one.is_right for one in findings):
        raise typer.Exit(faults.ANSWER_IS_NO)


def _row(one: Finding) -> tuple[str, terminal.Cell, str]:
    result = terminal.Cell("ok", "green") if one.is_right else terminal.Cell("WRONG", "bold red")
    return one.name, result, f"{one.text} {one.advice}".strip()


def _examine(config: str | None, data_dir: str | None) -> Iterator[Finding]:
    from hub.settings import SettingWrong

    try:
        settings = options.load_settings(config, data_dir=data_dir)
    except SettingWrong as wrong:
        yield Finding("settings", False, str(wrong))
        return  # nothing else can be found without them
    file = options.find_file(config)
    yield Finding("settings", True, f"from {file}, environment and flags" if file else "no file; the defaults hold")
    for name, look in _LOOKS.items():
        try:
            yield from look(settings)
        except Exception as error:  # noqa: BLE001 - one look that fails must not hide the others
            yield Finding(name, False, faults.describe(error).line)


def _look_at_data_dir(settings: Settings) -> Iterator[Finding]:
    name, path = "data directory", settings.data_dir
    if not path.exists():
        yield Finding(name, True, f"{path} is not there yet; `samverkan serve` makes it")
    elif not path.is_dir():
        yield Finding(name, False, f"{path} is no directory.", "Choose another with --data-dir.")
    elif not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(name, False, f"{path} cannot be written by this user.", "Run as its owner.")
    elif _mode(path) & 0o077:
        yield Finding(name, False, f"{path} is open to others.", f"Run chmod 700 {path}.")
    else:
        yield Finding(name, True, f"{path}, open to its owner only")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _look_at_keys(settings: Settings) -> Iterator[Finding]:
    from hub import bootstrap

    has_data = bootstrap.has_data(settings)
    for file in (bootstrap.MASTER_KEY, bootstrap.SIGNING_KEY):
        is_printed = file == bootstrap.MASTER_KEY and settings.master_key_command is not None
        is_needed = file == bootstrap.MASTER_KEY and has_data
        if not (settings.data_dir / file).exists() and not is_printed and not is_needed:
            maker = "migrate" if bootstrap.is_distributed(settings) else "serve"
            yield Finding(file, True, f"not there yet; `samverkan {maker}` makes it")
            continue
        try:
            # Opening says what is wrong with it, in a sentence.
            if file == bootstrap.SIGNING_KEY:
                bootstrap.open_signing_key(settings, create=False)
            elif not _opens_the_data(settings):
                yield Finding(file, False, "belongs to another database.", "Restore the one made with this database.")
                continue
        except Exception as error:  # noqa: BLE001 - told, like any fault
            yield Finding(file, False, faults.describe(error).line)
        else:
            yield Finding(file, True, "whole, and open to its owner only")


def _opens_the_data(settings: Settings) -> bool:
    """Whether the cases were sealed under this master key; True while there are none."""
    from hub import bootstrap
    from hub.vault import Vault

    vault = Vault.of(bootstrap.find_master_key(settings, create=False))
    if not bootstrap.has_data(settings):
        return True
    with lookups.reading(settings) as reader:
        return reader.find_kek_id() in (None, *vault.kek_ids)


def _look_at_store(settings: Settings) -> Iterator[Finding]:
    from hub import bootstrap

    name, path = "store", bootstrap.database_path(settings)
    if not bootstrap.has_data(settings):
        yield Finding(name, True, "no database yet; `samverkan serve` makes it")
        return
    if not bootstrap.is_distributed(settings) and _mode(path) & 0o077:
        yield Finding(name, False, f"{path} is open to others.", f"Run chmod 600 {path}.")
        return
    with lookups.reading(settings) as reader:
        size, states = reader.audit_size(), dict(reader.count_by_state())
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none"
    what = "the shared database" if bootstrap.is_distributed(settings) else path
    yield Finding(name, True, f"{what} can be read; entries in the log: {size}; deliveries: {told}")


def _look_at_clock(settings: Settings) -> Iterator[Finding]:
    from hub import bootstrap, clock
    from hub.store.records import AuditQuery

    name, now, last = "clock", clock.SystemClock().now(), []
    if bootstrap.has_data(settings):
        with lookups.reading(settings) as reader:
            last = reader.list_audit(AuditQuery(after=reader.audit_size() - 2, limit=1))
    fault = clock.find_fault(now, last[0].at if last else None)
    if fault is not None:
        yield Finding(name, False, f"{fault}.", "Set the clock, or let NTP do it.")
        return
    yield Finding(name, True, f"{lookups.show_instant(now)}")


def _look_at_disk(settings: Settings) -> Iterator[Finding]:
    absolute = settings.data_dir.absolute()
    place = next(folder for folder in (absolute, *absolute.parents) if folder.exists())
    usage = shutil.disk_usage(place)
    text = f"{usage.free / 2**30:.1f} GiB free ({usage.free / usage.total:.0%})"
    is_right = usage.free > LEAST_FREE_BYTES and usage.free / usage.total > LEAST_FREE_SHARE
    yield Finding("disk", is_right, text, "" if is_right else "Make room; the hub stops accepting when it is full.")


def _look_at_scanner(settings: Settings) -> Iterator[Finding]:
    if settings.attachment_scan_command is None:
        yield Finding("scanner", True, "none: files are held to their type and digest only")
        return
    program = shlex.split(settings.attachment_scan_command)[0]
    found = shutil.which(program)
    advice = "" if found else "Install it, or correct attachment_scan_command; until then no file can be sent."
    yield Finding("scanner", found is not None, found or f"{program} is not there.", advice)


def _look_at_rules(settings: Settings) -> Iterator[Finding]:
    from routing import checks
    from schemas import registry

    found = checks.check_rules(settings.rules_dir, settings.directory_dir, registry.packaged())
    where = settings.rules_dir or "the packaged rules"
    if found:
        text = f"{len(found)} in {where}, the first: {found[0]}."
        yield Finding("rules", False, text, "`samverkan rules check` lists every fault.")
    else:
        yield Finding("rules", True, f"{where} and {settings.directory_dir or 'the packaged units'} are whole")


def _look_at_schemas(_settings: Settings) -> Iterator[Finding]:
    """Whether they can be loaded and are those that were published; `schemas check` takes longer and looks deeper."""
    from schemas import check, registry

    published = check.read_digests(registry.PACKAGED)
    served = {f"{one.name}/{one.version}": check.digest(one.document) for one in registry.packaged().list_types()}
    if served == published:
        yield Finding("schemas", True, f"{len(served)} types, unchanged since published")
    else:
        changed = sorted(key for key in served.keys() | published.keys() if served.get(key) != published.get(key))
        yield Finding("schemas", False, f"{', '.join(changed)}: not as published.", "Install the program anew.")


def _look_at_hub(settings: Settings) -> Iterator[Finding]:
    name, address = "running hub", options.address_of(settings)
    if settings.port == 0:
        yield Finding(name, True, "not looked for: the port is chosen at the start")
        return
    try:
        status, document = _ask(address)
    except ConnectionRefusedError:
        yield Finding(name, True, f"none at {address}")
        return
    except (OSError, http.client.HTTPException, ValueError):
        advice = "Stop the other program, or choose another port."
        yield Finding(name, False, f"what listens at {address} does not answer as a hub does.", advice)
        return
    checks = document.get("checks")
    if status == http.client.OK and isinstance(checks, dict):
        yield Finding(name, True, f"{address} is ready: {document.get('store')}")
        return
    told = checks.items() if isinstance(checks, dict) else ()
    wrong = "; ".join(f"{part}: {text}" for part, text in told if text != "ok") or f"status {status}"
    yield Finding(name, False, f"{address} is not ready: {wrong}.", "See its log.")


def _ask(address: str) -> tuple[int, dict[str, Any]]:
    """The hub's own word about itself. No proxy, no redirect, no token. Raises `ValueError` for another's."""
    from schemas import strict_json

    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/readyz?verbose")
        response = connection.getresponse()
        status, raw = response.status, response.read(LARGEST_ANSWER)
    finally:
        connection.close()
    try:
        document = strict_json.loads(raw)
    except strict_json.NotJson:
        document = None
    if isinstance(document, dict):
        return status, document
    raise ValueError("not a JSON object")


_LOOKS: Final[Mapping[str, Callable[[Settings], Iterator[Finding]]]] = {
    "data directory": _look_at_data_dir,
    "keys": _look_at_keys,
    "store": _look_at_store,
    "clock": _look_at_clock,
    "disk": _look_at_disk,
    "scanner": _look_at_scanner,
    "rules": _look_at_rules,
    "schemas": _look_at_schemas,
    "running hub": _look_at_hub,
}
