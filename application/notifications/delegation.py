"""While a person is away, their pending notices go to their delegate, and authors are told about the absence."""

from datetime import datetime
from typing import cast

from application.notifications.notices import notify
from application.notifications.receivers import Receiver
from domain.notifications.notices import NoticeKind
from domain.notifications.timing import Outcome
from domain.people.absence import absence
from models.notification import Notice
from models.person import Person
from models.queries.access.viewers import get_viewer_unscoped
from models.queries.notifications import notices
from models.queries.people.people import find_person
from models.session import Session


async def delegate_notices(session: Session, receiver: Receiver, now: datetime) -> None:
    """Hands over what the delegate may see. The authors of the postmortems are told whether someone stands in."""
    person = receiver.person
    if person is None or absence(person.is_active, person.away_from, person.away_until, now) is None:
        return
    delegate = await _find_delegate(session, person, now)
    pending = await notices.list_pending(session, person.id, is_team=False)
    visible = await _list_visible(session, delegate, pending) if delegate else set()
    away_since = person.away_from.isoformat() if person.away_from else "open"
    for notice in pending:
        is_visible = delegate is not None and (notice.postmortem_id is None or notice.postmortem_id in visible)
        if delegate is not None and is_visible and notice.on_behalf_of_id is None:
            await _hand_over(session, notice, person.id, delegate.id, now)
        author_id = await notices.find_active_author(session, notice.postmortem_id) if notice.postmortem_id else None
        if author_id and author_id not in {person.id, delegate.id if delegate else None}:
            await notify(
                session,
                [author_id],
                NoticeKind.AWAY_DELEGATED if is_visible else NoticeKind.AWAY_WAITS,
                f"{notice.postmortem_id}:away:{person.id}:{away_since}",
                at=now,
                postmortem_id=notice.postmortem_id,
                on_behalf_of_id=person.id,
            )
    await session.flush()


async def _find_delegate(session: Session, person: Person, now: datetime) -> Person | None:
    """None if the person has no delegate, or if the delegate is away, too."""
    found = await find_person(session, person.delegate_id) if person.delegate_id else None
    if found is None or found.id == person.id:
        return None
    return None if absence(found.is_active, found.away_from, found.away_until, now) else found


async def _list_visible(session: Session, delegate: Person, pending: list[Notice]) -> set[str]:
    viewer = await get_viewer_unscoped(session, delegate.id, "voice")
    return await notices.list_visible_postmortems(
        session, viewer, {one.postmortem_id for one in pending if one.postmortem_id}
    )


async def _hand_over(session: Session, notice: Notice, person_id: str, delegate_id: str, now: datetime) -> None:
    await notify(
        session,
        [delegate_id],
        cast("NoticeKind", notice.kind),  # perhaps a kind of a newer version, which is kept as it is
        f"{notice.dedupe_key}:for:{person_id}",
        at=now,
        postmortem_id=notice.postmortem_id,
        action_item_id=notice.action_item_id,
        target=notice.target,
        rung=notice.rung,
        comment_id=notice.comment_id,
        integration_id=notice.integration_id,
        about_team_id=notice.about_team_id,
        on_behalf_of_id=person_id,
        actor_id=notice.actor_id,
        is_escalation=notice.is_escalation,
    )
    notice.settled_at, notice.outcome = now, Outcome.DELEGATED.value
