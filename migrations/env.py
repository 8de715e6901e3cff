"""Alembic's entry: one ``migrate`` at a time, one transaction for each migration, and never a queue behind a lock.

A statement that waits for a table's lock makes everyone who comes after it wait, too. So it gives up after
``LOCK_TIMEOUT``, lets them through, and tries again.
"""

import asyncio
import time

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from models import Base
from models.session import is_locked, make_engine, make_sessions
from runtime.database_checks import read_usable
from runtime.processes import CannotStart
from runtime.settings import get_settings

MIGRATION_LOCK = 0x4146_5445  # "AFTE": any constant that nobody else uses
PAUSE = 1.0  # seconds in which those who waited behind us are let through
PATIENCE = 120.0  # seconds of such tries


def run_migrations(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=Base.metadata, compare_type=True, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()


async def migrate(engine: AsyncEngine) -> None:
    async with engine.connect() as keeper:
        await keeper.execute(text("set idle_session_timeout = 0"))  # it only holds the lock, as long as that takes
        while not (
            await keeper.execute(text("select pg_try_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        ).scalar_one():
            await keeper.rollback()
            await asyncio.sleep(PAUSE)
        await keeper.commit()  # the lock is the session's: no transaction stays open meanwhile
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                async with engine.connect() as connection:
                    await connection.run_sync(run_migrations)
                    await connection.commit()
            except DBAPIError as error:
                if not is_locked(error):
                    raise
                if time.monotonic() > deadline:
                    raise CannotStart(
                        "can't migrate: another transaction keeps a table that must change locked. What was migrated so"
                        " far stays. End long transactions (see pg_stat_activity), then run this again"
                    ) from None
                await asyncio.sleep(PAUSE)
            else:
                return


async def main() -> None:
    url = get_settings().database_url
    if url is None:
        raise CannotStart("set AFTERWORD_DATABASE_URL to migrate a database")
    engine = make_engine(url.get_secret_value(), connections=2, name="afterword migrate")
    try:
        async with make_sessions(engine).begin() as session:
            await read_usable(session)
        await migrate(engine)
    finally:
        await engine.dispose()


asyncio.run(main())
