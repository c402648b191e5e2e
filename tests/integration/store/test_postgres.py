"""What PostgreSQL alone can do: several processes at once, settings that may be wrong, connections that break."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import sqlalchemy as sa
from alembic import autogenerate, migration

from hub import bootstrap, settings
from hub import vault as vaults
from hub.store import migrate, port, records, tables
from hub.store import postgres as store_postgres
from hub.store.postgres import PostgresStore
from hub.store.records import Changes
from tests.contract import stored
from tests.contract.test_store_groups import assert_kept, everything
from tests.support import own_servers, postgres_server
from tests.support.waiting import until


@pytest.fixture
def store(database_url: str) -> Iterator[PostgresStore]:
    store = PostgresStore.open(database_url)
    yield store
    store.close()


@pytest.fixture
def other(database_url: str) -> Iterator[PostgresStore]:
    """Stands for another process over the same database."""
    store = PostgresStore.open(database_url)
    yield store
    store.close()


def schema_of(connection: sa.Connection) -> set[tuple[object, ...]]:
    """Every column, and every index with its condition."""
    columns = "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns"
    indexes = "SELECT tablename, indexname, indexdef FROM pg_indexes"
    of_ours = (f"{columns} WHERE table_schema = 'public'", f"{indexes} WHERE schemaname = 'public'")
    return {tuple(row) for question in of_ours for row in connection.exec_driver_sql(question)}


def test_taking_the_steps_gives_the_same_tables_as_creating_them(
    postgres: postgres_server.PostgresServer, store: PostgresStore
) -> None:
    with store._writer.connection.begin():
        created = schema_of(store._writer.connection)
    with postgres.database(empty=True) as url:
        engine = store_postgres._engine(url, sa.NullPool)
        with engine.begin() as connection:
            migrate.take_steps(connection, None)
            context = migration.MigrationContext.configure(connection, opts={"compare_type": True})
            assert autogenerate.compare_metadata(context, tables.metadata) == []
            assert schema_of(connection) == created


def test_two_that_migrate_at_once_take_turns(postgres: postgres_server.PostgresServer) -> None:
    with postgres.database(empty=True) as url:
        told: list[str] = []
        threads = [threading.Thread(target=lambda: told.append(store_postgres.upgrade(url))) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(told) == 3
        PostgresStore.open(url).close()


def test_says_what_to_do_about_a_database_without_tables(postgres: postgres_server.PostgresServer) -> None:
    with postgres.database(empty=True) as url, pytest.raises(port.StoreUnavailable, match="samverkan migrate"):
        PostgresStore.open(url)


def test_refuses_a_database_of_another_version(postgres: postgres_server.PostgresServer, database_url: str) -> None:
    postgres.execute(database_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(port.StoreUnavailable, match="step 9999"):
        PostgresStore.open(database_url)
    with pytest.raises(port.StoreUnavailable, match="step 9999"):
        store_postgres.upgrade(database_url)


def test_refuses_a_database_that_commits_without_waiting_for_the_disk(
    postgres: postgres_server.PostgresServer, database_url: str
) -> None:
    name = urlsplit(database_url).path[1:]
    postgres.execute(database_url, f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    with pytest.raises(port.StoreUnavailable, match="synchronous_commit = off"):
        PostgresStore.open(database_url)


@pytest.mark.slow
@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_refuses_a_server_that_does_not_survive_a_power_cut(setting: str, servers_folder: Path) -> None:
    folder = servers_folder / f"postgres-{setting}"
    server = own_servers.required(lambda: postgres_server.OwnPostgres(folder, settings=(f"{setting}=off",)).start())
    try:
        with pytest.raises(port.StoreUnavailable, match=f"{setting} = off"):
            PostgresStore.open(server.url)
    finally:
        server.stop()


def test_says_nothing_of_the_password_when_nobody_answers() -> None:
    url = f"postgresql://samverkan:very-secret@127.0.0.1:{own_servers.free_port()}/samverkan"
    with pytest.raises(port.StoreUnavailable) as caught:
        PostgresStore.open(url)
    assert "very-secret" not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_groups_of_several_processes_take_turns(store: PostgresStore, other: PostgresStore) -> None:
    first = store.begin()
    waiting = asyncio.create_task(other.ask(other.begin))
    done, _ = await asyncio.wait({waiting}, timeout=0.2)
    assert not done
    changes, message, _ = stored.sent()
    changes.audit.append(stored.audit(0))
    first.write(changes)
    await store.commit(first)
    second = await waiting
    assert second.audit_size() == 1
    assert list(second.find_messages([message.key])) == [message.key]
    other.roll_back(second)


async def test_a_message_that_two_processes_take_at_once_is_there_once(
    store: PostgresStore, other: PostgresStore
) -> None:
    async def take(by: PostgresStore) -> bool:
        changes, message, _ = stored.sent(message_id="message-1", delivery={"sequence": 1})
        group = await by.ask(by.begin)
        is_there = bool(group.find_messages([message.key]))
        if not is_there:
            group.write(changes)
        await by.commit(group)
        return is_there

    assert sorted(await asyncio.gather(take(store), take(other))) == [False, True]


async def test_the_turn_of_a_process_that_died_is_over(
    postgres: postgres_server.PostgresServer, store: PostgresStore, other: PostgresStore
) -> None:
    dying = store.begin()
    dying.write(stored.sent()[0])
    pid = store._writer.connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
    waiting = asyncio.create_task(other.ask(other.begin))
    await asyncio.sleep(0)
    postgres.execute(postgres.url, f"SELECT pg_terminate_backend({pid})")
    group = await asyncio.wait_for(waiting, 10)
    assert group.list_inbox("jt-sydost", limit=9, at=stored.NOON) == []
    other.roll_back(group)
    with pytest.raises(port.StoreUnavailable):
        await store.commit(dying)
    await stored.keep(store, stored.sent()[0])


async def test_who_stands_still_in_its_turn_loses_it(database_url: str) -> None:
    still, other = PostgresStore.open(database_url), PostgresStore.open(database_url)
    with still._writer.connection.begin():  # not before it is open: on a slow machine it would lose that already
        still._writer.connection.exec_driver_sql("SET idle_in_transaction_session_timeout = 100")
    group = still.begin()
    group.write(stored.sent()[0])
    theirs = await asyncio.wait_for(other.ask(other.begin), 10)
    other.roll_back(theirs)
    with pytest.raises(port.StoreUnavailable):
        await still.commit(group)
    assert other.reader().count_by_state() == {}
    still.close()
    other.close()


async def test_who_waits_too_long_for_its_turn_is_told_to_try_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(store_postgres._SESSION, "lock_timeout", 100)  # type: ignore[arg-type]
    holder, waiter = PostgresStore.open(database_url), PostgresStore.open(database_url)
    group = holder.begin()
    with pytest.raises(port.StoreUnavailable):
        await waiter.ask(waiter.begin)
    await holder.commit(group)
    await stored.keep(waiter, stored.sent()[0])
    holder.close()
    waiter.close()


async def test_goes_on_by_itself_when_the_server_has_dropped_every_connection(
    postgres: postgres_server.PostgresServer, database_url: str, store: PostgresStore
) -> None:
    await stored.keep(store, stored.sent()[0])
    store.reader().audit_size()
    for _ in range(2):
        postgres.disconnect_all(database_url)
        assert store.reader().count_by_state() == {"pending": 1}
        postgres.disconnect_all(database_url)
        store.check()
    postgres.disconnect_all(database_url)
    await stored.keep(store, stored.sent()[0])
    assert store.reader().count_by_state() == {"pending": 2}


async def test_questions_do_not_wait_for_the_turn(store: PostgresStore, other: PostgresStore) -> None:
    group = store.begin()
    assert await other.ask(lambda: other.reader().find_messages([records.MessageKey("a", "b")])) == {}
    other.check()
    store.roll_back(group)


def given(folder: Path, url: str) -> settings.Settings:
    return settings.load({"data_dir": folder}, {"SAMVERKAN_DATABASE_URL": url}, None)


async def test_two_hubs_work_over_one_database_with_the_keys_that_migrate_made(
    postgres: postgres_server.PostgresServer, tmp_path: Path
) -> None:
    with postgres.database(empty=True) as url:
        with pytest.raises(vaults.VaultLocked):
            bootstrap.build_hub(given(tmp_path, url))
        await bootstrap.prepare(given(tmp_path, url))
        await bootstrap.prepare(given(tmp_path, url))
        first, second = (bootstrap.build_hub(given(tmp_path, url)) for _ in range(2))
        for hub in (first, second):
            await hub.open()
        assert first.reader.audit_size() == 2
        for hub in (first, second):
            await hub.close()


async def test_a_key_made_elsewhere_is_refused_before_anything_is_sealed(
    postgres: postgres_server.PostgresServer, tmp_path: Path
) -> None:
    with postgres.database(empty=True) as url:
        await bootstrap.prepare(given(tmp_path / "one", url))
        with pytest.raises(vaults.VaultLocked):
            await bootstrap.prepare(given(tmp_path / "two", url))
        (tmp_path / "two").mkdir(exist_ok=True)
        vaults.Vault.open(tmp_path / "two" / bootstrap.MASTER_KEY, create=True)
        with pytest.raises(vaults.VaultLocked, match="another database"):
            bootstrap.build_hub(given(tmp_path / "two", url), authenticator=object())  # type: ignore[arg-type]


async def test_what_one_store_shreds_every_other_hears_and_not_before(database_url: str) -> None:
    one, other = PostgresStore.open(database_url), PostgresStore.open(database_url)
    heard: list[None] = []
    other.listen_for_erasures(lambda: heard.append(None))
    await until(lambda: heard, "the first, for what came while nobody listened")
    shred = Changes(shreds=[records.Shred({"case-1": "case-1"})])
    group = one.begin()
    group.write(shred)
    one.roll_back(group)
    await stored.keep(one, shred)
    await until(lambda: len(heard) > 1, "the second")
    one.close()
    other.close()
    assert len(heard) == 2


async def test_a_destroyed_key_leaves_the_files_when_the_keys_are_written_anew(
    postgres: postgres_server.PostgresServer, database_url: str, store: PostgresStore
) -> None:
    """A deleted row keeps its bytes, and a plain VACUUM may keep them too."""
    gone, kept = b"\x01wrapped key that is destroyed", b"\x01wrapped key of somebody else"
    keys = [records.DataKey("case-1", kept, "kek"), records.DataKey("case-2", gone, "kek")]
    await stored.keep(store, Changes(data_keys=keys))
    await stored.keep(store, Changes(shreds=[records.Shred({"case-2": "case-2"})]))
    postgres.execute(database_url, "VACUUM data_keys")

    def holds(wrapped: bytes) -> bool:
        return wrapped in postgres.read_table(database_url, "data_keys")

    assert holds(gone)
    await store.rewrite_keys()
    assert (holds(gone), holds(kept)) == (False, True)
    assert store.reader().find_data_keys(["case-1", "case-2"]).keys() == {"case-1"}


async def test_who_holds_the_keys_is_not_waited_for_long_and_nothing_is_lost(
    database_url: str, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_postgres, "_SHORT_WAIT", 50)
    await stored.keep(store, Changes(data_keys=[records.DataKey("case-1", b"wrapped", "kek")]))
    with psycopg.connect(database_url) as somebody:
        somebody.execute("LOCK TABLE data_keys IN ACCESS SHARE MODE")
        with pytest.raises(port.StoreUnavailable, match="55P03"):
            await store.rewrite_keys()
    await store.rewrite_keys()
    assert store.reader().find_data_keys(["case-1"]).keys() == {"case-1"}


async def test_a_group_waits_once_for_all_that_it_writes_and_once_for_the_last(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    trips: list[str] = []
    pipeline, execute = psycopg.Connection.pipeline, psycopg.Cursor.execute

    def count_pipeline(self: Any) -> Any:
        trips.append("pipeline")
        return pipeline(self)

    def count_execute(self: Any, *given: Any, **more: Any) -> Any:
        trips.append("statement")
        return execute(self, *given, **more)

    group = store.begin()
    monkeypatch.setattr(psycopg.Connection, "pipeline", count_pipeline)
    monkeypatch.setattr(psycopg.Cursor, "execute", count_execute)
    changes = everything()
    changes.messages.append(stored.message("message-y"))
    group.write(changes)
    assert trips == ["pipeline", "statement"]
    monkeypatch.undo()
    await store.commit(group)
    assert_kept(store.reader())


async def test_a_connection_lost_within_a_pipeline_is_made_anew(
    postgres: postgres_server.PostgresServer, database_url: str, store: PostgresStore
) -> None:
    group = store.begin()
    postgres.disconnect_all(database_url)
    with pytest.raises(port.StoreUnavailable, match=r"^the database failed: \w+$"):
        group.write(everything())
    store.roll_back(group)
    await stored.keep(store, everything())
    assert_kept(store.reader())
