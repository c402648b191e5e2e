"""What an operator can set. A flag goes before a SAMVERKAN_* variable, that before a row in samverkan.toml.

The defaults, and what each setting means, stand in `samverkan.default.toml`: manual and source in one.
"""

from __future__ import annotations

import difflib
import functools
import ipaddress
import re
import shlex
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from hub import links

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PREFIX: Final = "SAMVERKAN_"
DEFAULTS_FILE: Final = "samverkan.default.toml"
# Settings with a password in them may lie in a file of their own, which SAMVERKAN_<NAME>_FILE names.
_SECRET: Final = frozenset({"database_url", "broker_url", "broker_api_url", "oidc_client_secret"})
_FILE: Final = "_FILE"
# What commands that talk to a hub, the file drop and the tests read.
_OTHERS: Final = frozenset({"SAMVERKAN_HUB", "SAMVERKAN_TOKEN"})
_OF_TESTS: Final = "SAMVERKAN_TEST_"
_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})


class SettingWrong(Exception):
    """A setting cannot be used. One sentence: its name, where it came from, what is accepted; never its
    value."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, checked. The URLs may hold passwords and are left out of the text form."""

    host: str
    port: int
    public_url: str | None
    data_dir: Path
    oidc_issuer: str | None
    oidc_client_id: str | None
    oidc_client_secret: str | None = field(repr=False)
    oidc_acr: tuple[str, ...]
    database_url: str | None = field(repr=False)
    broker_url: str | None = field(repr=False)
    broker_api_url: str | None = field(repr=False)
    allow_plain_inside: bool
    amqp_units: frozenset[str]
    master_key_command: str | None = field(repr=False)
    rules_dir: Path | None
    directory_dir: Path | None
    demo: bool
    allow_test_numbers: bool
    tls_cert: Path | None
    tls_key: Path | None
    tls_client_ca: Path | None
    trusted_proxies: tuple[Network, ...]
    client_address_header: Literal["none", "x-forwarded-for", "forwarded"]
    issuer: str
    audience: str
    require_bound_tokens: bool
    signed_by: frozenset[str]
    token_ttl_max: timedelta
    max_body_bytes: int
    unit_requests_per_hour: int
    person_lookups_per_hour: int
    sessions_per_person: int
    body_timeout_seconds: int
    group_size: int
    queue_limit: int
    attachment_largest_mb: int
    attachment_quota_mb: int
    attachment_hours: int
    attachment_scan_command: str | None
    attachment_scan_seconds: int
    webhook_networks: tuple[Network, ...]
    deadline_sweep_seconds: int
    retention_hours: int
    log_origin: str
    log_checkpoint_seconds: int
    log_policy: Path | None
    log_level: Literal["debug", "info", "warning", "error"]
    log_format: Literal["auto", "json", "console"]

    @property
    def has_workers(self) -> bool:
        """Whether `samverkan worker` does what runs beside the API, and `serve` only that."""
        return self.database_url is not None and self.broker_url is not None


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a setting is read. `read` raises `ValueError` for anything that is not `accepted`."""

    read: Callable[[object], Any]
    accepted: str


def load(flags: Mapping[str, object], environ: Mapping[str, str], file: Path | None) -> Settings:
    """The settings from the command line, the environment and a file, over the defaults.

    `flags` has the names of the settings; None is a flag that was not given. `file` is a samverkan.toml, None
    when there is none. Raises `SettingWrong`.
    """
    rows = _read_file(file) if file is not None else {}
    given = {name: value for name, value in flags.items() if value is not None}
    _refuse_unknown(rows, f"the file {file}", spell=str)
    _refuse_unknown(given, "the command line", spell=_as_flag)
    _refuse_unknown_variables(environ)
    values: dict[str, Any] = {}
    for name, default in _defaults().items():
        if name in given:
            values[name] = _read(name, given[name], f"the flag {_as_flag(name)}")
        elif _as_variable(name) in environ:
            values[name] = _read(name, environ[_as_variable(name)], f"the variable {_as_variable(name)}")
        elif name in _SECRET and _as_variable(name) + _FILE in environ:
            variable = _as_variable(name) + _FILE
            values[name] = _read(name, _read_secret(environ[variable], variable), f"the file in {variable}")
        elif name in rows:
            values[name] = _read(name, rows[name], f"the file {file}")
        else:
            values[name] = _read(name, default, DEFAULTS_FILE)
    values["allow_test_numbers"] = values["allow_test_numbers"] or values["demo"]
    if values["oidc_issuer"] and not (
        values["public_url"] and values["oidc_client_id"] and values["oidc_client_secret"]
    ):
        raise SettingWrong("oidc_issuer needs public_url, oidc_client_id and oidc_client_secret beside it.")
    found = Settings(**values)
    plain = links.find_plain(found.database_url, found.broker_url, found.broker_api_url)
    if plain and not found.allow_plain_inside:
        raise SettingWrong(plain)
    return found


@functools.cache
def _defaults() -> Mapping[str, object]:
    text = resources.files("hub").joinpath(DEFAULTS_FILE).read_text(encoding="utf-8")
    return tomllib.loads(text)


def _read_file(file: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingWrong(f"The file {file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingWrong(f"The file {file} is not UTF-8 text.") from None
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at (line [0-9]+, column [0-9]+|end of document)\)", str(error))
        raise SettingWrong(f"The file {file} is not TOML{': ' + place[1] if place else ''}.") from None


def _read_secret(path: str, variable: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingWrong(f"The file that {variable} names cannot be read.") from None


def _read(name: str, value: object, origin: str) -> Any:
    kind = _KINDS[name]
    try:
        return kind.read(value)
    except ValueError:
        raise SettingWrong(f"{name} from {origin} is wrong: it must be {kind.accepted}.") from None


def _refuse_unknown(names: Iterable[str], origin: str, spell: Callable[[str], str]) -> None:
    known = {spell(name) for name in _KINDS}
    for name in map(spell, names):
        if name not in known:
            raise SettingWrong(_unknown(name, origin, known))


def _refuse_unknown_variables(environ: Mapping[str, str]) -> None:
    """Of those that begin as the hub's own. What else the project reads by such a name is no setting of the hub's."""
    known = {_as_variable(name) for name in _KINDS} | {_as_variable(name) + _FILE for name in _SECRET}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known | _OTHERS and not name.startswith(_OF_TESTS):
            raise SettingWrong(_unknown(name, "the environment", known))


def _unknown(name: str, origin: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"{DEFAULTS_FILE} lists the settings."
    return f"{name} from {origin} is not a setting; {hint}"


def _as_flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _as_variable(name: str) -> str:
    return PREFIX + name.upper()


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or not value.isprintable() or value != value.strip():
        raise ValueError
    return value


def _origin(value: object) -> str:
    """The name of the log's key (C2SP signed-note)."""
    text = _text(value)
    if "+" in text or any(char.isspace() for char in text):
        raise ValueError
    return text


