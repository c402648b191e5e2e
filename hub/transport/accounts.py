"""The broker accounts of units that fetch their claim checks by AMQP: one user each, who may read its own queue and
nothing else, made over RabbitMQ's management API.

Weakness: RabbitMQ knows one password for a user, so a rotation has no overlap; connections that are open stay so.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from hub.transport import topology
from hub.transport.port import TransportUnavailable

SECONDS: Final = 15
MOST_CONNECTIONS: Final = 10
_NOTHING: Final = "^$"
_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True)
class Account:
    """What a unit's own program signs in with. The password is known to nobody else, and shown once."""

    user: str
    password: str
    virtual_host: str
    queue: str


def user_of(unit_id: str) -> str:
    return f"unit.{unit_id}"


class Accounts:
    """`api_url` is the management API with its user and password; `broker_url` says which virtual host."""

    def __init__(self, api_url: str, broker_url: str) -> None:
        self._api = urlsplit(api_url)
        self._virtual_host = unquote(urlsplit(broker_url).path[1:]) or "/"

    def give(self, unit_id: str) -> Account:
        """Makes the unit's user, or gives it another password. Raises `TransportUnavailable`."""
        queue = topology.inbox_queue(unit_id)
        if self._call("GET", "queues", self._virtual_host, queue) is None:
            raise TransportUnavailable(f"there is no queue {queue}; run `samverkan migrate`")
        user, password = user_of(unit_id), secrets.token_urlsafe(32)
        self._call("PUT", "users", user, body={"password": password, "tags": ""})
        mine = {"configure": _NOTHING, "write": _NOTHING, "read": f"^{re.escape(queue)}$"}
        self._call("PUT", "permissions", self._virtual_host, user, body=mine)
        self._call("PUT", "user-limits", user, "max-connections", body={"value": MOST_CONNECTIONS})
        return Account(user, password, self._virtual_host, queue)

    def has(self, unit_id: str) -> bool:
        return self._call("GET", "users", user_of(unit_id)) is not None

    def remove(self, unit_id: str) -> bool:
        """Takes the user away; its open connections end. False where there is none. Raises `TransportUnavailable`."""
        if not self.has(unit_id):
            return False
        self._call("DELETE", "users", user_of(unit_id))
        return True

    def _call(self, method: str, *path: str, body: object = None) -> Any:
        """The answer, `{}` for an empty one; None for what is not there."""
        status, told = self._ask(method, "/api/" + "/".join([quote(each, safe="") for each in path]), body)
        if status == _NOT_FOUND:
            return None
        if status >= http.client.BAD_REQUEST:
            raise TransportUnavailable(f"its management API says no ({status}) to {method} {path[0]}")
        return json.loads(told) if told else {}

    def _ask(self, method: str, path: str, body: object) -> tuple[int, bytes]:
        kind = http.client.HTTPSConnection if self._api.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._api.hostname or "", self._api.port, timeout=SECONDS)
        signed = f"{unquote(self._api.username or '')}:{unquote(self._api.password or '')}"
        headers = {
            "Authorization": f"Basic {base64.b64encode(signed.encode()).decode()}",
            "Content-Type": "application/json",
        }
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as fault:
            reason = type(fault).__name__
            raise TransportUnavailable(f"its management API does not answer ({reason})") from None
        finally:
            connection.close()
