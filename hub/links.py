"""Whether the hub's own servers, the database and the broker, are spoken to safely, by what their URLs say.

On this machine there is nobody between. Elsewhere the URL must ask for TLS that looks at who answers: passwords, and
everything that is sealed, go that way.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

_OTHERWISE: Final = (
    "or allow_plain_inside = true where nobody else is on the network between (see samverkan.default.toml)."
)
# What leads a PostgreSQL client elsewhere than the name in the URL, or to a file that may.
_LEADS: Final = ("host", "hostaddr")


def find_plain(database_url: str | None, broker_url: str | None, broker_api_url: str | None) -> str | None:
    """One sentence about the first that is not: the setting, and what to write; None when all are. No URL is in it."""
    if database_url and not _is_safe_database(database_url):
        write = "write ?sslmode=verify-full at its end"
        return f"database_url leads to another machine without verified TLS: {write}, {_OTHERWISE}"
    if broker_url and not _is_safe_broker(broker_url):
        return f"broker_url leads to another machine without verified TLS: begin it with amqps://, {_OTHERWISE}"
    if broker_api_url and not _is_safe(urlsplit(broker_api_url), "https"):
        return f"broker_api_url leads to another machine without TLS: begin it with https://, {_OTHERWISE}"
    return None


def _is_safe_database(url: str) -> bool:
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    led = [host for name in _LEADS for value in query.get(name, ()) for host in value.split(",")]
    if "service" not in query and all(map(_is_here, [*_hosts(parts), *led])):
        return True
    # The last one of several counts to the client; only where they agree is nothing to be mistaken.
    return query.get("sslmode") == ["verify-full"]


def _is_safe_broker(url: str) -> bool:
    query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    return _is_safe(urlsplit(url), "amqps" if query.get("no_verify_ssl", ["0"]) == ["0"] else "")


def _is_safe(parts: SplitResult, scheme: str) -> bool:
    return parts.scheme == scheme or all(map(_is_here, _hosts(parts)))


def _hosts(parts: SplitResult) -> Sequence[str]:
    """PostgreSQL takes several, with commas between."""
    names = parts.netloc.rpartition("@")[2].split(",")
    return [name.partition("]")[0][1:] if name.startswith("[") else name.partition(":")[0] for name in names]


def _is_here(host: str) -> bool:
    """This machine by a name that no resolver is asked for, its loopback, or a socket in its file system."""
    name = unquote(host)
    if name == "localhost" or name.startswith(("/", "@")):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
