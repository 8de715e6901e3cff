"""Notices whose receiver's workflow does not know of them yet: the outbox of notifications."""

from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.integration import Integration
from models.notification import Notice, ReceiverState
from models.queries.locking import change_in_order
from models.queries.prebuilt import Prebuilt, instant_of, number_of
from models.team import Team


async def list_unheard_unscoped(session: AsyncSession, limit: int) -> list[str]:
    """Receivers with notices that their workflow does not know of, longest wait first."""
    rows = await _UNHEARD.rows(session, limit=limit)
    return list(dict.fromkeys(one["person_id"] or one["team_id"] for one in rows))


_UNHEARD = Prebuilt(
    select(Notice.person_id, Notice.team_id)
    .where(~Notice.is_heard)
    .order_by(Notice.created_at)
    .limit(number_of("limit"))
)


async def list_overlooked_unscoped(session: AsyncSession, before: datetime, limit: int) -> list[str]:
    """Receivers whose workflow should have run before that instant, and teams that were never planned."""
    late = await _LATE.rows(session, before=before, limit=limit)
    return [one[0] for one in (*late, *await _NEVER_PLANNED.rows(session, limit=limit))]


_LATE = Prebuilt(
    select(ReceiverState.receiver_id)
    .where(ReceiverState.next_at < instant_of("before"))
    .order_by(ReceiverState.next_at)
    .limit(number_of("limit"))
)
_NEVER_PLANNED = Prebuilt(
    select(Team.id)
    .where(
        Team.channel_id.is_not(None),
        exists().where(Integration.id == Team.channel_id),
        ~exists().where(ReceiverState.receiver_id == Team.id, ReceiverState.next_at.is_not(None)),
    )
    .limit(number_of("limit"))
)


async def requeue(session: AsyncSession, receiver_id: str) -> None:
    """Puts pending notices back into the outbox, so that the receiver's workflow plans again."""
    theirs = or_(Notice.person_id == receiver_id, Notice.team_id == receiver_id)
    await change_in_order(session, Notice, {"is_heard": False}, theirs, Notice.settled_at.is_(None))


async def take_out(session: AsyncSession, receiver_id: str) -> None:
    """Marks all notices of the receiver as known to their workflow."""
    theirs = or_(Notice.person_id == receiver_id, Notice.team_id == receiver_id)
    await change_in_order(session, Notice, {"is_heard": True}, theirs, ~Notice.is_heard)
