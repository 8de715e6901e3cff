"""SQL about messages that were picked for an incident whose postmortem is not open yet."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.chat import ChatPick


async def insert_pick(
    session: AsyncSession, incident_id: str, key: str, person_id: str, event: Mapping[str, Any], now: datetime
) -> bool:
    """``event`` holds the columns of the event to come. False if the message was kept before.

    The incident must be locked and have no postmortem: opening one waits for the lock, and takes what was kept.
    """
    values = {"incident_id": incident_id, "key": key, "picked_by_id": person_id, "created_at": now, **event}
    statement = insert(ChatPick).values(values).on_conflict_do_nothing().returning(ChatPick.key)
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def take_picks(session: AsyncSession, incident_ids: Sequence[str]) -> list[ChatPick]:
    """Remove and return the messages of these incidents, by their own time, each once.

    The incidents must be linked to the postmortem already, in this transaction.
    """
    if not incident_ids:
        return []
    statement = delete(ChatPick).where(ChatPick.incident_id.in_(list(incident_ids))).returning(ChatPick)
    found = (await session.execute(statement)).scalars().all()
    return sorted({one.key: one for one in found}.values(), key=lambda one: (one.at, one.key))
