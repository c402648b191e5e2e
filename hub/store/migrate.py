"""Brings a database to the tables of this version, by the steps in `migrations/versions`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, inspect, text

HEAD: Final = "0013"
"""The newest step. A test compares it with the folder; as a constant it spares most starts Alembic."""


class SchemaTooNew(Exception):
    """The database was written by a newer version of the hub."""


def find_version(connection: Connection) -> str | None:
    """The newest step that the database has taken; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def upgrade(connection: Connection) -> None:
    """Takes the steps that are missing, inside the caller's transaction. Raises `SchemaTooNew`."""
    version = find_version(connection)
    if version == HEAD:
        return
    # Loading Alembic takes longer than starting the rest of the hub, and most starts do not need it.
    from alembic import command, config, script

    settings = config.Config(attributes={"connection": connection})
    settings.set_main_option("script_location", "hub.store:migrations")
    known = {step.revision for step in script.ScriptDirectory.from_config(settings).walk_revisions()}
    if version is not None and version not in known:
        raise SchemaTooNew(f"the database has step {version}, this hub knows up to {HEAD}")
    command.upgrade(settings, "head")
