"""SQL about channels of a chat: what they are bound to, and whose they are."""

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.chat import ChatChannel
from models.team import Team


async def find_channel(session: AsyncSession, integration_id: str, channel: str) -> ChatChannel | None:
    return await session.get(ChatChannel, (integration_id, channel), populate_existing=True)


async def update_channel(
    session: AsyncSession,
    integration_id: str,
    channel: str,
    person_id: str,
    *,
    postmortem_id: str | None = None,
    incident_id: str | None = None,
) -> None:
    """Bind the channel to one of the two; what it was bound to before is replaced."""
    values = {"postmortem_id": postmortem_id, "incident_id": incident_id, "bound_by_id": person_id}
    statement = insert(ChatChannel).values(integration_id=integration_id, channel=channel, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["integration_id", "channel"], set_=values))


async def delete_channel(session: AsyncSession, integration_id: str, channel: str) -> None:
    await session.execute(
        delete(ChatChannel).where(ChatChannel.integration_id == integration_id, ChatChannel.channel == channel)
    )


async def list_team_ids(session: AsyncSession, integration_id: str, channel: str) -> frozenset[str]:
    """The teams whose channel this is, as an administrator declared."""
    statement = select(Team.id).where(Team.channel_id == integration_id, Team.channel_address == channel)
    return frozenset((await session.execute(statement)).scalars())
