"""Answers to requests with an ``Idempotency-Key``, kept for repeated requests."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import IdempotencyRecord


async def try_lock(session: AsyncSession, lock: int) -> bool:
    """Takes an advisory lock until the transaction ends; False while another transaction holds it."""
    taken: bool = (await session.execute(select(func.pg_try_advisory_xact_lock(lock)))).scalar_one()
    return taken


async def find_answer(session: AsyncSession, person_id: str, key: str) -> IdempotencyRecord | None:
    return await session.get(IdempotencyRecord, (person_id, key))


async def delete_answers(session: AsyncSession, before: datetime) -> None:
    await session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.created_at < before))
