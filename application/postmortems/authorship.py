"""Tells people that someone made them the author of a postmortem."""

from datetime import datetime

from application.notifications.notices import notify
from domain.access import Viewer
from domain.notifications.notices import NoticeKind
from models.session import Session


async def notify_of_authorship(
    session: Session, viewer: Viewer, postmortem_id: str, author_id: str, now: datetime, version: int = 0
) -> None:
    """Notifies the author unless the viewer is the author. ``version`` is that of the postmortem before the change."""
    if author_id != viewer.person_id:
        await notify(
            session,
            [author_id],
            NoticeKind.AUTHOR_ASSIGNED,
            f"{postmortem_id}:author:{author_id}:{version}",
            at=now,
            postmortem_id=postmortem_id,
            actor_id=viewer.person_id,
        )
