"""Whom a comment reaches: those whom it mentions, and those who are in its thread. Only who may see the postmortem."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.comments.mentions import MENTIONS_LIMIT, WhyNot, mentions
from models.person import Person
from models.postmortem import Comment, CommentMention
from models.queries.access.visibility import visible_to_person
from models.queries.notifications.notices import notify
from models.queries.postmortems.postmortems import VisiblePostmortem


@dataclass(frozen=True, slots=True)
class Unnotified:
    handle: str
    why: WhyNot


async def speak_to(
    session: AsyncSession, viewer: Viewer, seen: VisiblePostmortem, comment: Comment, now: datetime
) -> tuple[Unnotified, ...]:
    """Keeps who is mentioned, tells those who were not told of this comment before; returns who cannot be told."""
    written = mentions(comment.body)
    spellings = {spelling for one in written for spelling in one.spellings}
    may_see = visible_to_person(seen.postmortem.id).label("may_see")
    statement = select(Person.id, Person.handle, Person.is_active, may_see).where(Person.handle.in_(spellings))
    known = {row.handle: row for row in (await session.execute(statement)).all()} if spellings else {}
    told: dict[str, None] = {}
    untold: list[Unnotified] = []
    for one in written:
        row = next((known[spelling] for spelling in one.spellings if spelling in known), None)
        if row is None:
            untold.append(Unnotified(one.handle, WhyNot.UNKNOWN))
        elif not row.is_active:
            untold.append(Unnotified(one.handle, WhyNot.INACTIVE))
        elif not row.may_see:
            untold.append(Unnotified(one.handle, WhyNot.MAY_NOT_SEE))
        elif len(told) == MENTIONS_LIMIT and row.id not in told:
            untold.append(Unnotified(one.handle, WhyNot.TOO_MANY))
        else:
            told[row.id] = None
    gone = delete(CommentMention).where(CommentMention.comment_id == comment.id, CommentMention.person_id.not_in(told))
    await session.execute(gone)
    if told:
        rows = [{"comment_id": comment.id, "person_id": one} for one in told]
        await session.execute(insert(CommentMention).values(rows).on_conflict_do_nothing())
    await _put_into_inboxes(session, viewer, comment, told, "mentioned", now)
    return tuple(untold)


async def tell(
    session: AsyncSession,
    viewer: Viewer,
    seen: VisiblePostmortem,
    comment: Comment,
    thread: Comment | None,
    now: datetime,
) -> None:
    """Who is in the thread hears of an answer, and the postmortem's author of a new thread, unless mentioned in it."""
    if thread is None:
        people = select(Person.id).where(Person.id == seen.postmortem.author_id)
    else:
        in_it = or_(Comment.id == thread.id, Comment.parent_id == thread.id)
        people = select(Person.id).where(Person.id.in_(select(Comment.author_id).where(in_it)))
    mentioned = select(CommentMention.person_id).where(CommentMention.comment_id == comment.id)
    people = people.where(Person.is_active, Person.id.not_in(mentioned), visible_to_person(seen.postmortem.id))
    told = (await session.execute(people.order_by(Person.id))).scalars().all()
    await _put_into_inboxes(session, viewer, comment, told, "comment_replied" if thread else "comment_added", now)


async def _put_into_inboxes(
    session: AsyncSession, viewer: Viewer, comment: Comment, person_ids: Iterable[str], kind: str, now: datetime
) -> None:
    """Never into that of whoever writes."""
    await notify(
        session,
        [one for one in person_ids if one != viewer.person_id],
        kind,
        f"{comment.id}:{kind}",
        at=now,
        postmortem_id=comment.postmortem_id,
        comment_id=comment.id,
    )
