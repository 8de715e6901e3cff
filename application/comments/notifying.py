"""Notifies the people mentioned in a comment, and the people in its thread."""

from collections.abc import Collection, Iterable
from datetime import datetime

from application import text_work
from application.notifications.notices import notify
from domain.access import Viewer
from domain.comments.mentions import Unnotified, choose_recipients, mentions
from domain.notifications.notices import NoticeKind
from models.postmortem import Comment
from models.queries import comments
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.session import Session


async def notify_mentioned(
    session: Session, viewer: Viewer, visible: VisiblePostmortem, comment: Comment, now: datetime
) -> tuple[Unnotified, ...]:
    """Keep who is mentioned, and notify those who were not notified of this comment before.

    Returns those who cannot be notified.
    """
    found = await text_work.run(mentions, comment.body, length=len(comment.body)) if "@" in comment.body else ()
    spellings = {spelling for one in found for spelling in one.spellings}
    people = await comments.find_mentioned(session, visible.postmortem.id, spellings)
    recipients = choose_recipients(found, people)
    await comments.update_mentions(session, comment.id, recipients.person_ids)
    await _notify(session, viewer, comment, recipients.person_ids, NoticeKind.MENTIONED, now)
    return recipients.unnotified


async def notify_thread(
    session: Session,
    viewer: Viewer,
    first: Collection[str],
    comment: Comment,
    thread: Comment | None,
    now: datetime,
) -> None:
    """Notifies a reply's thread, or the people in ``first`` about a new thread, but not people mentioned in the
    comment."""
    if thread is None:
        wanted = await comments.list_unmentioned(session, comment, first)
        await _notify(session, viewer, comment, wanted, NoticeKind.COMMENT_ADDED, now)
    else:
        members = await comments.list_thread_members(session, comment, thread.id)
        await _notify(session, viewer, comment, members, NoticeKind.COMMENT_REPLIED, now)


async def _notify(
    session: Session, viewer: Viewer, comment: Comment, person_ids: Iterable[str], kind: NoticeKind, now: datetime
) -> None:
    """Never the person who writes."""
    await notify(
        session,
        [one for one in person_ids if one != viewer.person_id],
        kind,
        f"{comment.id}:{kind}",
        at=now,
        postmortem_id=comment.postmortem_id,
        comment_id=comment.id,
        actor_id=viewer.person_id,
    )
