"""PostgreSQL for the tests: one server per run, one database per test."""

from __future__ import annotations

import functools
import itertools
import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from hub.store import postgres
from tests.support import own_servers

VARIABLE = "SAMVERKAN_TEST_DATABASE_URL"
FOLDERS = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "usr/local/pgsql/bin", "usr/local/bin", "usr/bin")
_numbers = itertools.count(1)


class PostgresServer:
    """A server where databases may be made. `url` names its maintenance database."""

    def __init__(self, url: str) -> None:
        self.url = url

    @functools.cached_property
    def _template(self) -> str:
        """A database with the hub's tables, of which the others are copies: much faster than taking every step."""
        name = self._create("template0")
        postgres.upgrade(self._url_of(name))
        return name

    def _create(self, template: str) -> str:
        name = f"samverkan_{os.getpid()}_{next(_numbers)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def _url_of(self, name: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    def new_database(self, *, empty: bool = False) -> str:
        """The URL of a database with the hub's tables, and nothing in them; `empty`: without the tables."""
        return self._url_of(self._create("template0" if empty else self._template))

    def drop(self, url: str) -> None:
        name = urlsplit(url).path[1:]
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, url: str, statement: str) -> None:
        """In that database, as the server's owner."""
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)

    def read_table(self, url: str, name: str) -> bytes:
        """The bytes of the table's file, as they are on the disk."""
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
            row = connection.execute("SELECT pg_read_binary_file(pg_relation_filepath(%s))", (name,)).fetchone()
        assert row is not None
        return bytes(row[0])

    def version(self) -> str:
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute("SHOW server_version").fetchone()
        assert row is not None
        return str(row[0]).split()[0]

    def disconnect_all(self, url: str) -> None:
        """Everybody who is connected to this database is not any more."""
        question = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(question, (urlsplit(url).path[1:],))

    def count_connections(self, url: str) -> int:
        """How many there are to this database."""
        question = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(question, (urlsplit(url).path[1:],)).fetchone()
        assert row is not None
        return int(row[0])

    @contextmanager
    def database(self, *, empty: bool = False) -> Iterator[str]:
        url = self.new_database(empty=empty)
        try:
            yield url
        finally:
            self.drop(url)

    def stop(self) -> None:
        """Somebody else's server is left running."""


class OwnPostgres(PostgresServer):
    """An instance with its own data, port and password. It keeps what it has on disk, as the hub asks for."""

    def __init__(self, folder: Path, *, settings: tuple[str, ...] = ()) -> None:
        self._postgres = own_servers.find_program("postgres", FOLDERS, "postgresql")
        self._user = own_servers.server_user("postgres")
        self._folder = own_servers.make_folder(folder, self._user)
        self._data = self._folder / "data"
        self.port = own_servers.free_port()
        password = secrets.token_urlsafe(16)
        super().__init__(f"postgresql://samverkan:{password}@127.0.0.1:{self.port}/postgres")
        self._initialise(password)
        options = [
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            f"unix_socket_directories={self._folder}",
            "max_connections=200",
            "shared_buffers=64MB",
            *settings,
        ]
        self._process = own_servers.ServerProcess(
            [str(self._postgres), "-D", str(self._data), *(word for each in options for word in ("-c", each))],
            output=self._folder / "log",
            user=self._user,
        )
        (self._folder / "log").touch(mode=0o666)

    def _initialise(self, password: str) -> None:
        secret = self._folder / "password"
        secret.write_text(password)
        if self._user is not None:
            secret.chmod(0o644)  # in a folder that only the server's user enters
        call = [
            *own_servers.ending_with_us(self._user),
            str(self._postgres.with_name("initdb")),
            *("-D", str(self._data), "--username", "samverkan", "--pwfile", str(secret), "--auth", "scram-sha-256"),
            *("--encoding", "UTF8", "--locale", "C.UTF-8", "--data-checksums", "--no-sync"),
        ]
        done = subprocess.run(call, capture_output=True, text=True, timeout=120, cwd="/")
        if done.returncode:
            raise own_servers.Missing(f"initdb failed: {done.stderr.strip()[-300:]}")

    def start(self) -> OwnPostgres:
        self.launch()
        self.wait()
        return self

    def launch(self) -> None:
        """Only from a thread that lives on: the server ends with the thread that started it."""
        self._process.start()

    def wait(self) -> None:
        """Until it answers."""
        self._process.wait_until(self._answers, "PostgreSQL")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def drop(self, url: str) -> None:
        """It goes with the folder; dropping would wait for the disk."""
        self.disconnect_all(url)

    def crash(self) -> None:
        """As `pg_ctl stop -m immediate`: nothing is written out, the next start recovers from the log."""
        self._process.stop(signal.SIGQUIT)

    def stop(self) -> None:
        self._process.stop(signal.SIGINT)


def read_everything(url: str) -> bytes:
    """Every row of every table of this database, texts and sealed bytes as they are."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        names = [name for (name,) in cursor.fetchall()]
        assert "messages" in names
        parts = []
        for name in names:
            with cursor.copy(sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(name))) as copied:
                parts += [bytes(part) for part in copied]
    return b"\n".join(parts)


def start(folder: Path) -> PostgresServer:
    """The server that the environment names, else one of our own. Raises `own_servers.Missing`."""
    if named := os.environ.get(VARIABLE):
        return PostgresServer(named)
    return OwnPostgres(folder).start()
