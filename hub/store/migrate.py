"""Brings a database to the tables of this version: a new one at once, an older one by `migrations/versions`."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from hub.store import tables

HEAD: Final = "0016"
"""The newest step. A test compares it with the folder; as a constant it spares most starts Alembic."""

_version = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""As Alembic makes it, which takes over with the next step."""


class SchemaTooNew(Exception):
    """The database was written by a newer version of the hub."""


def find_version(connection: sa.Connection) -> str | None:
    """The newest step that the database has taken; None for an empty one."""
    if not sa.inspect(connection).has_table(_version.name):
        return None
    return connection.execute(sa.select(_version.c.version_num)).scalar()


def upgrade(connection: sa.Connection) -> None:
    """Creates the tables or takes the missing steps, inside the caller's transaction. Raises `SchemaTooNew`."""
    version = find_version(connection)
    if version is None:
        _create(connection)
    elif version != HEAD:
        take_steps(connection, version)


def _create(connection: sa.Connection) -> None:
    """What all steps together would have made: tests compare the two."""
    tables.metadata.create_all(connection, checkfirst=False)
    _version.create(connection)
    connection.execute(_version.insert().values(version_num=HEAD))


def take_steps(connection: sa.Connection, version: str | None, *, to: str = "head") -> None:
    """From that step on, from the first one for None. Raises `SchemaTooNew`."""
    # Loading Alembic takes longer than starting the rest of the hub, and most starts do not need it.
    from alembic import command, config, script

    settings = config.Config(attributes={"connection": connection})
    settings.set_main_option("script_location", "hub.store:migrations")
    known = {step.revision for step in script.ScriptDirectory.from_config(settings).walk_revisions()}
    if version is not None and version not in known:
        raise SchemaTooNew(f"the database has step {version}, this hub knows up to {HEAD}")
    command.upgrade(settings, to)
