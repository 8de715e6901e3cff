"""What a postmortem contains, for the decision whether it is ready to submit or to publish."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.action_item import ActionItem
from models.policy import Policy
from models.postmortem import Comment, Postmortem, TimelineEvent
from models.queries.postmortems.counts import unresolved_threads


@dataclass(frozen=True, slots=True)
class Contents:
    """``incomplete_items`` are the ids of action items without an owner or a due date."""

    has_timeline: bool
    has_items: bool
    unresolved_comments: int
    incomplete_items: tuple[str, ...]
    min_reviewers: int


async def read_contents(session: AsyncSession, postmortem: Postmortem) -> Contents:
    """``min_reviewers`` is the policy's."""
    items = select(ActionItem.id).where(ActionItem.postmortem_id == postmortem.id)
    incomplete = items.where(or_(ActionItem.owner_id.is_(None), ActionItem.due_on.is_(None)))
    threads = select(func.count()).where(Comment.postmortem_id == postmortem.id, *unresolved_threads())
    policy = (Policy.id == postmortem.policy_id, Policy.version == postmortem.policy_version)
    statement = select(
        select(TimelineEvent.id).where(TimelineEvent.postmortem_id == postmortem.id).exists(),
        items.exists(),
        threads.scalar_subquery(),
        func.array(incomplete.scalar_subquery()),
        select(Policy.min_reviewers).where(*policy).scalar_subquery(),
    )
    has_timeline, has_items, unresolved, lacking, min_reviewers = (await session.execute(statement)).one()
    return Contents(has_timeline, has_items, unresolved, tuple(lacking), min_reviewers)
