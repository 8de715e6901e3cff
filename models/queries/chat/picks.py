"""Messages that were picked for an incident before its postmortem is there, and where they go once it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from models.chat import ChatPick
from models.queries.audit.records import audit


async def keep_pick(
    session: AsyncSession, viewer: Viewer, incident_id: str, key: str, told: dict[str, Any], now: datetime
) -> bool:
    """``told`` are the columns of the event to come. False where it is kept already. The incident must be locked, and
    without a postmortem: whoever opens one waits for the lock, and takes what was kept."""
    values = {"incident_id": incident_id, "key": key, "picked_by_id": viewer.person_id, "created_at": now, **told}
    added = insert(ChatPick).values(values).on_conflict_do_nothing().returning(ChatPick.key)
    if (await session.execute(added)).scalar_one_or_none() is None:
        return False
    audit(session, viewer, "message.kept", "incident", incident_id, after={"at": told["at"].isoformat()})
    return True


async def take_picks(session: AsyncSession, incident_ids: Sequence[str]) -> list[ChatPick]:
    """Those of these incidents, by their own time, each message once; they are not kept any more. The incidents must
    be linked to the postmortem already, in this transaction."""
    if not incident_ids:
        return []
    statement = delete(ChatPick).where(ChatPick.incident_id.in_(list(incident_ids))).returning(ChatPick)
    found = (await session.execute(statement)).scalars().all()
    return sorted({one.key: one for one in found}.values(), key=lambda one: (one.at, one.key))
