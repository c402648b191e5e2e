"""The broker accounts of units that fetch their claim checks by AMQP: users who may read the unit's own queue and
nothing else, made over RabbitMQ's management API.

RabbitMQ knows one password for a user. So a unit can have two users: a rotation makes the second, and both work until
the older one is retired. Which is the older stands in its tag at the broker.
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
_TURN: Final = re.compile(r"turn-([0-9]+)")


@dataclass(frozen=True, slots=True)
class Account:
    """What a unit's own program signs in with. The password is known to nobody else, and shown once."""

    user: str
    password: str
    virtual_host: str
    queue: str


class BothInUse(Exception):
    """The unit has two accounts already: one must be retired before there can be another."""


def users_of(unit_id: str) -> tuple[str, str]:
    return f"unit.{unit_id}", f"unit.{unit_id}.2"


class Accounts:
    """`api_url` is the management API with its user and password; `broker_url` says which virtual host."""

    def __init__(self, api_url: str, broker_url: str) -> None:
        self._api = urlsplit(api_url)
        self._virtual_host = unquote(urlsplit(broker_url).path[1:]) or "/"

    def give(self, unit_id: str) -> Account:
        """Makes a user of the unit's, beside the one that it may have. Raises `BothInUse`, `TransportUnavailable`."""
        queue = topology.inbox_queue(unit_id)
        if self._call("GET", "queues", self._virtual_host, queue) is None:
            raise TransportUnavailable(f"there is no queue {queue}; run `samverkan migrate`")
        known = self._turns(unit_id)
        user = next((name for name in users_of(unit_id) if name not in known), None)
        if user is None:
            raise BothInUse
        password, turn = secrets.token_urlsafe(32), max(known.values(), default=0) + 1
        self._call("PUT", "users", user, body={"password": password, "tags": f"turn-{turn}"})
        mine = {"configure": _NOTHING, "write": _NOTHING, "read": f"^{re.escape(queue)}$"}
        self._call("PUT", "permissions", self._virtual_host, user, body=mine)
        self._call("PUT", "user-limits", user, "max-connections", body={"value": MOST_CONNECTIONS})
        return Account(user, password, self._virtual_host, queue)

    def list_users(self, unit_id: str) -> list[str]:
        """The older one first. Raises `TransportUnavailable`."""
        turns = self._turns(unit_id)
        return sorted(turns, key=lambda user: turns[user])

    def _turns(self, unit_id: str) -> dict[str, int]:
        """When each of the unit's users was made, counted; 0 for one that has no tag of ours."""
        found = {user: self._call("GET", "users", user) for user in users_of(unit_id)}
        told = {user: _TURN.search(str(known["tags"])) for user, known in found.items() if known is not None}
        return {user: int(turn[1]) if turn else 0 for user, turn in told.items()}

    def retire(self, unit_id: str) -> str | None:
        """Takes the older of two users away; its open connections end. None where there are not two."""
        users = self.list_users(unit_id)
        if len(users) < len(users_of(unit_id)):
            return None
        self._call("DELETE", "users", users[0])
        return users[0]

    def remove(self, unit_id: str) -> bool:
        """Takes all away; their open connections end. False where there is none. Raises `TransportUnavailable`."""
        users = self.list_users(unit_id)
        for user in users:
            self._call("DELETE", "users", user)
        return bool(users)

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
