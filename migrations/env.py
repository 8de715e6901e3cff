"""Alembic's entry. One migration at a time: an advisory lock makes a second one wait for the first."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text

from models import Base
from models.session import make_engine
from runtime.settings import get_settings

MIGRATION_LOCK = 0x4146_5445  # "AFTE": any constant that nobody else uses


def run_migrations(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    with context.begin_transaction():
        connection.execute(text("set local lock_timeout = 0"))  # one migration waits for another to end
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        context.run_migrations()


async def main() -> None:
    url = get_settings().database_url
    if url is None:
        raise SystemExit("afterword: set AFTERWORD_DATABASE_URL to migrate a database")
    engine = make_engine(url.get_secret_value())
    async with engine.connect() as connection:
        await connection.run_sync(run_migrations)
        await connection.commit()
    await engine.dispose()


asyncio.run(main())
