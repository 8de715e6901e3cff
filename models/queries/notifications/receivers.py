"""The state of each receiver of notices: when they are notified next, and whether messages reach them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.escalation.policy import Office
from models.notification import ReceiverState
from models.person import Person
from models.queries.escalation.policies import content_of, pick_policy
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.team import Team


async def lock_state(session: AsyncSession, receiver_id: str) -> ReceiverState:
    """Adds the row if there is none, and locks it."""
    await session.execute(insert(ReceiverState).values(receiver_id=receiver_id).on_conflict_do_nothing())
    statement = select(ReceiverState).where(ReceiverState.receiver_id == receiver_id).with_for_update()
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one()


async def find_state(session: AsyncSession, receiver_id: str, *, for_update: bool = False) -> ReceiverState | None:
    return await session.get(ReceiverState, receiver_id, with_for_update=for_update, populate_existing=True)


async def find_person_again(session: AsyncSession, person_id: str) -> Person | None:
    """Reads the row again even if it was read before in this transaction."""
    return await session.get(Person, person_id, populate_existing=True)


async def find_team_again(session: AsyncSession, team_id: str) -> Team | None:
    """As :func:`find_person_again`."""
    return await session.get(Team, team_id, populate_existing=True)


async def read_office(session: AsyncSession, team_ids: Collection[str]) -> Office:
    """The office of the teams' policy for all incidents, or of the default policy."""
    row = await pick_policy(session, urgency=None, service_ids=(), team_ids=sorted(team_ids))
    return content_of(row).office


@dataclass(frozen=True, slots=True)
class Unreachable:
    """``receiver_id`` is a person's or a team's."""

    receiver_id: str
    name: str
    is_team: bool
    since: datetime
    why: str


async def list_unreachable(session: AsyncSession, ask: Ask) -> Page[Unreachable]:
    """People and teams whose last message reached only their inbox, most recent first."""
    statement = (
        select(ReceiverState, func.coalesce(Person.name, Team.name), Team.id)
        .outerjoin(Person, Person.id == ReceiverState.receiver_id)
        .outerjoin(Team, Team.id == ReceiverState.receiver_id)
        .where(ReceiverState.unreachable_since.is_not(None), or_(Person.is_active, Team.id.is_not(None)))
    )
    order = Order("unreachable", ReceiverState.unreachable_since, ReceiverState.receiver_id)
    rows, cursor = await fetch_page(session, statement, order, ask)
    return Page([_unreachable(row[0], row[1], row[2]) for row in rows], cursor)


def _unreachable(state: ReceiverState, name: str, team_id: str | None) -> Unreachable:
    since = state.unreachable_since
    assert since is not None  # noqa: S101
    return Unreachable(state.receiver_id, name, team_id is not None, since, state.unreachable_why or "")
