"""Commands that were carried out, and the texts of commands on their way to their activity."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import CommandArgument, CommandLog


async def find_command(session: AsyncSession, entity_id: str, request_id: str) -> CommandLog | None:
    return await session.get(CommandLog, (entity_id, request_id))


async def stage_arguments(session: AsyncSession, request_id: str, arguments: Mapping[str, Any]) -> None:
    """Stores a command's texts for its activity. If the same request was staged before, its texts stay as they are."""
    statement = insert(CommandArgument).values(request_id=request_id, arguments=dict(arguments))
    await session.execute(statement.on_conflict_do_nothing())


async def take_arguments(session: AsyncSession, request_id: str) -> dict[str, Any]:
    """Returns a command's texts and deletes them, in the transaction that carries the command out."""
    statement = delete(CommandArgument).where(CommandArgument.request_id == request_id)
    row = (await session.execute(statement.returning(CommandArgument.arguments))).scalar_one_or_none()
    return row or {}


async def delete_arguments(session: AsyncSession, before: datetime) -> None:
    """Deletes texts that no activity has taken."""
    await session.execute(delete(CommandArgument).where(CommandArgument.created_at < before))
