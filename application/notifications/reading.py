"""What a person has done or opened since they were notified counts as read."""

from datetime import datetime

from application.notifications.details import read_details
from domain.access import Viewer
from domain.notifications.meanings import GROUPS, Meaning
from domain.notifications.timing import Outcome
from models.queries.notifications import notices
from models.queries.pagination import Ask
from models.session import Session

AT_ONCE = Ask(100)


TELLS = frozenset(
    kind.value for meaning in (Meaning.REVIEWS, Meaning.COMMENTS, Meaning.ASSIGNMENTS) for kind in GROUPS[meaning].kinds
)
"""Kinds that were heard once the page that they are about was opened; a reminder stays until it is done or read."""


async def count_unread(session: Session, viewer: Viewer, now: datetime, *, opened_id: str | None = None) -> int:
    """Those that still ask for something. The others are marked as read, also what only tells something about the
    postmortem or action item whose page is opened."""
    unread = await notices.count_unread(session, viewer)
    if unread and opened_id:
        unread -= await notices.mark_opened(session, viewer, now, TELLS, about_id=opened_id)
    return unread - await mark_done_read(session, viewer, now) if unread else 0


async def mark_done_read(session: Session, viewer: Viewer, now: datetime) -> int:
    """Marks as read what was done, or is no longer asked for; returns how many. Looks at the newest unread ones."""
    page = await notices.list_notices(session, viewer, AT_ONCE, unread=True)
    details = await read_details(session, page.items, now, viewer=viewer, team_id=None)
    done = [one.notice for one in details if one.outcome is Outcome.DONE]
    for one in done:
        one.read_at = now
    return len(done)
