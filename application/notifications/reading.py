"""What a person has done since they were notified counts as read."""

from datetime import datetime

from application.notifications.details import read_details
from domain.access import Viewer
from domain.notifications.timing import Outcome
from models.queries.notifications import notices
from models.queries.pagination import Ask
from models.session import Session

AT_ONCE = Ask(100)


async def count_unread(session: Session, viewer: Viewer, now: datetime) -> int:
    """Those that still ask for something. The others are marked as read."""
    unread = await notices.count_unread(session, viewer)
    return unread - await mark_done_read(session, viewer, now) if unread else 0


async def mark_done_read(session: Session, viewer: Viewer, now: datetime) -> int:
    """Marks as read what was done, or is no longer asked for; returns how many. Looks at the newest unread ones."""
    page = await notices.list_notices(session, viewer, AT_ONCE, unread=True)
    details = await read_details(session, page.items, now, viewer=viewer, team_id=None)
    done = [one.notice for one in details if one.outcome is Outcome.DONE]
    for one in done:
        one.read_at = now
    return len(done)
