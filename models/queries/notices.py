"""Notices: what somebody is told, in the inbox and, by their digest, elsewhere."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.errors import NotFound
from models.action_item import ActionItem
from models.base import new_id
from models.postmortem import Postmortem
from models.queries.pages import Ask, Order, Page, fetch_page
from models.queries.visibility import visible_to
from models.record import Notice
from models.team import Team


async def notify(
    session: AsyncSession,
    person_ids: Iterable[str],
    kind: str,
    dedupe_key: str,
    *,
    at: datetime,
    postmortem_id: str | None = None,
    action_item_id: str | None = None,
    target: str | None = None,
    rung: str | None = None,
    comment_id: str | None = None,
    integration_id: str | None = None,
    about_team_id: str | None = None,
    on_behalf_of_id: str | None = None,
    is_escalation: bool = False,
) -> list[str]:
    """Puts a notice into each person's inbox, once for each occasion; returns those who had none yet.

    It is told elsewhere in the person's next digest, or at once (in working hours) where it is an escalation, by the
    workflow ``voice-<person id>``: the row is that workflow's outbox.
    """
    said = {
        "dedupe_key": dedupe_key,
        "kind": kind,
        "channel": "inbox",
        "target": target,
        "rung": rung,
        "postmortem_id": postmortem_id,
        "action_item_id": action_item_id,
        "comment_id": comment_id,
        "integration_id": integration_id,
        "about_team_id": about_team_id,
        "on_behalf_of_id": on_behalf_of_id,
        "is_escalation": is_escalation,
        "created_at": at,
    }
    rows = [{"id": new_id("ntc"), "person_id": person_id, **said} for person_id in dict.fromkeys(person_ids)]
    return await _put(session, rows, Notice.person_id)


async def notify_teams(
    session: AsyncSession,
    team_ids: Iterable[str],
    kind: str,
    dedupe_key: str,
    *,
    at: datetime,
    postmortem_id: str | None = None,
    action_item_id: str | None = None,
    target: str | None = None,
    rung: str | None = None,
    is_escalation: bool = False,
) -> list[str]:
    """As :func:`notify`, into the channels of teams; a team without one hears nothing, and is not in the answer."""
    with_channel = select(Team.id).where(Team.id.in_(list(dict.fromkeys(team_ids))), Team.channel_id.is_not(None))
    said = {
        "dedupe_key": dedupe_key,
        "kind": kind,
        "channel": "channel",
        "target": target,
        "rung": rung,
        "postmortem_id": postmortem_id,
        "action_item_id": action_item_id,
        "is_escalation": is_escalation,
        "created_at": at,
    }
    found = (await session.execute(with_channel.order_by(Team.id))).scalars()
    rows = [{"id": new_id("ntc"), "team_id": team_id, **said} for team_id in found]
    return await _put(session, rows, Notice.team_id)


async def _put(session: AsyncSession, rows: list[dict[str, Any]], receiver: Any) -> list[str]:
    if not rows:
        return []
    statement = insert(Notice).values(rows).on_conflict_do_nothing().returning(receiver)
    return list((await session.execute(statement)).scalars())


def _seen_by(viewer: Viewer) -> tuple[ColumnElement[bool], ...]:
    """Theirs, and about a postmortem that they see or an action item that they own."""
    postmortem = exists().where(Postmortem.id == Notice.postmortem_id, visible_to(viewer))
    item = exists().where(ActionItem.id == Notice.action_item_id, ActionItem.owner_id == viewer.person_id)
    return Notice.person_id == viewer.person_id, or_(Notice.postmortem_id.is_(None), postmortem, item)


async def list_notices(
    session: AsyncSession, viewer: Viewer, ask: Ask, *, unread: bool = False, kind: str | None = None
) -> Page[Notice]:
    """Newest first; without those about what the viewer does not see any more."""
    statement = select(Notice).where(*_seen_by(viewer))
    if unread:
        statement = statement.where(Notice.read_at.is_(None))
    if kind:
        statement = statement.where(Notice.kind == kind)
    order = Order("notices", Notice.created_at, Notice.id)
    rows, cursor = await fetch_page(session, statement, order, ask)
    return Page([row[0] for row in rows], cursor)


async def count_unread(session: AsyncSession, viewer: Viewer) -> int:
    statement = select(func.count()).where(*_seen_by(viewer), Notice.read_at.is_(None))
    return (await session.execute(statement)).scalar_one()


async def mark_read(session: AsyncSession, viewer: Viewer, notice_id: str, now: datetime) -> Notice:
    statement = update(Notice).where(Notice.id == notice_id, *_seen_by(viewer))
    row = (
        await session.execute(statement.values(read_at=func.coalesce(Notice.read_at, now)).returning(Notice))
    ).scalar()
    if row is None:
        raise NotFound(kind="notice", id=notice_id)
    return row


async def mark_all_read(session: AsyncSession, viewer: Viewer, now: datetime) -> int:
    """How many were not read; what the viewer does not see stays unread."""
    statement = update(Notice).where(*_seen_by(viewer), Notice.read_at.is_(None))
    return len((await session.execute(statement.values(read_at=now).returning(Notice.id))).scalars().all())
