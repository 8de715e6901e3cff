"""Numbers that are shown with a postmortem."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.action_item import ActionItem
from models.postmortem import Comment, Postmortem


@dataclass(frozen=True, slots=True)
class PostmortemCounts:
    """``items`` counts action items by status."""

    items: Mapping[str, int]
    overdue: int = 0
    unresolved_comments: int = 0
    has_timeline: bool = False

    @property
    def has_items(self) -> bool:
        return any(self.items.values())


async def count_contents(
    session: AsyncSession, postmortems: Sequence[Postmortem], now: datetime
) -> dict[str, PostmortemCounts]:
    """Action items by status, overdue ones and unresolved comments of each: two statements for all of them.

    The timelines must be loaded already.
    """
    ids = [one.id for one in postmortems]
    today = now.astimezone(UTC).date()
    is_overdue = (ActionItem.due_on < today, ActionItem.status.in_(("OPEN", "IN_PROGRESS")))
    items: dict[str, dict[str, int]] = {one: {} for one in ids}
    overdue: dict[str, int] = {}
    grouped = select(ActionItem.postmortem_id, ActionItem.status, func.count(), func.count().filter(*is_overdue))
    grouped = grouped.where(ActionItem.postmortem_id.in_(ids)).group_by(ActionItem.postmortem_id, ActionItem.status)
    for postmortem_id, status, count, overdue_count in (await session.execute(grouped)).all():
        items[postmortem_id][status] = count
        overdue[postmortem_id] = overdue.get(postmortem_id, 0) + overdue_count
    threads = select(Comment.postmortem_id, func.count()).where(Comment.postmortem_id.in_(ids), *unresolved_threads())
    comments = {row[0]: row[1] for row in (await session.execute(threads.group_by(Comment.postmortem_id))).all()}
    return {
        one.id: PostmortemCounts(items[one.id], overdue.get(one.id, 0), comments.get(one.id, 0), bool(one.timeline))
        for one in postmortems
    }


def unresolved_threads() -> tuple[Any, ...]:
    """Conditions on :class:`Comment`."""
    return (Comment.parent_id.is_(None), Comment.resolved_at.is_(None))