def _whole(least: int, most: int) -> _Kind:
    def read(value: object) -> int:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
            value = int(value)
        if type(value) is not int or not least <= value <= most:  # True is an int to isinstance
            raise ValueError
        return value

    return _Kind(read, f"a whole number from {least} to {most}")


def _truth(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    raise ValueError


def _choice(*accepted: str) -> _Kind:
    def read(value: object) -> str:
        if not isinstance(value, str) or value.lower() not in accepted:
            raise ValueError
        return value.lower()

    return _Kind(read, f"one of {', '.join(accepted)}")


def _path(value: object) -> Path:
    return value if isinstance(value, Path) else Path(_text(value))


def _optional_path(value: object) -> Path | None:
    return None if value == "" else _path(value)


def _names(value: object) -> frozenset[str]:
    names = [name.strip() for name in str(value).split(",")] if value else []
    if not all(re.fullmatch(r"[a-z0-9-]+|[*]", name) for name in names):
        raise ValueError
    return frozenset(names)


def _seconds(value: object) -> timedelta:
    if isinstance(value, timedelta):
        value = int(value.total_seconds())
    return timedelta(seconds=_whole(1, 3600).read(value))


def _public_url(value: object) -> str | None:
    if value == "":
        return None
    if not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+", _text(value)):
        raise ValueError
    return str(value)


def _engine_url(*schemes: str) -> _Kind:
    def read(value: object) -> str | None:
        if value == "":
            return None
        parts = urlsplit(_text(value))
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError
        return str(value)

    return _Kind(read, f"empty, or a URL that begins with {schemes[0]}:// and names a host")


def _signers(value: object) -> frozenset[str]:
    """A list, or a text with commas."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, (list, frozenset)) or not all(isinstance(item, str) for item in items):
        raise ValueError
    return frozenset(item.strip() for item in items if item.strip())


def _networks(value: object) -> tuple[Network, ...]:
    if isinstance(value, tuple):
        return value
    return tuple(ipaddress.ip_network(part.strip()) for part in str(value).split(",") if part.strip())


def _proxies(value: object) -> tuple[Network, ...]:
    """Whoever trusts everybody lets every caller say who it is."""
    found = _networks(value)
    if any(network.prefixlen == 0 for network in found):
        raise ValueError
    return found


def _issuer(value: object) -> str | None:
    if value == "":
        return None
    parts = urlsplit(_text(value))
    here = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if (
        not parts.hostname
        or parts.query
        or parts.fragment
        or parts.scheme not in (("http", "https") if here else ("https",))
    ):
        raise ValueError
    return str(value)


def _words(value: object) -> tuple[str, ...]:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError
    return tuple(value.split())


def _optional_text(value: object) -> str | None:
    return None if value == "" else _text(value)


def _command(value: object) -> str | None:
    """With quotes as a shell has them. Raises `ValueError` for one that is left open."""
    text = _optional_text(value)
    return text if text is None or shlex.split(text) else None


_OPTIONAL_TEXT: Final = _Kind(_optional_text, "a text, or empty")
_COMMAND: Final = _Kind(_command, "a command, or empty")
_TEXT: Final = _Kind(_text, "a text that is not empty")
_TRUTH: Final = _Kind(_truth, "true or false")
_OPTIONAL_FILE: Final = _Kind(_optional_path, "the path of a file, or empty")
_OPTIONAL_PATH: Final = _Kind(_optional_path, "the path of a directory, or empty")
_KINDS: Final[Mapping[str, _Kind]] = {
    "host": _TEXT,
    "port": _whole(0, 65535),
    "public_url": _Kind(_public_url, "http(s)://host, perhaps with a port and nothing after it, or empty"),
    "oidc_issuer": _Kind(_issuer, "the provider's issuer, an https URL to the letter, or empty"),
    "oidc_client_id": _OPTIONAL_TEXT,
    "oidc_client_secret": _OPTIONAL_TEXT,
    "oidc_acr": _Kind(_words, "levels of assurance with spaces between"),
    "data_dir": _Kind(_path, "the path of a directory"),
    "database_url": _engine_url("postgresql", "postgres"),
    "broker_url": _engine_url("amqp", "amqps"),
    "broker_api_url": _engine_url("https", "http"),
    "allow_plain_inside": _TRUTH,
    "amqp_units": _Kind(_names, "a list of unit ids"),
    "master_key_command": _COMMAND,
    "rules_dir": _OPTIONAL_PATH,
    "directory_dir": _OPTIONAL_PATH,
    "demo": _TRUTH,
    "allow_test_numbers": _TRUTH,
    "tls_cert": _OPTIONAL_FILE,
    "tls_key": _OPTIONAL_FILE,
    "tls_client_ca": _OPTIONAL_FILE,
    "trusted_proxies": _Kind(
        _proxies, "IP addresses or networks such as 10.20.0.0/24, but not all there are, with commas between, or empty"
    ),
    "client_address_header": _choice("none", "x-forwarded-for", "forwarded"),
    "issuer": _TEXT,
    "audience": _TEXT,
    "require_bound_tokens": _TRUTH,
    "signed_by": _Kind(_signers, "unit ids with commas between, *, or empty"),
    "token_ttl_max": _Kind(_seconds, "a whole number of seconds from 1 to 3600"),
    "max_body_bytes": _whole(1024, 16_777_216),
    "unit_requests_per_hour": _whole(0, 100_000_000),
    "person_lookups_per_hour": _whole(0, 1_000_000),
    "sessions_per_person": _whole(1, 100),
    "body_timeout_seconds": _whole(1, 600),
    "group_size": _whole(1, 1024),
    "queue_limit": _whole(1, 100_000),
    "attachment_largest_mb": _whole(0, 100),
    "attachment_quota_mb": _whole(1, 1_000_000),
    "attachment_hours": _whole(1, 744),
    "attachment_scan_command": _COMMAND,
    "attachment_scan_seconds": _whole(1, 3600),
    "webhook_networks": _Kind(_networks, "networks such as 10.20.0.0/16, with commas between, or empty"),
    "deadline_sweep_seconds": _whole(1, 86_400),
    "retention_hours": _whole(0, 744),
    "log_origin": _Kind(_origin, "a name without spaces and plus signs, such as hub.example/log"),
    "log_checkpoint_seconds": _whole(1, 3600),
    "log_policy": _Kind(_optional_path, "the path of a file, or empty"),
    "log_level": _choice("debug", "info", "warning", "error"),
    "log_format": _choice("auto", "json", "console"),
}
