"""What a process must know of its database before it starts to work."""

from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.integration import Integration, KeyCheck


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """``lock_timeout`` is the session's own. ``schema_version`` None: nothing was migrated yet."""

    encoding: str
    lock_timeout: str
    schema_version: str | None


async def read_state(session: AsyncSession) -> DatabaseState:
    settings = text("select current_setting('server_encoding'), current_setting('lock_timeout')")
    encoding, lock_timeout = (await session.execute(settings)).one()
    return DatabaseState(encoding, lock_timeout, await find_schema_version(session))


async def find_schema_version(session: AsyncSession) -> str | None:
    if (await session.execute(text("select to_regclass('alembic_version')"))).scalar_one() is None:
        return None
    return (await session.execute(text("select max(version_num) from alembic_version"))).scalar_one()  # type: ignore[no-any-return]


async def find_key_check(session: AsyncSession) -> bytes | None:
    return (await session.execute(select(KeyCheck.sealed))).scalar_one_or_none()


async def insert_key_check(session: AsyncSession, sealed: bytes) -> None:
    """Does nothing if another process was faster."""
    await session.execute(insert(KeyCheck).values(id=1, sealed=sealed).on_conflict_do_nothing())


async def replace_key_check(session: AsyncSession, sealed: bytes) -> None:
    statement = insert(KeyCheck).values(id=1, sealed=sealed)
    await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"sealed": sealed}))


async def list_some_sealed(session: AsyncSession, limit: int) -> list[bytes]:
    """Credentials that some process encrypted, newest connection first."""
    statement = select(Integration.secrets).where(Integration.secrets.is_not(None))
    found = await session.execute(statement.order_by(Integration.created_at.desc()).limit(limit))
    return [one for one in found.scalars() if one]
