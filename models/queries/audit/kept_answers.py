"""Answers to requests with an ``Idempotency-Key``, kept for repeated requests."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Text, and_, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import IdempotencyRecord

_LOCK = select(func.pg_try_advisory_xact_lock(bindparam("lock", type_=BigInteger)).label("is_locked")).subquery()
_IS_ASKED = and_(
    IdempotencyRecord.person_id == bindparam("person_id", type_=Text),
    IdempotencyRecord.key == bindparam("key", type_=Text),
)
_LOCK_AND_FIND = select(_LOCK.c.is_locked, IdempotencyRecord).select_from(_LOCK).outerjoin(IdempotencyRecord, _IS_ASKED)


async def lock_and_find_answer(
    session: AsyncSession, lock: int, person_id: str, key: str
) -> tuple[bool, IdempotencyRecord | None]:
    """Takes an advisory lock until the transaction ends: whether it could, since no other transaction holds it, and
    the answer that is kept."""
    row = (await session.execute(_LOCK_AND_FIND, {"lock": lock, "person_id": person_id, "key": key})).one()
    return row[0], row[1]


async def insert_answer(session: AsyncSession, **values: Any) -> bool:
    """False if there is one for the key already."""
    statement = insert(IdempotencyRecord).values(**values).on_conflict_do_nothing()
    return (await session.execute(statement.returning(IdempotencyRecord.key))).scalar_one_or_none() is not None


async def find_answer(session: AsyncSession, person_id: str, key: str) -> IdempotencyRecord | None:
    return await session.get(IdempotencyRecord, (person_id, key))


async def delete_answers(session: AsyncSession, before: datetime) -> None:
    await session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.created_at < before))
