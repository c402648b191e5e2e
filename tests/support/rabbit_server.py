"""RabbitMQ for the tests: one broker per run, one virtual host per test."""

from __future__ import annotations

import base64
import http.client
import itertools
import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from tests.support import own_servers

VARIABLE = "SAMVERKAN_TEST_BROKER_URL"
API_VARIABLE = "SAMVERKAN_TEST_BROKER_API"
FOLDERS = ("usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin", "opt/rabbitmq/sbin", "usr/local/sbin")
_numbers = itertools.count(1)


class RabbitServer:
    """A broker with its management API, where virtual hosts may be made."""

    def __init__(self, url: str, api: str) -> None:
        self.url = url
        self._api = urlsplit(api)
        parts = urlsplit(url)
        self.user, self._password = parts.username or "", parts.password or ""

    @property
    def api_url(self) -> str:
        """The management API as an operator's setting names it."""
        return urlunsplit(self._api._replace(netloc=f"{self.user}:{quote(self._password)}@{self._api.netloc}"))

    def call(self, method: str, path: str, body: object = None) -> Any:
        """What the management API answers. Raises `OSError` for anything but success."""
        connection = http.client.HTTPConnection(self._api.hostname or "", self._api.port, timeout=20)
        key = base64.b64encode(f"{self.user}:{self._password}".encode()).decode()
        try:
            content = None if body is None else json.dumps(body)
            headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
            connection.request(method, f"/api{path}", content, headers)
            response = connection.getresponse()
            told = response.read()
        finally:
            connection.close()
        if response.status >= 400:
            raise OSError(f"{method} {path}: {response.status} {told[:200]!r}")
        return json.loads(told) if told else None

    @contextmanager
    def virtual_host(self) -> Iterator[str]:
        """The URL of an empty virtual host."""
        name = f"samverkan-{os.getpid()}-{next(_numbers)}"
        self.call("PUT", f"/vhosts/{quote(name)}")
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self.call("PUT", f"/permissions/{quote(name)}/{quote(self.user)}", everything)
        try:
            yield urlunsplit(urlsplit(self.url)._replace(path=f"/{quote(name, safe='')}"))
        finally:
            self.call("DELETE", f"/vhosts/{quote(name)}")

    def stop(self) -> None:
        """Somebody else's broker is left running."""


class OwnRabbit(RabbitServer):
    """A node with its own name, data, ports, cookie and port mapper; the machine's other nodes do not see it."""

    def __init__(self, folder: Path) -> None:
        self._program = own_servers.find_program("rabbitmq-server", FOLDERS, "rabbitmq-server")
        self._folder = own_servers.make_folder(folder, None)
        self.port, api_port, distribution, mapper = (own_servers.free_port() for _ in range(4))
        password = secrets.token_urlsafe(16)
        super().__init__(f"amqp://samverkan:{password}@127.0.0.1:{self.port}/", f"http://127.0.0.1:{api_port}")
        self._write_files(password, api_port)
        environ = self._environ(distribution, mapper)
        self._mapper = own_servers.ServerProcess(
            ["epmd", "-address", "127.0.0.1", "-port", str(mapper)], output=self._folder / "epmd.log", environ=environ
        )
        self._process = own_servers.ServerProcess([str(self._program)], output=self._folder / "output", environ=environ)

    def _write_files(self, password: str, api_port: int) -> None:
        cookie = self._folder / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)
        (self._folder / "environment").touch()
        (self._folder / "plugins").write_text("[rabbitmq_management].\n")
        (self._folder / "advanced.config").write_text("[].\n")
        (self._folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {api_port}\n"
            f"default_user = samverkan\ndefault_pass = {password}\n"
            "management_agent.disable_metrics_collector = true\n"
            "log.file.level = warning\nlog.console = false\ndisk_free_limit.absolute = 50MB\n"
        )

    def _environ(self, distribution: int, mapper: int) -> dict[str, str]:
        folder = str(self._folder)
        return {
            "HOME": folder,
            "ERL_EPMD_PORT": str(mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"samverkan-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_CONF_ENV_FILE": f"{folder}/environment",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{folder}/advanced.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
            "RABBITMQ_PID_FILE": f"{folder}/pid",
            # Two cores are shared with the tests: an idle node is not to spin on them.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +sbwtdio none",
        }

    def start(self) -> OwnRabbit:
        self.launch()
        self.wait()
        return self

    def launch(self) -> None:
        """Only from a thread that lives on: the server ends with the thread that started it."""
        if not self._mapper.is_running:
            self._mapper.start()
        self._process.start()

    def wait(self) -> None:
        """Until it answers."""
        self._process.wait_until(self._answers, "RabbitMQ")

    def _answers(self) -> bool:
        try:
            self.call("GET", "/vhosts")
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except (OSError, http.client.HTTPException):
            return False
        return True

    @property
    def process(self) -> own_servers.ServerProcess:
        return self._process

    def stop(self) -> None:
        # Nothing of it is wanted afterwards, and an orderly end takes seconds.
        self._process.kill()
        self._mapper.kill()


def start(folder: Path) -> RabbitServer:
    """The broker that the environment names, else one of our own. Raises `own_servers.Missing`."""
    if named := os.environ.get(VARIABLE):
        if API_VARIABLE not in os.environ:
            raise own_servers.Missing(f"{VARIABLE} is set, so {API_VARIABLE} must name its management API")
        return RabbitServer(named, os.environ[API_VARIABLE])
    return OwnRabbit(folder).start()
