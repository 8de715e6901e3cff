"""What notices are about: the rows that say whether each notice is still worth sending."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.action_items.action_item import LinkState
from domain.notifications.notices import NoticeKind, SettledBy, kind_of
from domain.notifications.relevance import Subjects
from models.action_item import ActionItem, Ticket
from models.content import Section
from models.integration import Integration
from models.meeting import Meeting
from models.notification import Notice
from models.person import Person
from models.postmortem import Comment, Postmortem, PostmortemReviewer, PostmortemTarget
from models.queries.access.visibility import visible_to, visible_to_team
from models.queries.incidents.links import read_news
from models.queries.postmortems.resting import list_resting
from models.team import Team


async def read_subjects(
    session: AsyncSession,
    notices: Sequence[Notice],
    now: datetime,
    *,
    viewer: Viewer | None,
    team_id: str | None,
    muted_kinds: Collection[str],
) -> Subjects:
    """Exactly one of ``viewer`` and ``team_id`` is given: the receiver of the notices."""
    may_see = visible_to(viewer) if viewer else visible_to_team(team_id or "")
    ids = {one.postmortem_id for one in notices if one.postmortem_id}
    item_ids = {one.action_item_id for one in notices if one.action_item_id}
    comment_ids = {one.comment_id for one in notices if one.comment_id}
    person_ids = {one.on_behalf_of_id for one in notices if one.on_behalf_of_id}
    person_ids |= {one.actor_id for one in notices if one.actor_id}
    if viewer:
        person_ids.add(viewer.person_id)
    postmortems = await _all(session, select(Postmortem).where(Postmortem.id.in_(ids), may_see))
    targets = await _all(session, select(PostmortemTarget).where(PostmortemTarget.postmortem_id.in_(ids)))
    reviewers = await _all(session, select(PostmortemReviewer).where(PostmortemReviewer.postmortem_id.in_(ids)))
    items = await _all(session, select(ActionItem).where(ActionItem.id.in_(item_ids)))
    team_ids = {one.about_team_id for one in notices if one.about_team_id}
    teams = await _all(session, select(Team).where(Team.id.in_(team_ids)))
    responsible = {one.owner_id for one in items} | {one.author_id for one in postmortems}
    responsible |= {one.person_id for one in reviewers} | {one.lead_id for one in teams}
    person_ids |= {one for one in responsible if one}
    people = await _all(session, select(Person).where(Person.id.in_(await _with_delegates(session, ids, person_ids))))
    meeting_ids = {one.meeting_id for one in notices if one.meeting_id}
    meetings = await _all(session, select(Meeting).where(Meeting.id.in_(meeting_ids))) if meeting_ids else []
    connection_ids = {one.integration_id for one in notices if one.integration_id}
    connections = await _all(session, select(Integration).where(Integration.id.in_(connection_ids)))
    changed = {one.postmortem_id for one in notices if one.kind == NoticeKind.INCIDENT_CHANGED}
    stale_drafts = {one.postmortem_id for one in notices if one.kind == "draft_stale"}
    return Subjects(
        receiver_id=viewer.person_id if viewer else team_id or "",
        postmortems={one.id: one for one in postmortems},
        items={one.id: one for one in items},
        targets={(one.postmortem_id, one.name): one for one in targets},
        reviewers={(one.postmortem_id, one.person_id): one for one in reviewers},
        threads=await _resolved_threads(session, comment_ids),
        edited_at=await _last_edits(session, stale_drafts),
        news=await read_news(session, [one for one in postmortems if one.id in changed]),
        resting=await list_resting(session, ids) if any(one.target for one in notices) else (),
        connections={one.id: one for one in connections},
        broken_tickets=await _broken_tickets(session, notices),
        teams={one.id: one for one in teams},
        meetings={one.id: one for one in meetings},
        people={one.id: one for one in people},
        muted_kinds=muted_kinds,
        now=now,
    )


async def _all(session: AsyncSession, statement: Any) -> list[Any]:
    return list((await session.execute(statement.execution_options(populate_existing=True))).scalars())


async def _with_delegates(
    session: AsyncSession, postmortem_ids: Collection[str], person_ids: Collection[str]
) -> set[str]:
    """The people and their delegates."""
    statement = select(Person.delegate_id).where(Person.id.in_(person_ids), Person.delegate_id.is_not(None))
    delegates = (await session.execute(statement)).scalars()
    return {*person_ids, *(one for one in delegates if one)} if postmortem_ids else set(person_ids)


async def _resolved_threads(session: AsyncSession, comment_ids: Collection[str]) -> dict[str, bool]:
    """Whether the thread of each comment is resolved."""
    if not comment_ids:
        return {}
    thread = select(Comment.id, Comment.parent_id, Comment.resolved_at).where(Comment.id.in_(comment_ids))
    rows = (await session.execute(thread)).all()
    parents = {one.parent_id for one in rows if one.parent_id}
    above = select(Comment.id).where(Comment.id.in_(parents), Comment.resolved_at.is_not(None))
    resolved = set((await session.execute(above)).scalars())
    return {one.id: one.resolved_at is not None or one.parent_id in resolved for one in rows}


async def _broken_tickets(session: AsyncSession, notices: Sequence[Notice]) -> dict[str, set[str]]:
    """The states of the links that do not work, by action item."""
    item_ids = {one.action_item_id for one in notices if kind_of(one.kind).settled_by is SettledBy.TICKET}
    if not item_ids:
        return {}
    broken = (LinkState.DELETED.value, LinkState.FORBIDDEN.value)
    statement = select(Ticket.action_item_id, Ticket.link_state).where(Ticket.action_item_id.in_(item_ids))
    found: dict[str, set[str]] = {}
    for item_id, state in (await session.execute(statement.where(Ticket.link_state.in_(broken)))).all():
        found.setdefault(item_id, set()).add(state)
    return found


async def _last_edits(session: AsyncSession, postmortem_ids: Collection[str | None]) -> dict[str, datetime]:
    """When somebody last edited each postmortem's text."""
    if not postmortem_ids:
        return {}
    last = select(Section.postmortem_id, func.max(Section.updated_at)).where(
        Section.postmortem_id.in_(postmortem_ids), Section.updated_by.is_not(None)
    )
    return {key: at for key, at in (await session.execute(last.group_by(Section.postmortem_id))).all() if at}
