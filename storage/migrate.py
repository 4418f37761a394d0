"""Bringing a database to this version's schema.

On PostgreSQL the revisions run as the owner of the tables (`owner_url`) and then grant the application's role
SELECT, INSERT, UPDATE and DELETE, nothing more. On SQLite owner and application are the same file.
"""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from storage.engine import async_url
from storage.errors import DatabaseUnavailable

SCRIPTS: Final = Path(__file__).parent / "migrations"


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration, bound to an open connection."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config


async def migrate(url: str, *, revision: str = "head", application_role: str | None = None) -> None:
    """Upgrade (or, given an older revision, downgrade) the database.

    Args:
        url: The owner's URL on PostgreSQL, the file's on SQLite.
        revision: An Alembic revision, or `head`.
        application_role: PostgreSQL role to grant row access to; None grants nothing.

    Raises:
        DatabaseUnavailable: The database cannot be opened.
    """
    engine = create_async_engine(async_url(url))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_run, revision)
            if application_role and connection.dialect.name == "postgresql":
                await connection.run_sync(_grant, application_role)
    except (DBAPIError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise DatabaseUnavailable(str(cause).splitlines()[0]) from error
    finally:
        await engine.dispose()


def _run(connection: Connection, revision: str) -> None:
    config = alembic_config(connection)
    (command.downgrade if revision == "base" else command.upgrade)(config, revision)


def _grant(connection: Connection, role: str) -> None:
    quoted = connection.dialect.identifier_preparer.quote(role)
    schema = connection.dialect.identifier_preparer.quote(
        connection.execute(text("SELECT current_schema()")).scalar_one()
    )
    connection.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO {quoted}"))
    connection.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {quoted}"))
    connection.execute(text(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {quoted}"))
