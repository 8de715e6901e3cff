"""What a person is responsible for: open action items, postmortems and reviews, and the teams that they lead."""

from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.postmortems.lifecycle import Status
from models.action_item import ActionItem
from models.postmortem import Postmortem, PostmortemReviewer
from models.queries.locking import change_in_order
from models.team import Team

OPEN_ITEM = ("OPEN", "IN_PROGRESS")
WRITING = (Status.DRAFT.value, Status.IN_REVIEW.value)


async def list_open_items_unscoped(session: AsyncSession, person_id: str) -> list[ActionItem]:
    """That they own, of postmortems that are not archived."""
    statement = select(ActionItem).join(Postmortem, Postmortem.id == ActionItem.postmortem_id)
    statement = statement.where(*_open_items(person_id), Postmortem.status != Status.ARCHIVED.value)
    return list((await session.execute(statement)).scalars())


async def list_open_postmortems_unscoped(session: AsyncSession, person_id: str) -> list[Postmortem]:
    """That they write or review."""
    return list((await session.execute(select(Postmortem).where(*_open_postmortems(person_id)))).scalars())


async def list_led_teams(session: AsyncSession, person_id: str) -> list[str]:
    return list((await session.execute(select(Team.id).where(Team.lead_id == person_id))).scalars())


async def restart_workflows(session: AsyncSession, person_id: str) -> None:
    """Has the workflows of all that plan their reminders again, after the person's working hours or presence changed.

    The rows are their outbox: it works while Temporal cannot be reached.
    """
    for model, theirs in ((Postmortem, _open_postmortems(person_id)), (ActionItem, _open_items(person_id))):
        await change_in_order(session, model, {"workflow_started": False}, *theirs)


def _open_items(person_id: str) -> tuple[Any, ...]:
    return ActionItem.owner_id == person_id, ActionItem.status.in_(OPEN_ITEM)


def _open_postmortems(person_id: str) -> tuple[Any, ...]:
    reviews = select(PostmortemReviewer.postmortem_id).where(PostmortemReviewer.person_id == person_id)
    return or_(Postmortem.author_id == person_id, Postmortem.id.in_(reviews)), Postmortem.status.in_(WRITING)
